#include "worker/projector/footprint_slice.h"

#include <algorithm>
#include <cmath>

#include "worker/core/parallel.h"
#include "worker/projector/column_tiles.h"

namespace tomoslab {
namespace {

constexpr int kSteps = FootprintSteps::kCapacity;
constexpr std::int64_t kPlanesPerTask = 32;  // of a backprojection: their voxels stay in the cache

/// The voxels of the slice as FillBeamSteps sees them: offsets are those of x.
ColumnPanel PanelOf(const Lattice& lattice) {
  return {nullptr, lattice.column_stride, lattice.plane_stride};
}

/// Fills `steps` and calls visit() for the planes [range) that the beam crosses, at most kSteps at
/// a time. Box 0 is that of the band's first row, the slice is [0, 1).
template <class Visit>
void ForSteps(const PixelBeam& beam, const ViewRows& rows, const Lattice& lattice, IndexRange range,
              FootprintSteps& steps, Visit&& visit) {
  const double widest = FootprintSteps::kMostColumns;
  const IndexRange planes =
      PlanesInFront(beam, rows.cone ? Beam::kCone : Beam::kParallel,
                    PlanesBetween(beam.rays, -widest, static_cast<double>(lattice.columns), range));
  for (std::int64_t first = planes.begin; first < planes.end; first += kSteps) {
    BeamSteps line = StepsOf(beam, rows, {first, std::min(planes.end, first + kSteps)}, 0);
    line.last_columns = lattice.columns - line.columns;
    FillBeamSteps(line, PanelOf(lattice), steps);
    visit();
  }
}

/// part[i]: how much of row `row`'s box lies in the slice, at step i; false: none at any.
bool PartsInSlice(const FootprintSteps& steps, std::int64_t row, float* part) {
  const auto number = static_cast<double>(row);
  const auto begin = [&](int i) { return steps.start[i] + number * steps.step[i]; };
  const auto end = [&](int i) { return begin(i) + steps.step[i]; };
  const int last = steps.count - 1;  // everything is linear in i
  const double low = std::min({begin(0), end(0), begin(last), end(last)});
  const double high = std::max({begin(0), end(0), begin(last), end(last)});
  if (low >= 1 || high <= 0) return false;
#pragma GCC ivdep
  for (int i = 0; i < steps.count; ++i) {
    const double a = steps.start[i] + number * steps.step[i], b = a + steps.step[i];
    const double inside = std::min(std::max(a, b), 1.0) - std::max(std::min(a, b), 0.0);
    part[i] = static_cast<float>(std::max(inside, 0.0) / std::abs(steps.step[i]));
  }
  return true;
}

}  // namespace

bool FootprintTakesSlice(const Volume& slab, const BeamGeometry& geometry) {
  return slab.slices == 1 && geometry.most_columns() <= std::min(slab.columns, slab.rows) &&
         slab.VoxelCount() < std::int64_t{1} << 31;
}

void ProjectFootprintSlice(const Volume& slice, const float* x, const ProjectionBand& band,
                           const BeamGeometry& geometry, float* y) {
  const auto lines = static_cast<std::int64_t>(band.views.size()) * band.columns;
  ParallelFor(0, lines, [&](std::int64_t line) {
    const std::int64_t view = line / band.columns, rows = band.rows.size();
    const PixelBeam& beam = geometry.Beam(view, line % band.columns);
    const Lattice lattice(slice, beam.rays.main);
    float* out = y + line * rows;
    std::fill_n(out, rows, 0.0f);
    FootprintSteps steps;
    float sums[kSteps], part[kSteps];
    ForSteps(beam, geometry.rays().Rows(view), lattice, {0, lattice.planes}, steps, [&] {
      for (int i = 0; i < steps.count; ++i) {
        sums[i] = 0;
        for (int b = 0; b < steps.columns; ++b) {
          sums[i] += steps.weight[b][i] * x[steps.offset[i] + b * lattice.column_stride];
        }
      }
      for (std::int64_t row = 0; row < rows; ++row) {
        if (!PartsInSlice(steps, row, part)) continue;
        float sum = 0;
        for (int i = 0; i < steps.count; ++i) sum += part[i] * sums[i];
        out[row] += sum;
      }
    });
  });
}

void BackprojectFootprintSlice(const ProjectionBand& band, const float* y,
                               const BeamGeometry& geometry, const Volume& slice, float* x) {
  for (const MainAxis main : {MainAxis::kX, MainAxis::kY}) {
    // A beam writes each plane across its main axis once, and into that plane only: planes go to
    // threads.
    const Lattice lattice(slice, main);
    const std::int64_t lines = static_cast<std::int64_t>(band.views.size()) * band.columns;
    ParallelFor(0, (lattice.planes + kPlanesPerTask - 1) / kPlanesPerTask, [&](std::int64_t task) {
      const IndexRange planes{task * kPlanesPerTask,
                              std::min(lattice.planes, (task + 1) * kPlanesPerTask)};
      FootprintSteps steps;
      float values[kSteps], part[kSteps];
      for (std::int64_t line = 0; line < lines; ++line) {
        const std::int64_t view = line / band.columns, rows = band.rows.size();
        const PixelBeam& beam = geometry.Beam(view, line % band.columns);
        if (beam.rays.main != main) continue;
        ForSteps(beam, geometry.rays().Rows(view), lattice, planes, steps, [&] {
          std::fill_n(values, steps.count, 0.0f);
          for (std::int64_t row = 0; row < rows; ++row) {
            if (!PartsInSlice(steps, row, part)) continue;
            const float number = y[line * rows + row];
            for (int i = 0; i < steps.count; ++i) values[i] += part[i] * number;
          }
          for (int i = 0; i < steps.count; ++i) {
            for (int b = 0; b < steps.columns; ++b) {
              x[steps.offset[i] + b * lattice.column_stride] += steps.weight[b][i] * values[i];
            }
          }
        });
      }
    });
  }
}

}  // namespace tomoslab
