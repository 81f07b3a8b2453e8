#include "worker/solvers/fdk_weights.h"

#include <cmath>
#include <cstdint>
#include <utility>

#include "worker/core/check.h"
#include "worker/core/parallel.h"
#include "worker/core/status.h"

namespace tomoslab {

absl::StatusOr<FdkWeights> FdkWeights::Create(const Scan& scan) {
  TOMOSLAB_ASSIGN_OR_RETURN(RayWeights rays, RayWeights::Create(scan));
  return FdkWeights(scan, std::move(rays));
}

FdkWeights::FdkWeights(const Scan& scan, RayWeights rays)
    : detector_(scan.detector), orbit_(*scan.orbit), rays_(std::move(rays)) {
  CircularOrbit orbit = orbit_;
  orbit.angle_rad = {0};
  at_zero_ = MakeCircularScan(detector_, orbit)->views[0];
}

double FdkWeights::Cosine(std::int64_t row, int column) const {
  if (orbit_.beam == Beam::kParallel) return 1;
  const double sod = orbit_.source_object_distance_mm, sdd = orbit_.source_detector_distance_mm;
  const double offset = orbit_.rotation_axis_offset_mm;
  const Vec3 pixel = at_zero_.Pixel(static_cast<double>(row), column);
  const double p = pixel.x + offset, v = pixel.z;  // the source stands at x = −offset, z = 0
  return (sod + offset * p / sdd) / std::sqrt(sdd * sdd + p * p + v * v);
}

void FdkWeights::Apply(Field& projections) const {
  const std::int64_t rows = projections.inner_size();
  const int columns = detector_.columns;
  const auto views = static_cast<std::int64_t>(orbit_.angle_rad.size());
  TOMOSLAB_CHECK(projections.outer() == views * columns &&
                 projections.inner_total() == detector_.rows);
  std::vector<double> cosine(columns * rows);  // [column][row]
  ParallelFor(0, columns, [&](std::int64_t c) {
    for (std::int64_t r = 0; r < rows; ++r) {
      cosine[c * rows + r] = Cosine(projections.inner().begin + r, static_cast<int>(c));
    }
  });
  ParallelFor(0, views, [&](std::int64_t view) {
    for (int c = 0; c < columns; ++c) {
      const double weight = rays_.Weight(view, c);
      float* line = projections.line(view * columns + c);
      for (std::int64_t r = 0; r < rows; ++r) {
        line[r] = static_cast<float>(line[r] * weight * cosine[c * rows + r]);
      }
    }
  });
}

}  // namespace tomoslab
