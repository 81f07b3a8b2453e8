#include "worker/core/launch.h"
#include "worker/projector/projection_kernels.h"

namespace tomoslab::TOMOSLAB_LAUNCH {
namespace {

// Threads run along z: they read neighbouring voxels of a voxel column, or neighbouring rows of a
// detector column. A thread computes kAtOnce of them, `lanes` apart, and so shares what belongs to
// the column among them. Neighbouring groups of lanes take neighbouring columns at the same z.
constexpr int kMostLanes = 32, kMostAtOnce = 4;

/// How lines of numbers are shared out.
struct Lanes {
  std::int64_t lines;
  int lanes;  // a power of two
};
/// Of `lines` lines of `count` numbers: no more lanes than numbers, so that thin slabs fill them.
Lanes LanesFor(std::int64_t lines, int count) {
  int lanes = 1;
  while (lanes < count && lanes < kMostLanes) lanes *= 2;
  return {lines, lanes};
}
int AtOnceFor(int count) { return count > kMostLanes ? kMostAtOnce : 1; }
std::int64_t ThreadsFor(const Lanes& lanes, int count, int at_once) {
  const std::int64_t along = std::int64_t{lanes.lanes} * at_once;
  return (count + along - 1) / along * lanes.lines * lanes.lanes;
}

/// Where thread i works: line `line`, numbers first + k · lanes of it.
struct Place {
  std::int64_t line;
  int first;

  TOMOSLAB_HOST_DEVICE Place(std::int64_t i, const Lanes& of, int at_once)
      : line(i / of.lanes % of.lines),
        first(static_cast<int>(i / of.lanes / of.lines) * of.lanes * at_once +
              static_cast<int>(i % of.lanes)) {}
};

std::int64_t LinesOf(const device::Band& band) {
  return static_cast<std::int64_t>(band.views) * band.columns;
}
std::int64_t LinesOf(const device::Slab& slab) {
  return static_cast<std::int64_t>(slab.rows) * slab.columns;
}

enum class Model { kJoseph, kFootprint };

template <Model kModel, int kAtOnce>
struct ProjectBody {
  device::ColumnViews views;
  Lanes lanes;
  const float* x;
  float* y;

  TOMOSLAB_HOST_DEVICE void operator()(std::int64_t i) const {
    const device::Band& band = views.band;
    const Place at(i, lanes, kAtOnce);
    if (at.first >= band.rows) return;
    float sums[kAtOnce];
    if constexpr (kModel == Model::kJoseph) {
      device::ProjectRays<kAtOnce>(views.slab, x, band, views.columns[at.line], at.first,
                                   lanes.lanes, sums);
    } else {
      device::ProjectBoxes<kAtOnce>(views.slab, x, band, views.columns[at.line],
                                    views.beams[at.line], at.first, lanes.lanes, sums);
    }
    float* out = y + at.line * band.rows;
    for (int k = 0; k < kAtOnce; ++k) {
      if (at.first + k * lanes.lanes < band.rows) out[at.first + k * lanes.lanes] = sums[k];
    }
  }
};

struct ScaleByLengthBody {
  device::ColumnViews views;
  float* y;

  TOMOSLAB_HOST_DEVICE void operator()(std::int64_t i) const {
    const device::Band& band = views.band;
    y[i] *= device::LengthMm(views.columns[i / band.rows],
                             static_cast<int>(i % band.rows) - band.middle_row);
  }
};

enum class Back { kJoseph, kFootprint, kVoxelDriven };

template <Back kBack, int kAtOnce>
struct BackprojectBody {
  device::ColumnViews views;
  Lanes lanes;
  const float* y;
  float* x;

  TOMOSLAB_HOST_DEVICE void operator()(std::int64_t i) const {
    const device::Slab& slab = views.slab;
    const Place at(i, lanes, kAtOnce);
    if (at.first >= slab.slices) return;
    const int ix = static_cast<int>(at.line % slab.columns),
              iy = static_cast<int>(at.line / slab.columns);
    float sums[kAtOnce] = {};
    if constexpr (kBack == Back::kJoseph) {
      device::BackprojectVoxels<kAtOnce>(slab, views.band, views.columns, views.maps, y, ix, iy,
                                         at.first, lanes.lanes, sums);
    } else if constexpr (kBack == Back::kFootprint) {
      device::BackprojectBoxes<kAtOnce>(slab, views.band, views.columns, views.beams, views.maps, y,
                                        ix, iy, at.first, lanes.lanes, sums);
    } else {
      device::BackprojectVoxelDriven<kAtOnce>(slab, views.band, views.maps, y, ix, iy, at.first,
                                              lanes.lanes, sums);
    }
    float* line = x + at.line * slab.slices;
    for (int k = 0; k < kAtOnce; ++k) {
      if (at.first + k * lanes.lanes < slab.slices) line[at.first + k * lanes.lanes] += sums[k];
    }
  }
};

/// One pixel of a view, counted from the middle one.
struct Pixel {
  int view;
  float row, column;

