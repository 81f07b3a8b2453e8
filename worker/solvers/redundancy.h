// Which share of a line integral each of the rays gets that measure the same line.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "worker/geometry/scan.h"
#include "worker/geometry/view_spacing.h"

namespace tomoslab {

/// Weights of the rays of a circular scan, so that every line counts once. In the orbit's plane a
/// line is measured from both of its ends: by the ray at fan angle γ from the axis (in parallel
/// beam: at distance s) in the view at β, and by its conjugate at −γ in the view at β + π − 2γ.
///   full circle              ½ each
///   detector off the axis,   smoothly from 0 at the short side's edge to 1 beyond its mirror image
///   on the other side
///     full circle            (Wang, Med. Phys. 29(7), 2002), with ½ each in the middle where the
///     two sides are similar
///   short scan               Parker, Med. Phys. 9(2), 1982, for any arc from 180° + fan up
///   less than that           each line that was measured counts once (Noo et al., Phys. Med. Biol.
///   47(14), 2002); a warning parallel                 opposite views are folded onto half a turn,
///   unless the detector is off the axis
class RayWeights {
 public:
  /// FailedPrecondition: no circular orbit, fewer than two angles, or the axis does not project
  /// onto the detector.
  static absl::StatusOr<RayWeights> Create(const Scan& scan);

  /// The ray's share times the arc (radians) that its view stands for.
  double Weight(std::int64_t view, int column) const;

  /// Columns of zeros to put at each side of the detector, so that both sides reach equally far
  /// from the axis (worker/geometry/filter_margins.h).
  struct Margins {
    int before = 0, after = 0;
  };
  Margins margins() const;

  /// What the images will suffer from, for people.
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  enum class Scheme { kEachOnce, kSides, kParker, kNoo };

  RayWeights(const Scan& scan);
  void ChooseParallel(const std::vector<double>& angle_rad);
  void ChooseCone(const std::vector<double>& angle_rad);
  void Warn(std::string text) { warnings_.push_back(std::move(text)); }
  double Side(double lateral) const;
  double AlongArc(double position_rad, double lateral) const;
  bool OffAxis() const { return long_side_ - short_side_ > column_pitch_; }

  Beam beam_;
  std::vector<double> lateral_;  // per column: fan angle from the axis (rad), or distance (mm)
  double short_side_, long_side_,
      column_pitch_;  // how far the detector reaches on either side of the axis
  int margin_columns_;
  double toward_long_side_;  // +1 or −1: the sign of `lateral` there
  ViewSpacing views_;
  Scheme scheme_ = Scheme::kSides;
  std::vector<std::string> warnings_;
};

}  // namespace tomoslab
