#include "worker/data/conjugate_rays.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <numeric>

#include "absl/strings/str_format.h"
#include "worker/core/check.h"
#include "worker/core/parallel.h"

namespace tomoslab {
namespace {

constexpr double kPi = std::numbers::pi;
constexpr double kTurn = 2 * kPi;
constexpr std::size_t kMostTestAngles = 360;

double Wrap(double angle_rad) {
  const double wrapped = std::fmod(angle_rad, kTurn);
  return wrapped < 0 ? wrapped + kTurn : wrapped;
}

/// Averages of `bin` columns; without binning, (1, 2, 1) / 4, so that interpolation between columns
/// costs no more than no interpolation.
std::vector<float> Smooth(absl::Span<const float> line, int bin) {
  const int columns = static_cast<int>(line.size());
  std::vector<float> result;
  if (bin == 1) {
    for (int c = 0; c < columns; ++c) {
      const float left = line[std::max(c - 1, 0)], right = line[std::min(c + 1, columns - 1)];
      result.push_back(0.25f * left + 0.5f * line[c] + 0.25f * right);
    }
    return result;
  }
  for (int c = 0; c + bin <= columns; c += bin) {
    result.push_back(std::accumulate(line.begin() + c, line.begin() + c + bin, 0.0f) /
                     static_cast<float>(bin));
  }
  return result;
}

double Median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
  return values[values.size() / 2];
}

/// Fan angle from the ray through the axis, and back; in parallel beam the distance from the axis.
struct Fan {
  Fan(const Detector& detector, const CircularOrbit& orbit)
      : parallel(orbit.beam == Beam::kParallel),
        pitch_mm(detector.pixel_width_mm),
        center_column((detector.columns - 1) / 2.0),
        sdd_mm(orbit.source_detector_distance_mm),
        from_source_mm(orbit.detector_shift_u_mm),
        axis_column(RotationAxisColumn(detector, orbit)),
        axis_rad(parallel
                     ? 0
                     : std::atan2(orbit.rotation_axis_offset_mm, orbit.source_object_distance_mm)) {
  }
  double Lateral(double column) const {
    if (parallel) return (column - axis_column) * pitch_mm;
    return std::atan2((column - center_column) * pitch_mm + from_source_mm, sdd_mm) - axis_rad;
  }
  double Column(double lateral) const {
    if (parallel) return axis_column + lateral / pitch_mm;
    return center_column + (sdd_mm * std::tan(lateral + axis_rad) - from_source_mm) / pitch_mm;
  }
  bool parallel;
  double pitch_mm, center_column, sdd_mm, from_source_mm, axis_column, axis_rad;
};

}  // namespace

/// Over pairs of rays.
struct ConjugateRays::Sums {
  std::int64_t rays = 0;
  double difference2 = 0, sum = 0, square = 0;
  Sums& operator+=(const Sums& other) {
    rays += other.rays;
    difference2 += other.difference2;
    sum += other.sum;
    square += other.square;
    return *this;
  }
};

ConjugateRays::ConjugateRays(absl::Span<const float> sinogram, const Detector& detector,
                             const CircularOrbit& orbit, int bin)
    : detector_(detector), orbit_(orbit), bin_(bin), columns_(detector.columns / bin) {
  const std::size_t views = orbit.angle_rad.size();
  TOMOSLAB_CHECK(sinogram.size() == views * static_cast<std::size_t>(detector.columns));
  std::vector<double> wrapped;
  for (double angle : orbit.angle_rad) wrapped.push_back(Wrap(angle));
  std::vector<std::size_t> order(views);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return wrapped[a] < wrapped[b]; });
  const double same = 1e-6 * kTurn / static_cast<double>(views);
  for (std::size_t view : order) {
    if (!angle_rad_.empty() && wrapped[view] - angle_rad_.back() <= same) continue;
    if (!angle_rad_.empty() && angle_rad_.front() + kTurn - wrapped[view] <= same) continue;
    angle_rad_.push_back(wrapped[view]);
    const std::vector<float> line =
        Smooth(sinogram.subspan(view * detector.columns, detector.columns), bin);
    values_.insert(values_.end(), line.begin(), line.end());
  }
  std::vector<double> gaps;
  for (std::size_t i = 0; i < angle_rad_.size(); ++i) {
    const bool last = i + 1 == angle_rad_.size();
    gaps.push_back((last ? angle_rad_[0] + kTurn : angle_rad_[i + 1]) - angle_rad_[i]);
  }
  usual_gap_rad_ = Median(gaps);
  const double largest = *std::max_element(gaps.begin(), gaps.end());
  closed_ = angle_rad_.size() > 2 && largest <= 3 * usual_gap_rad_;
  arc_rad_ = kTurn - largest;
}

