// Every line through a scan's mid-plane is measured twice, from both of its ends: how well the two
// agree tells where the rotation axis is, and which way the object turned.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "worker/geometry/scan.h"

namespace tomoslab {

/// The mid-plane's line integrals [view][column] of a circular scan, and for each ray its
/// conjugate: at the opposite fan angle from the axis, half a turn less twice that angle later
/// (parallel: mirrored, half a turn later).
class ConjugateRays {
 public:
  /// sinogram: views · detector.columns numbers, finite.   bin: columns averaged into one, for a
  /// coarse look.
  ConjugateRays(absl::Span<const float> sinogram, const Detector& detector,
                const CircularOrbit& orbit, int bin = 1);

  /// Sense of rotation to suppose: as the orbit's angles say, or the other way round.
  enum class Sense { kAsGiven, kReversed };

  /// ‖difference of conjugate rays‖ over their own variation, if the axis projected onto
  /// `axis_column` (of the detector before binning): 0 when they agree, about 1.4 when they have
  /// nothing to do with each other. Nothing when fewer than 16 columns' worth of rays have a
  /// conjugate.
  std::optional<double> Mismatch(double axis_column, Sense sense = Sense::kAsGiven) const;

  /// True when the views close the circle (to within a usual gap).
  bool closed() const { return closed_; }
  double arc_rad() const {
    return arc_rad_;
  }  // from the first view to the last one around the circle

 private:
  struct Blend {  // (1 − weight) · view a + weight · view b
    std::int64_t a, b;
    double weight;
  };
  struct Sums;
  std::optional<Blend> At(double angle_rad) const;
  std::vector<double> TestAngles() const;
  void Compare(double angle_rad, const CircularOrbit& orbit, double axis, Sense sense,
               Sums& sums) const;
  float Value(const Blend& blend, double column) const;
  double BinnedColumn(double column) const { return (column + 0.5) / bin_ - 0.5; }
  double FullColumn(double binned) const { return (binned + 0.5) * bin_ - 0.5; }

  Detector detector_;
  CircularOrbit orbit_;
  int bin_, columns_;              // columns after binning
  std::vector<float> values_;      // [view by angle][column]
  std::vector<double> angle_rad_;  // ascending, in [0, 2π), distinct
  double usual_gap_rad_ = 0, arc_rad_ = 0;
  bool closed_ = false;
};

/// How well conjugate rays agree for both senses of rotation.
struct RotationSense {
  double mismatch_as_given = 0, mismatch_reversed = 0;
  /// The reversed sense fits clearly better (by a third or more).
  bool LooksReversed() const { return mismatch_reversed < 0.67 * mismatch_as_given; }
  /// A sentence for people when it looks reversed, else "".
  std::string Warning() const;
};

/// Nothing when the data cannot tell: parallel beams, or views that do not close the circle.
std::optional<RotationSense> CheckRotationSense(absl::Span<const float> sinogram,
                                                const Detector& detector,
                                                const CircularOrbit& orbit);

}  // namespace tomoslab