  TOMOSLAB_HOST_DEVICE Pixel(const device::Band& band, std::int64_t i)
      : view(static_cast<int>(i / band.rows / band.columns)),
        row(static_cast<float>(static_cast<int>(i % band.rows) - band.middle_row)),
        column(static_cast<float>(static_cast<int>(i / band.rows % band.columns) -
                                  band.middle_column)) {}
};

template <Model kModel>
struct ProjectRaysBody {
  device::RayViews views;
  const float* x;
  float* y;

  TOMOSLAB_HOST_DEVICE void operator()(std::int64_t i) const {
    const Pixel pixel(views.band, i);
    if constexpr (kModel == Model::kJoseph) {
      y[i] = device::ProjectRay(views.slab, views.size, x, views.views[pixel.view], pixel.row,
                                pixel.column);
    } else {
      y[i] = device::ProjectPixel(views.slab, views.size, x, views.views[pixel.view],
                                  views.rays[pixel.view], pixel.row, pixel.column);
    }
  }
};

struct ScaleRaysByLengthBody {
  device::RayViews views;
  float* y;

  TOMOSLAB_HOST_DEVICE void operator()(std::int64_t i) const {
    const Pixel pixel(views.band, i);
    y[i] *= device::LengthMm(device::RayOf(views.views[pixel.view], pixel.row, pixel.column),
                             views.size);
  }
};

template <Model kModel>
struct BackprojectRaysBody {
  device::RayViews views;
  const float* y;
  float* x;

  TOMOSLAB_HOST_DEVICE void operator()(std::int64_t i) const {
    const device::Slab& slab = views.slab;
    const int iz = static_cast<int>(i % slab.slices);
    const std::int64_t line = i / slab.slices;
    const int ix = static_cast<int>(line % slab.columns),
              iy = static_cast<int>(line / slab.columns);
    if constexpr (kModel == Model::kJoseph) {
      x[i] += device::BackprojectVoxel(slab, views.band, views.views, y, ix, iy, iz);
    } else {
      x[i] += device::BackprojectPixels(slab, views.size, views.band, views.views, views.rays, y,
                                        ix, iy, iz);
    }
  }
};

struct AddLinesBody {
  device::LinesOf what;
  const float* from;
  float* to;

  TOMOSLAB_HOST_DEVICE void operator()(std::int64_t i) const {
    const std::int64_t line = i / what.width, k = i % what.width;
    to[line * what.to_pitch + k] += from[line * what.from_pitch + k];
  }
};

template <Model kModel>
void Project(void* stream, const device::ColumnViews& views, const float* x, float* y) {
  const int rows = views.band.rows;
  const Lanes lanes = LanesFor(LinesOf(views.band), rows);
  const std::int64_t threads = ThreadsFor(lanes, rows, AtOnceFor(rows));
  if (AtOnceFor(rows) == 1) {
    ForEachLong(stream, threads, ProjectBody<kModel, 1>{views, lanes, x, y});
  } else {
    ForEachLong(stream, threads, ProjectBody<kModel, kMostAtOnce>{views, lanes, x, y});
  }
}
template <Back kBack>
void Backproject(void* stream, const device::ColumnViews& views, float* y, float* x) {
  if constexpr (kBack != Back::kVoxelDriven)
    ForEach(stream, views.band.Offset(views.band.views, 0), ScaleByLengthBody{views, y});
  const int slices = views.slab.slices;
  const Lanes lanes = LanesFor(LinesOf(views.slab), slices);
  const std::int64_t threads = ThreadsFor(lanes, slices, AtOnceFor(slices));
  if (AtOnceFor(slices) == 1) {
    ForEachLong(stream, threads, BackprojectBody<kBack, 1>{views, lanes, y, x});
  } else {
    ForEachLong(stream, threads, BackprojectBody<kBack, kMostAtOnce>{views, lanes, y, x});
  }
}
template <Model kModel>
void ProjectRays(void* stream, const device::RayViews& views, const float* x, float* y) {
  ForEachLong(stream, views.band.Offset(views.band.views, 0), ProjectRaysBody<kModel>{views, x, y});
}
template <Model kModel>
void BackprojectRays(void* stream, const device::RayViews& views, float* y, float* x) {
  if constexpr (kModel == Model::kJoseph)
    ForEach(stream, views.band.Offset(views.band.views, 0), ScaleRaysByLengthBody{views, y});
  ForEachLong(stream, LinesOf(views.slab) * views.slab.slices,
              BackprojectRaysBody<kModel>{views, y, x});
}
void AddLines(void* stream, const device::LinesOf& what, const float* from, float* to) {
  ForEach(stream, what.lines * what.width, AddLinesBody{what, from, to});
}

}  // namespace

extern const ProjectionKernels kProjectionKernels;
const ProjectionKernels kProjectionKernels = {
    Project<Model::kJoseph>,         Backproject<Back::kJoseph>,
    ProjectRays<Model::kJoseph>,     BackprojectRays<Model::kJoseph>,
    Project<Model::kFootprint>,      Backproject<Back::kFootprint>,
    ProjectRays<Model::kFootprint>,  BackprojectRays<Model::kFootprint>,
    Backproject<Back::kVoxelDriven>, AddLines};

}  // namespace tomoslab::TOMOSLAB_LAUNCH
