#include "worker/solvers/redundancy.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "absl/strings/str_format.h"
#include "worker/core/check.h"
#include "worker/geometry/filter_margins.h"

namespace tomoslab {
namespace {

constexpr double kPi = std::numbers::pi;

double Degrees(double rad) { return rad * 180 / kPi; }

double Square(double x) { return x * x; }

/// The view at angle 0, whose columns run along x.
View ViewAtZero(const Scan& scan) {
  CircularOrbit orbit = *scan.orbit;
  orbit.angle_rad = {0};
  return MakeCircularScan(scan.detector, orbit)->views[0];
}

/// Fan angle from the ray through the axis (cone) or distance from the axis (parallel) of a
/// fractional column.
double Lateral(const Scan& scan, const View& at_zero, double column) {
  const double u = at_zero.Pixel((scan.detector.rows - 1) / 2.0, column).x;
  const CircularOrbit& orbit = *scan.orbit;
  if (orbit.beam == Beam::kParallel) return u;
  const double offset = orbit.rotation_axis_offset_mm;
  return std::atan2(u + offset, orbit.source_detector_distance_mm) -
         std::atan2(offset, orbit.source_object_distance_mm);
}

/// Noo's smooth window over the arc; never 0, so that a lone ray still gets all of its line.
double NooWindow(double position, double arc) {
  const double taper = std::min(10 * kPi / 180, arc / 4);
  const double from_end = std::min(position, arc - position);
  if (from_end >= taper) return 1;
  return std::max(1e-3, Square(std::sin(kPi / 2 * from_end / taper)));
}

/// Parker's weight at position β of an arc π + 2δ for a ray at γ, |γ| ≤ δ.
double ParkerWeight(double position, double arc, double gamma) {
  const double delta = (arc - kPi) / 2;
  const double at_begin = delta + gamma, at_end = delta - gamma;
  if (position < 2 * at_begin) return Square(std::sin(kPi / 4 * position / at_begin));
  if (position > kPi + 2 * gamma) return Square(std::sin(kPi / 4 * (arc - position) / at_end));
  return 1;
}

}  // namespace

absl::StatusOr<RayWeights> RayWeights::Create(const Scan& scan) {
  if (!scan.orbit) {
    return absl::FailedPreconditionError(
        "FDK needs a circular orbit, and this scan's geometry is given view by view; use sirt, "
        "cgls "
        "or bb, which take any geometry");
  }
  RayWeights weights(scan);
  if (!(weights.short_side_ > 0)) {
    return absl::FailedPreconditionError(
        absl::StrFormat("FDK needs the rotation axis on the detector, but it projects onto column "
                        "%.1f of %d; check "
                        "detector_shift_u_mm and rotation_axis_offset_mm, or use sirt, cgls or bb",
                        RotationAxisColumn(scan.detector, *scan.orbit), scan.detector.columns));
  }
  if (scan.orbit->beam == Beam::kParallel) {
    weights.ChooseParallel(scan.orbit->angle_rad);
  } else {
    weights.ChooseCone(scan.orbit->angle_rad);
  }
  if (!(weights.views_.arc_rad > 0)) {
    return absl::FailedPreconditionError(
        absl::StrFormat("FDK needs views at two angles or more; the scan's %d views are all at %g°",
                        scan.views.size(), Degrees(scan.orbit->angle_rad[0])));
  }
  if (std::abs(scan.orbit->detector_rotation_rad) > 5 * kPi / 180) {
    weights.Warn(absl::StrFormat(
        "the detector is rotated in its plane by %.1f°: FDK filters along its rows, which is exact "
        "only for an upright one",
        Degrees(scan.orbit->detector_rotation_rad)));
  }
  return weights;
}

RayWeights::RayWeights(const Scan& scan) : beam_(scan.orbit->beam) {
  const View at_zero = ViewAtZero(scan);
  const int columns = scan.detector.columns;
  for (int c = 0; c < columns; ++c) lateral_.push_back(Lateral(scan, at_zero, c));
  const double left = -Lateral(scan, at_zero, -0.5);
  const double right = Lateral(scan, at_zero, columns - 0.5);
  short_side_ = std::min(left, right);
  long_side_ = std::max(left, right);
  column_pitch_ = (left + right) / columns;
  toward_long_side_ = right >= left ? 1 : -1;
  margin_columns_ = MarginColumns(scan);
}

void RayWeights::ChooseParallel(const std::vector<double>& angle_rad) {
  if (OffAxis()) {
    views_ = SpaceViews(angle_rad, 2 * kPi);
    scheme_ = Scheme::kSides;
    if (views_.closed) return;
  }
  views_ = SpaceViews(angle_rad, kPi);
  scheme_ = Scheme::kEachOnce;
  if (!views_.closed && views_.arc_rad > 0) {
    Warn(absl::StrFormat(
        "the views cover %.1f° of the 180° that filtered backprojection of parallel beams needs: "
        "expect limited-angle artefacts (an iterative algorithm with bounds copes better)",
        Degrees(views_.arc_rad)));
  }
  if (long_side_ > 1.5 * short_side_) {
    Warn(absl::StrFormat(
        "the detector reaches %.4g mm to one side of the rotation axis and %.4g mm to the other: "
        "what lies beyond the shorter side is seen in half of the views only (a full turn of 360° "
        "would see it in all)",
        short_side_, long_side_));
  }
}

void RayWeights::ChooseCone(const std::vector<double>& angle_rad) {
  views_ = SpaceViews(angle_rad, 2 * kPi);
  scheme_ = Scheme::kSides;
  if (views_.closed) return;
  const double usual_spacing = views_.arc_rad / static_cast<double>(angle_rad.size());
  const double needed = kPi + 2 * long_side_;
  scheme_ = views_.arc_rad >= needed - usual_spacing ? Scheme::kParker : Scheme::kNoo;
  if (scheme_ == Scheme::kNoo && views_.arc_rad > 0) {
    Warn(absl::StrFormat(
        "the views cover %.1f° of the 180° + %.1f° (fan angle) = %.1f° that FDK needs: expect "
        "limited-angle artefacts (an iterative algorithm with bounds copes better)",
        Degrees(views_.arc_rad), Degrees(2 * long_side_), Degrees(needed)));
  }
  if (long_side_ > 1.5 * short_side_) {
    Warn(absl::StrFormat(
        "the detector reaches %.1f° to one side of the rotation axis and %.1f° to the other, which "
        "needs views over the full circle; they cover %.1f°",
        Degrees(short_side_), Degrees(long_side_), Degrees(views_.arc_rad)));
  }
}

double RayWeights::Side(double lateral) const {
  if (!OffAxis()) return 0.5;
  // From −1 to 1 over the part that both sides of the detector see: a sine where that is small;
  // level in the middle and steep at the ends where it is nearly all, since two rays that are
  // averaged have less noise than one.
  const double level = 0.9 * std::max(0.0, 2 * short_side_ / long_side_ - 1);
  const double x = std::clamp(toward_long_side_ * lateral / short_side_, -1.0, 1.0);
  const double outside = std::max(0.0, std::abs(x) - level) / (1 - level);
  return 0.5 * (1 + std::copysign(std::sin(kPi / 2 * outside), x));
}

double RayWeights::AlongArc(double position_rad, double lateral) const {
  const double arc = views_.arc_rad;
  if (position_rad < 0 || position_rad > arc) return 0;
  if (scheme_ == Scheme::kNoo) return NooWindow(position_rad, arc);
  const double delta = (arc - kPi) / 2;
  return ParkerWeight(position_rad, arc, std::clamp(lateral, -delta, delta));
}

RayWeights::Margins RayWeights::margins() const {
  if (scheme_ != Scheme::kSides || !OffAxis()) return {};
  const int columns = margin_columns_;
  return toward_long_side_ > 0 ? Margins{columns, 0} : Margins{0, columns};
}

double RayWeights::Weight(std::int64_t view, int column) const {
  const double spacing = views_.spacing_rad[view], lateral = lateral_[column];
  if (scheme_ == Scheme::kEachOnce) return spacing;
  if (scheme_ == Scheme::kSides) return spacing * Side(lateral);
  double conjugate_position = views_.position_rad[view] + kPi - 2 * lateral;
  if (conjugate_position >= 2 * kPi) conjugate_position -= 2 * kPi;
  if (conjugate_position > views_.arc_rad) conjugate_position -= 2 * kPi;
  const double mine = AlongArc(views_.position_rad[view], lateral) * Side(lateral);
  const double other = AlongArc(conjugate_position, -lateral) * Side(-lateral);
  return mine > 0 ? spacing * mine / (mine + other) : 0;
}

}  // namespace tomoslab