std::optional<ConjugateRays::Blend> ConjugateRays::At(double angle_rad) const {
  const auto views = static_cast<std::int64_t>(angle_rad_.size());
  if (views < 2) return std::nullopt;
  const double angle = Wrap(angle_rad);
  const auto after = std::upper_bound(angle_rad_.begin(), angle_rad_.end(), angle);
  const std::int64_t b = (after - angle_rad_.begin()) % views, a = (b + views - 1) % views;
  const double gap = Wrap(angle_rad_[b] - angle_rad_[a]), from_a = Wrap(angle - angle_rad_[a]);
  if (gap <= 3 * usual_gap_rad_) return Blend{a, b, from_a / gap};
  // An end of an open arc: half a view beyond it is as far as a straight line goes.
  const double reach = 0.6 * usual_gap_rad_;
  if (from_a <= reach) {
    const std::int64_t before = (a + views - 1) % views;
    return Blend{a, before, -from_a / Wrap(angle_rad_[a] - angle_rad_[before])};
  }
  if (gap - from_a <= reach) {
    const std::int64_t next = (b + 1) % views;
    return Blend{b, next, -(gap - from_a) / Wrap(angle_rad_[next] - angle_rad_[b])};
  }
  return std::nullopt;
}

std::vector<double> ConjugateRays::TestAngles() const {
  std::vector<double> angles;
  const std::size_t step = (angle_rad_.size() + kMostTestAngles - 1) / kMostTestAngles;
  for (std::size_t i = 0; i < angle_rad_.size(); i += closed_ ? step : 1) {
    angles.push_back(angle_rad_[i]);
  }
  if (orbit_.beam == Beam::kParallel && !closed_) {
    // Half a turn that ends one view before its mirror image: compare half-way between the two.
    for (std::size_t i = 0; i < angle_rad_.size(); ++i) {
      for (double side : {-0.5, 0.5}) angles.push_back(angle_rad_[i] + side * usual_gap_rad_);
    }
  }
  return angles;
}

float ConjugateRays::Value(const Blend& blend, double column) const {
  const auto c = std::min(static_cast<std::int64_t>(column), std::int64_t{columns_} - 2);
  const auto f = static_cast<float>(column - static_cast<double>(c));
  const auto w = static_cast<float>(blend.weight);
  const float* a = values_.data() + blend.a * columns_ + c;
  const float* b = values_.data() + blend.b * columns_ + c;
  return (1 - w) * ((1 - f) * a[0] + f * a[1]) + w * ((1 - f) * b[0] + f * b[1]);
}

void ConjugateRays::Compare(double angle_rad, const CircularOrbit& orbit, double axis, Sense sense,
                            Sums& sums) const {
  const std::optional<Blend> here = At(angle_rad);
  if (!here) return;
  const Fan fan(detector_, orbit);
  std::optional<Blend> there = At(angle_rad + kPi);
  if (fan.parallel && !there) return;
  for (int c = 0; c < columns_; ++c) {
    const double lateral = fan.Lateral(FullColumn(c));
    const double mirrored =
        fan.parallel ? 2 * BinnedColumn(axis) - c : BinnedColumn(fan.Column(-lateral));
    if (!(mirrored >= 0 && mirrored <= columns_ - 1)) continue;
    if (!fan.parallel) {
      there = At(angle_rad + kPi - (sense == Sense::kAsGiven ? 2 : -2) * lateral);
      if (!there) continue;
    }
    const double p = Value(*here, c), q = Value(*there, mirrored);
    ++sums.rays;
    sums.difference2 += (p - q) * (p - q);
    sums.sum += p + q;
    sums.square += p * p + q * q;
  }
}

std::optional<double> ConjugateRays::Mismatch(double axis_column, Sense sense) const {
  if (columns_ < 2) return std::nullopt;
  CircularOrbit orbit = orbit_;
  orbit.angle_rad.clear();
  orbit.detector_shift_u_mm = DetectorShiftForAxisColumn(detector_, orbit_, axis_column);
  const std::vector<double> angles = TestAngles();
  std::vector<Sums> of_angle(angles.size());
  ParallelFor(0, static_cast<std::int64_t>(angles.size()),
              [&](std::int64_t i) { Compare(angles[i], orbit, axis_column, sense, of_angle[i]); });
  Sums all;
  for (const Sums& sums : of_angle) all += sums;
  if (all.rays * bin_ < 16) return std::nullopt;
  const double mean = all.sum / (2.0 * static_cast<double>(all.rays));
  const double variation = all.square / 2 - mean * mean * static_cast<double>(all.rays);
  return variation > 0 ? std::sqrt(all.difference2 / variation) : std::sqrt(2.0);
}

std::string RotationSense::Warning() const {
  if (!LooksReversed()) return "";
  return absl::StrFormat(
      "the rotation direction looks reversed: conjugate rays differ by %.1f %% as given and by "
      "%.1f %% with the angles negated",
      100 * mismatch_as_given, 100 * mismatch_reversed);
}

std::optional<RotationSense> CheckRotationSense(absl::Span<const float> sinogram,
                                                const Detector& detector,
                                                const CircularOrbit& orbit) {
  if (orbit.beam == Beam::kParallel) return std::nullopt;
  const ConjugateRays rays(sinogram, detector, orbit);
  if (!rays.closed()) return std::nullopt;
  const double axis = RotationAxisColumn(detector, orbit);
  const auto given = rays.Mismatch(axis, ConjugateRays::Sense::kAsGiven);
  const auto reversed = rays.Mismatch(axis, ConjugateRays::Sense::kReversed);
  if (!given || !reversed) return std::nullopt;
  return RotationSense{*given, *reversed};
}

}  // namespace tomoslab
