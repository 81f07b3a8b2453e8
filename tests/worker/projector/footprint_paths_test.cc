// The footprint's column projector against its definition, voxel by voxel and pixel by pixel, for
// every instruction set of this machine and every ratio of pixel to voxel that a kernel of its own
// exists for.
#include <gtest/gtest.h>
#include <hwy/highway.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "tests/support/instruction_sets.h"
#include "tests/support/vectors.h"
#include "worker/plan/footprint_path.h"
#include "worker/projector/footprint_columns.h"
#include "worker/projector/footprint_geometry.h"

namespace tomoslab {
namespace {

using testing::AllRows;
using testing::Random;
using testing::RelativeDifference;

struct Case {
  Beam beam;
  double width, height;  // of a pixel as seen at the axis, in voxels
  int rows, slices;
  double shift_v = 0;
};

std::string Describe(const Case& c) {
  return (c.beam == Beam::kCone ? "cone, pixel " : "parallel, pixel ") + std::to_string(c.width) +
         " x " + std::to_string(c.height) + ", " + std::to_string(c.rows) + " rows, " +
         std::to_string(c.slices) + " slices, shift " + std::to_string(c.shift_v);
}

/// All numbers of taps along z and of columns across; sizes around the vectors' and blocks'
/// lengths; rows that descend; a detector that looks past the slab.
std::vector<Case> Cases() {
  std::vector<Case> cases;
  for (const Beam beam : {Beam::kCone, Beam::kParallel}) {
    for (const double height : {0.1, 0.3, 0.5, 0.8, 1.0, 1.25, 1.7, 1.95, 2.6, 3.5, 7.0, -0.9}) {
      cases.push_back({beam, 1.0, height, 21, 18});
    }
    for (const double width : {0.2, 0.7, 2.2, 3.7, 6.0}) {
      cases.push_back({beam, width, 1.0, 17, 15});
    }
    for (const int slices : {1, 2, 16, 17, 64, 130}) cases.push_back({beam, 1, 1, 19, slices});
    for (const double shift : {-20.0, 9.0, 40.0}) cases.push_back({beam, 1, 1.1, 135, 20, shift});
    cases.push_back({beam, 1, 1, 1, 9});
    for (const double height : {0.2, 1.0, 3.0, -0.7}) {  // a single slice, on one row and on many
      cases.push_back({beam, 1.6, height, 1, 1});
      cases.push_back({beam, 0.6, height, 14, 1, 2.5});
    }
    cases.push_back({beam, 8, 1, 3, 1});  // beams wider than the slice: back to the columns
  }
  return cases;
}

struct Problem {
  Scan scan;
  Volume volume;
};

Problem ProblemOf(const Case& c) {
  CircularOrbit orbit;
  orbit.beam = c.beam;
  orbit.source_object_distance_mm = 40 + std::abs(c.height) * c.rows + std::abs(c.shift_v);
  orbit.source_detector_distance_mm = 1.75 * orbit.source_object_distance_mm;
  orbit.detector_shift_v_mm = c.shift_v;
  orbit.angle_rad = {0, 0.3, 0.783, 2.9};
  const double magnification = c.beam == Beam::kCone ? 1.75 : 1;
  Problem problem;
  problem.scan = *MakeCircularScan({.rows = c.rows,
                                    .columns = 11,
                                    .pixel_width_mm = c.width * magnification,
                                    .pixel_height_mm = std::abs(c.height) * magnification},
                                   orbit);
  if (c.height < 0) {  // rows that descend
    for (View& view : problem.scan.views) {
      view.corner = view.Pixel(c.rows - 1, 0);
      view.row_step = -1.0 * view.row_step;
    }
  }
  problem.volume = {.columns = 13,
                    .rows = 9,
                    .slices = c.slices,
                    .voxel_width_mm = 1,
                    .voxel_height_mm = 1,
                    .center_mm = {0.4, -0.3, 0.2}};
  return problem;
}

using Polygon = std::vector<std::array<double, 2>>;  // (along the main axis, lateral)

/// The part of a polygon with lateral ≥ line(main), or ≤ where `above` is false.
Polygon Clip(const Polygon& polygon, Positions line, bool above) {
  const auto height = [&](const std::array<double, 2>& p) {
    const double h = p[1] - (line.start + line.step * p[0]);
    return above ? h : -h;
  };
  Polygon kept;
  for (std::size_t i = 0; i < polygon.size(); ++i) {
    const auto &a = polygon[i], &b = polygon[(i + 1) % polygon.size()];
    const double ha = height(a), hb = height(b);
    if (ha >= 0) kept.push_back(a);
    if ((ha > 0 && hb < 0) || (ha < 0 && hb > 0)) {
      const double s = ha / (ha - hb);
      kept.push_back({a[0] + s * (b[0] - a[0]), a[1] + s * (b[1] - a[1])});
    }
  }
  return kept;
}

double Area(const Polygon& polygon) {
  double twice = 0;
  for (std::size_t i = 0; i < polygon.size(); ++i) {
    const auto &a = polygon[i], &b = polygon[(i + 1) % polygon.size()];
    twice += a[0] * b[1] - a[1] * b[0];
  }
  return std::abs(twice) / 2;
}

/// The definition's matrix, row by row: visit(pixel, voxel, weight).
template <class Visit>
void ForWeights(const Problem& p, Visit&& visit) {
  const Volume& volume = p.volume;
  const int columns = p.scan.detector.columns, rows = p.scan.detector.rows;
  const BeamGeometry geometry(volume, AllRows(p.scan));
  for (std::size_t v = 0; v < p.scan.views.size(); ++v) {
    const View& view = p.scan.views[v];
    for (int column = 0; column < columns; ++column) {
      const PixelBeam& beam = geometry.Beam(static_cast<std::int64_t>(v), column);
      const bool along_x = beam.rays.main == MainAxis::kX;
      const Vec3 level = view.Direction(0, column);
      for (int cell = 0; cell < volume.columns * volume.rows; ++cell) {
        const int ix = cell % volume.columns, iy = cell / volume.columns;
        const double j = along_x ? ix : iy, i = along_x ? iy : ix;
        const Polygon voxel = {
            {j - 0.5, i - 0.5}, {j + 0.5, i - 0.5}, {j + 0.5, i + 0.5}, {j - 0.5, i + 0.5}};
        const double area = Area(Clip(Clip(voxel, beam.low, true), beam.high, false));
        if (area == 0) continue;
        const auto plane = static_cast<std::int64_t>(j);
        const double width = beam.high(plane) - beam.low(plane);
        const double t = beam.rays.t(plane);
        for (int row = 0; row < rows; ++row) {
          const auto height = [&](double r) {
            const Vec3 pixel = view.Pixel(r, column);
            return view.beam == Beam::kCone ? view.source.z + t * (pixel.z - view.source.z)
                                            : pixel.z;
          };
          const double a = height(row - 0.5), b = height(row + 0.5);
          const double low = std::min(a, b), high = std::max(a, b);
          const Vec3 direction = view.Direction(row, column);
          const double length = Norm(direction) / std::max(std::abs(level.x), std::abs(level.y));
          for (int z = 0; z < volume.slices; ++z) {
            const double center = volume.VoxelCenter(ix, iy, z).z;
            const double overlap = std::min(high, center + 0.5) - std::max(low, center - 0.5);
            if (overlap <= 0) continue;
            visit((static_cast<std::int64_t>(v) * columns + column) * rows + row,
                  std::int64_t{cell} * volume.slices + z,
                  area / width * overlap / (high - low) * length);
          }
        }
      }
    }
  }
}

class FootprintPaths : public testing::EveryInstructionSet {};

TEST_P(FootprintPaths, EqualTheDefinition) {
  for (const Case& c : Cases()) {
    const Problem p = ProblemOf(c);
    ASSERT_TRUE(FootprintTakesColumns(p.volume, p.scan.views[0], 11)) << Describe(c);
    const std::vector<float> x = Random(p.volume.VoxelCount(), 1);
    std::vector<float> y = Random(p.scan.PixelCount(), 2), forward(y.size(), -1.0f), back = x;
    std::vector<double> expected_forward(y.size()), expected_back(x.begin(), x.end());
    ForWeights(p, [&](std::int64_t pixel, std::int64_t voxel, double weight) {
      expected_forward[pixel] += weight * x[voxel];
      expected_back[voxel] += weight * y[pixel];
    });
    ProjectFootprintColumns(p.volume, x.data(), AllRows(p.scan), forward.data());
    BackprojectFootprintColumns(AllRows(p.scan), y.data(), p.volume, back.data());
    const std::vector<float> plain_forward(expected_forward.begin(), expected_forward.end()),
        plain_back(expected_back.begin(), expected_back.end());
    EXPECT_LT(RelativeDifference(plain_forward, forward), 2e-6) << "forward, " << Describe(c);
    EXPECT_LT(RelativeDifference(plain_back, back), 2e-6) << "back, " << Describe(c);
  }
}

TEST_P(FootprintPaths, SourceInsideTheVolumeGivesFiniteNumbers) {
  CircularOrbit orbit;
  orbit.source_object_distance_mm = 4;
  orbit.source_detector_distance_mm = 40;
  orbit.angle_rad = {0.2, 1.9, 4.4};
  const Scan scan = *MakeCircularScan(
      {.rows = 30, .columns = 23, .pixel_width_mm = 2, .pixel_height_mm = 2}, orbit);
  const Volume volume = ProblemOf({Beam::kCone, 1, 1, 30, 20}).volume;
  const std::vector<float> x = Random(volume.VoxelCount(), 1);
  std::vector<float> y = Random(scan.PixelCount(), 2), ax(y.size()), aty(x.size(), 0.0f), z = y;
  ProjectFootprintColumns(volume, x.data(), AllRows(scan), ax.data());
  BackprojectFootprintColumns(AllRows(scan), z.data(), volume, aty.data());
  const double left = testing::Dot(ax, y), right = testing::Dot(x, aty);
  EXPECT_TRUE(std::isfinite(left));
  EXPECT_LT(std::abs(left - right) / std::sqrt(testing::Dot(ax, ax) * testing::Dot(y, y)), 1e-5);
}

INSTANTIATE_TEST_SUITE_P(Targets, FootprintPaths,
                         ::testing::ValuesIn(hwy::SupportedAndGeneratedTargets()),
                         testing::InstructionSetName);

}  // namespace
}  // namespace tomoslab
