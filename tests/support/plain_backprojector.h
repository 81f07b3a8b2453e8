// The voxel-driven backprojection as its formula stands, one rank, no tricks.
#pragma once

#include <cmath>
#include <utility>

#include "worker/core/parallel.h"
#include "worker/geometry/scan.h"
#include "worker/geometry/volume.h"
#include "worker/operators/field.h"

namespace tomoslab {

class PlainBackprojector {
 public:
  PlainBackprojector(Scan scan, const Volume& volume) : scan_(std::move(scan)), volume_(volume) {}

  Field NewVolume() const {
    return Field(std::int64_t{volume_.rows} * volume_.columns, {0, volume_.slices}, volume_.slices,
                 &sum_);
  }
  Field NewProjections() const {
    return Field(static_cast<std::int64_t>(scan_.views.size()) * scan_.detector.columns,
                 {0, scan_.detector.rows}, scan_.detector.rows, &sum_);
  }
  const OrderedSum* sum() const { return &sum_; }

  void BackprojectVoxelDriven(const Scan& scan, const Field& q, Field& x) const {
    ParallelFor(0, x.outer(), [&](std::int64_t line) {
      for (int z = 0; z < volume_.slices; ++z) {
        const auto column = static_cast<double>(line % volume_.columns);
        const auto row = static_cast<double>(line / volume_.columns);
        x.line(line)[z] = static_cast<float>(Sum(scan, q, volume_.VoxelCenter(column, row, z)));
      }
    });
  }

 private:
  static double Sum(const Scan& scan, const Field& q, Vec3 point) {
    double sum = 0;
    for (std::size_t view = 0; view < scan.views.size(); ++view) {
      const DetectorPoint at = ProjectPoint(scan.views[view], point);
      sum += Interpolate(scan, q, view, at.row, at.column) / (at.depth * at.depth);
    }
    return sum;
  }
  static double Interpolate(const Scan& scan, const Field& q, std::size_t view, double row,
                            double column) {
    const double r0 = std::floor(row), c0 = std::floor(column);
    double value = 0;
    for (int dr = 0; dr < 2; ++dr) {
      for (int dc = 0; dc < 2; ++dc) {
        const double r = r0 + dr, c = c0 + dc;
        const double weight = (1 - std::abs(row - r)) * (1 - std::abs(column - c));
        if (r < 0 || c < 0 || r >= scan.detector.rows || c >= scan.detector.columns) continue;
        const auto line =
            static_cast<std::int64_t>(view) * scan.detector.columns + static_cast<std::int64_t>(c);
        value += weight * q.line(line)[static_cast<std::int64_t>(r)];
      }
    }
    return value;
  }

  Scan scan_;
  Volume volume_;
  LocalSum sum_;
};

}  // namespace tomoslab
