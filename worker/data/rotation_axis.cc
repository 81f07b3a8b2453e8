#include "worker/data/rotation_axis.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "worker/data/conjugate_rays.h"

namespace tomoslab {
namespace {

constexpr double kNone = 1e9;  // no conjugates at all

double MismatchAt(const ConjugateRays& rays, double column) {
  return rays.Mismatch(column).value_or(kNone);
}

struct Candidate {
  double column, mismatch;
};

Candidate Best(const std::vector<Candidate>& candidates) {
  return *std::min_element(
      candidates.begin(), candidates.end(),
      [](const Candidate& a, const Candidate& b) { return a.mismatch < b.mismatch; });
}

std::vector<Candidate> Try(const ConjugateRays& rays, double first, double last, double step) {
  std::vector<Candidate> candidates;
  for (double column = first; column <= last + 1e-9; column += step) {
    candidates.push_back({column, MismatchAt(rays, column)});
  }
  return candidates;
}

/// The least mismatch at a column far from `best`.
double RunnerUp(const std::vector<Candidate>& candidates, double best, double distance) {
  double least = kNone;
  for (const Candidate& candidate : candidates) {
    if (std::abs(candidate.column - best) > distance) least = std::min(least, candidate.mismatch);
  }
  return least;
}

double MedianMismatch(std::vector<Candidate> candidates) {
  const auto middle = candidates.begin() + candidates.size() / 2;
  std::nth_element(candidates.begin(), middle, candidates.end(),
                   [](const Candidate& a, const Candidate& b) { return a.mismatch < b.mismatch; });
  return middle->mismatch;
}

/// The minimum of the parabola through the squared mismatches one step left of, at and right of
/// `column`, and how far from it the square doubles.
RotationAxis Refine(const ConjugateRays& rays, double column, double step) {
  const auto square = [&](double c) { return std::pow(MismatchAt(rays, c), 2); };
  const double left = square(column - step), here = square(column), right = square(column + step);
  const double curvature = (left - 2 * here + right) / (step * step);
  RotationAxis axis{.column = column};
  if (curvature > 0) {
    const double shift = (left - right) / (2 * step) / curvature;
    axis.column += std::clamp(shift, -step, step);
    axis.uncertainty_columns = std::sqrt(2 * square(axis.column) / curvature);
  }
  axis.mismatch = MismatchAt(rays, axis.column);
  return axis;
}

absl::Status CannotTell(std::string why) {
  return absl::FailedPreconditionError(
      absl::StrFormat("the rotation axis cannot be found in the data: %s; give its column "
                      "(preprocessing.rotation_axis_column)",
                      why));
}

/// A bin that leaves about a hundred columns.
int CoarsestBin(int columns) {
  int bin = 1;
  while (columns / (2 * bin) >= 96) bin *= 2;
  return bin;
}

}  // namespace

std::string RotationAxis::ToString() const {
  return absl::StrFormat(
      "column %.2f ± %.2f (conjugate rays differ by %.1f %% there, typically by %.0f %%)", column,
      uncertainty_columns, 100 * mismatch, 100 * typical_mismatch);
}

absl::StatusOr<RotationAxis> FindRotationAxis(absl::Span<const float> sinogram,
                                              const Detector& detector,
                                              const CircularOrbit& orbit) {
  if (detector.columns < 16) {
    return CannotTell(absl::StrFormat("the detector has only %d columns", detector.columns));
  }
  int bin = CoarsestBin(detector.columns);
  const ConjugateRays coarse(sinogram, detector, orbit, bin);
  // Over a full turn the axis may lie near the detector's edge (half acquisition); otherwise an
  // axis there would leave most of the object unseen, and few rays to compare.
  const double margin = (coarse.closed() ? 0.05 : 0.25) * detector.columns;
  const double first = margin, last = detector.columns - 1 - margin;
  const std::vector<Candidate> tried = Try(coarse, first, last, bin / 2.0);
  Candidate best = Best(tried);
  if (best.mismatch >= kNone) {
    return CannotTell(
        absl::StrFormat("the views cover %.1f°, in which no ray is measured from both of its ends",
                        coarse.arc_rad() * 180 / std::numbers::pi));
  }
  const double typical = MedianMismatch(tried);
  const double runner_up = RunnerUp(tried, best.column, 0.06 * detector.columns);
  if (best.mismatch > 0.5 * typical || best.mismatch > 0.8 * runner_up) {
    return CannotTell(absl::StrFormat(
        "conjugate rays differ by %.0f %% at the best column, %.0f, typically by %.0f %% and by "
        "%.0f %% at the next best",
        100 * best.mismatch, best.column, 100 * typical, 100 * runner_up));
  }
  if (best.column < first + bin || best.column > last - bin) {
    return CannotTell(absl::StrFormat(
        "conjugate rays agree best at column %.0f, at the edge of what was tried (%.0f … %.0f)",
        best.column, first, last));
  }
  while (bin > 1) {
    bin /= 2;
    const ConjugateRays finer(sinogram, detector, orbit, bin);
    best = Best(Try(finer, best.column - 2 * bin, best.column + 2 * bin, bin / 2.0));
  }
  const ConjugateRays finest(sinogram, detector, orbit);
  best = Best(Try(finest, best.column - 0.75, best.column + 0.75, 0.25));
  RotationAxis axis = Refine(finest, best.column, 0.5);
  axis.typical_mismatch = typical;
  return axis;
}

}  // namespace tomoslab
