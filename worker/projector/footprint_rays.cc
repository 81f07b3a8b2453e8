#include "worker/projector/footprint_rays.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "worker/core/parallel.h"
#include "worker/plan/footprint_path.h"

namespace tomoslab {
namespace {

constexpr double kMostRays = 256;  // per pixel and direction

/// Views of a band that are projected together, and memory for their projections.
struct Group {
  ProjectionBand band;
  std::int64_t offset;  // of its first number in the whole band
  SubRays rays;
};

std::vector<Group> GroupsOf(const Volume& slab, const ProjectionBand& band) {
  const auto views = static_cast<std::int64_t>(band.views.size());
  const std::int64_t per_view = std::max<std::int64_t>(1, band.Offset(1, 0));
  const std::int64_t most = std::max<std::int64_t>(1, kFootprintScratchFloats / per_view);
  std::vector<Group> groups;
  for (std::int64_t first = 0; first < views;) {
    const SubRays rays = SubRaysFor(slab, band.views[first]);
    std::int64_t last = first + 1;
    while (last < views && last - first < most && SubRaysFor(slab, band.views[last]) == rays) {
      ++last;
    }
    groups.push_back({{band.views.subspan(first, last - first), band.columns, band.rows},
                      band.Offset(first, 0),
                      rays});
    first = last;
  }
  return groups;
}

/// visit(band of the group's views with their rays moved inside the pixels), once per ray of a
/// pixel.
template <class Visit>
void ForSubRays(const Group& group, Visit&& visit) {
  const auto [columns, rows] = group.rays;
  for (int ray = 0; ray < columns * rows; ++ray) {
    const double column = (ray % columns + 0.5) / columns - 0.5;
    const double row = (ray / columns + 0.5) / rows - 0.5;
    std::vector<View> views(group.band.views.begin(), group.band.views.end());
    for (View& view : views) view.corner = view.Pixel(row, column);
    visit(ProjectionBand{views, group.band.columns, group.band.rows});
  }
}

/// Calls body(i) for all numbers of the group, in long runs per thread.
template <class Body>
void ForNumbers(const Group& group, Body&& body) {
  constexpr std::int64_t kRun = 1 << 14;
  const std::int64_t size = group.band.size();
  ParallelFor(0, (size + kRun - 1) / kRun, [&](std::int64_t run) {
    for (std::int64_t i = run * kRun; i < std::min(size, (run + 1) * kRun); ++i) body(i);
  });
}

}  // namespace

SubRays SubRaysFor(const Volume& slab, const View& view) {
  // Not at the slab's own height: every rank must take the same rays.
  const Vec3 center{slab.center_mm.x, slab.center_mm.y, 0};
  const double depth = ProjectPoint(view, center).depth;
  const double scale = std::isfinite(depth) && depth > 0 ? depth : 1;
  const double voxel = std::min(slab.voxel_width_mm, slab.voxel_height_mm);
  const auto rays = [&](Vec3 step) {
    return static_cast<int>(std::clamp(std::ceil(2 * Norm(step) * scale / voxel), 2.0, kMostRays));
  };
  return {rays(view.column_step), rays(view.row_step)};
}

void ProjectFootprintRays(const Volume& slab, const float* x, const ProjectionBand& band,
                          float* y) {
  std::vector<float> one_ray;
  for (const Group& group : GroupsOf(slab, band)) {
    float* mean = y + group.offset;
    ForNumbers(group, [&](std::int64_t i) { mean[i] = 0; });
    one_ray.resize(group.band.size());
    ForSubRays(group, [&](const ProjectionBand& rays) {
      ProjectJoseph(slab, x, rays, one_ray.data());
      ForNumbers(group, [&](std::int64_t i) { mean[i] += one_ray[i]; });
    });
    const float share = 1.0f / static_cast<float>(group.rays.columns * group.rays.rows);
    ForNumbers(group, [&](std::int64_t i) { mean[i] *= share; });
  }
}

void BackprojectFootprintRays(const ProjectionBand& band, float* y, const Volume& slab, float* x) {
  std::vector<float> one_ray;
  for (const Group& group : GroupsOf(slab, band)) {
    const float* values = y + group.offset;
    const float share = 1.0f / static_cast<float>(group.rays.columns * group.rays.rows);
    one_ray.resize(group.band.size());
    ForSubRays(group, [&](const ProjectionBand& rays) {
      ForNumbers(group, [&](std::int64_t i) { one_ray[i] = share * values[i]; });
      BackprojectJoseph(rays, one_ray.data(), slab, x);
    });
  }
}

}  // namespace tomoslab
