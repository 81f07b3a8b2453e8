#include "worker/solvers/fdk_weights.h"

#include <cmath>
#include <cstdint>
#include <utility>

#include "worker/core/check.h"
#include "worker/core/parallel.h"
#include "worker/core/status.h"
#include "worker/solvers/fdk_kernels.h"

namespace tomoslab {

absl::StatusOr<FdkWeights> FdkWeights::Create(const Scan& scan) {
  TOMOSLAB_ASSIGN_OR_RETURN(RayWeights rays, RayWeights::Create(scan));
  return FdkWeights(scan, std::move(rays));
}

namespace {

/// The scan with more columns at either side of the detector; the others stay where they are.
Scan Widen(const Scan& scan, const RayWeights::Margins& margins) {
  Detector detector = scan.detector;
  detector.columns += margins.before + margins.after;
  CircularOrbit orbit = *scan.orbit;
  const double shift_mm = (margins.after - margins.before) / 2.0 * detector.pixel_width_mm;
  orbit.detector_shift_u_mm += shift_mm * std::cos(orbit.detector_rotation_rad);
  orbit.detector_shift_v_mm += shift_mm * std::sin(orbit.detector_rotation_rad);
  return MakeCircularScan(detector, orbit).value();
}

struct WeightedColumns {
  std::int64_t before, after;  // of the detector, without the margins and with them
};

/// weighted ← projections on an accelerator, times the factors.
void WeightOnDevice(const WeightedColumns& columns, const FdkTables& tables,
                    const Field& projections, Field& weighted) {
  Accelerator* accelerator = projections.accelerator();
  const auto upload = [&](const std::vector<double>& factors) {
    const auto count = static_cast<std::int64_t>(factors.size());
    DeviceArray<double> there(accelerator, count, "FDK's weights");
    there.Upload(factors.data(), count);
    return there;
  };
  const DeviceArray<double> weight = upload(tables.weight), cosine = upload(tables.cosine);
  FdkKernelsOf(*accelerator)
      .weigh(accelerator->stream(Queue::kCompute),
             {columns.before, projections.inner_size(), tables.margin, columns.after, weight.data(),
              cosine.data(), projections.device_data(), weighted.device_data()},
             weighted.size());
  accelerator->Wait(Queue::kCompute);  // it reads what is let go
}

}  // namespace

FdkWeights::FdkWeights(const Scan& scan, RayWeights rays)
    : detector_(scan.detector), orbit_(*scan.orbit), rays_(std::move(rays)) {
  CircularOrbit orbit = orbit_;
  orbit.angle_rad = {0};
  at_zero_ = MakeCircularScan(detector_, orbit)->views[0];
  const auto margins = rays_.margins();
  filtered_scan_ = margins.before + margins.after == 0 ? scan : Widen(scan, margins);
}

double FdkWeights::Cosine(std::int64_t row, int column) const {
  if (orbit_.beam == Beam::kParallel) return 1;
  const double sod = orbit_.source_object_distance_mm, sdd = orbit_.source_detector_distance_mm;
  const double offset = orbit_.rotation_axis_offset_mm;
  const Vec3 pixel = at_zero_.Pixel(static_cast<double>(row), column);
  const double p = pixel.x + offset, v = pixel.z;  // the source stands at x = −offset, z = 0
  return (sod + offset * p / sdd) / std::sqrt(sdd * sdd + p * p + v * v);
}

FdkTables FdkWeights::Tables(IndexRange rows) const {
  const int columns = detector_.columns;
  const auto views = static_cast<std::int64_t>(orbit_.angle_rad.size());
  FdkTables tables{.margin = rays_.margins().before,
                   .weight = std::vector<double>(views * columns),
                   .cosine = std::vector<double>(columns * rows.size())};
  ParallelFor(0, columns, [&](std::int64_t c) {
    for (std::int64_t r = 0; r < rows.size(); ++r) {
      tables.cosine[c * rows.size() + r] = Cosine(rows.begin + r, static_cast<int>(c));
    }
  });
  ParallelFor(0, views, [&](std::int64_t view) {
    for (int c = 0; c < columns; ++c) tables.weight[view * columns + c] = rays_.Weight(view, c);
  });
  return tables;
}

Field FdkWeights::Apply(const Field& projections) const {
  const std::int64_t rows = projections.inner_size(), columns = detector_.columns;
  const std::int64_t filtered_columns = filtered_scan_.detector.columns;
  const auto views = static_cast<std::int64_t>(orbit_.angle_rad.size());
  TOMOSLAB_CHECK(projections.outer() == views * columns &&
                 projections.inner_total() == detector_.rows);
  const FdkTables tables = Tables(projections.inner());
  Field weighted(views * filtered_columns, projections.inner(), projections.inner_total(),
                 projections.sum(), projections.accelerator());
  if (!projections.on_host()) {
    WeightOnDevice({columns, filtered_columns}, tables, projections, weighted);
    return weighted;
  }
  ParallelFor(0, views, [&](std::int64_t view) {
    for (std::int64_t c = 0; c < columns; ++c) {
      const double weight = tables.weight[view * columns + c];
      const float* from = projections.line(view * columns + c);
      float* to = weighted.line(view * filtered_columns + tables.margin + c);
      for (std::int64_t r = 0; r < rows; ++r) {
        to[r] = static_cast<float>(from[r] * weight * tables.cosine[c * rows + r]);
      }
    }
  });
  return weighted;
}

}  // namespace tomoslab
