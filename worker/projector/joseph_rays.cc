#include "worker/projector/joseph_rays.h"

#include <algorithm>
#include <vector>

#include "worker/core/parallel.h"
#include "worker/projector/ray_boxes.h"
#include "worker/projector/ray_views.h"

namespace tomoslab {
namespace {

constexpr int kBlock = 16;  // rays of one AddRays
constexpr std::int64_t kFewRays = 16;

thread_local AlignedFloats panel_storage;

/// Lines along the detector's columns where a line along its rows would meet only a few rays or
/// slices.
LineAxis LineAxisFor(const Volume& slab, const ProjectionBand& band) {
  const std::int64_t rows = std::min<std::int64_t>(slab.slices, band.rows.size());
  return rows < kFewRays && band.columns > band.rows.size() ? LineAxis::kColumns : LineAxis::kRows;
}

/// The rays of the line (as seen from the box) that can meet it.
IndexRange RaysAt(const RayLine& line, const RayPanel& panel, IndexRange rays) {
  rays = RaysBetween(line, 2, panel.planes, -1, panel.alongs, rays);
  return rays.empty() ? rays : RaysBetween(line, 1, panel.planes, -1, panel.laterals, rays);
}

/// Some lines of some views, which nobody else writes.
struct ForwardTask {
  IndexRange views, lines;
};

class ForwardProjection {
 public:
  ForwardProjection(const VoxelGrid& grid, const float* x, const DetectorLines& lines,
                    const ViewsByRoles& views, float* y)
      : grid_(grid), x_(x), lines_(lines), views_(views), y_(y) {}

  void Run(const ForwardTask& task) const {
    for (const AxisRoles roles : views_.All(task.views)) {
      for (const VoxelBox& box : BoxesOf(grid_, roles, -1)) RunBox(task, box);
    }
  }

 private:
  void RunBox(const ForwardTask& task, const VoxelBox& box) const {
    RayPanel panel;
    for (std::int64_t view = task.views.begin; view < task.views.end; ++view) {
      if (!views_.Uses(view, box.roles)) continue;
      DetectorLines::Shadow shadow = lines_.ShadowOf(view, box);
      shadow.lines = Intersect(shadow.lines, task.lines);
      if (shadow.empty()) continue;
      if (panel.samples == nullptr) {
        panel = PanelFor(box, 1, panel_storage);
        CopyToPanel(grid_, x_, box, panel);
      }
      RunView(view, shadow, box, panel);
    }
  }

  void RunView(std::int64_t view, const DetectorLines::Shadow& shadow, const VoxelBox& box,
               const RayPanel& panel) const {
    struct Part {
      RayLine line;
      IndexRange rays;
    };
    std::vector<Part> parts;
    std::int64_t most = 0;
    for (std::int64_t i = shadow.lines.begin; i < shadow.lines.end; ++i) {
      const RayLine line = From(box, lines_.Line(view, i, box.roles));
      parts.push_back({line, RaysAt(line, panel, shadow.rays)});
      most = std::max(most, parts.back().rays.size());
    }
    // Neighbouring lines one after the other: they meet the same voxels.
    for (std::int64_t block = 0; block < most; block += kBlock) {
      for (std::size_t i = 0; i < parts.size(); ++i) {
        const auto& [line, rays] = parts[i];
        const std::int64_t first = rays.begin + block;
        if (first >= rays.end) continue;
        const auto count = static_cast<int>(std::min<std::int64_t>(kBlock, rays.end - first));
        float sums[kBlock] = {};
        AddRays(panel, line, static_cast<int>(first), count, sums);
        const std::int64_t number = shadow.lines.begin + static_cast<std::int64_t>(i);
        float* out = y_ + lines_.Offset(view, number, first);
        for (int k = 0; k < count; ++k) out[k * lines_.ray_stride()] += sums[k];
      }
    }
  }

  const VoxelGrid& grid_;
  const float* x_;
  const DetectorLines& lines_;
  const ViewsByRoles& views_;
  float* y_;
};

/// Enough tasks to keep all threads busy, and enough views in each to be worth the copy of a box.
std::vector<ForwardTask> TasksFor(const DetectorLines& lines) {
  constexpr std::int64_t kFewestViews = 24, kTasksPerThread = 3, kFewestLines = 32;
  const std::int64_t views = lines.views(),
                     wanted = ThreadCount() == 1 ? 1 : kTasksPerThread * ThreadCount();
  const std::int64_t in_task =
      std::clamp<std::int64_t>(views / wanted, std::min(views, kFewestViews), views);
  const std::int64_t runs = (views + in_task - 1) / in_task;
  const std::int64_t pieces = (wanted + runs - 1) / runs, count = lines.lines().size();
  const std::int64_t in_piece = std::max((count + pieces - 1) / pieces, kFewestLines);
  std::vector<ForwardTask> tasks;
  for (std::int64_t view = 0; view < views; view += in_task) {
    for (std::int64_t line = lines.lines().begin; line < lines.lines().end; line += in_piece) {
      tasks.push_back({{view, std::min(views, view + in_task)},
                       {line, std::min(lines.lines().end, line + in_piece)}});
    }
  }
  return tasks;
}

/// kernel(the line through a detector column's rows, its numbers in y) for all columns of a band.
template <class Kernel>
void ForColumns(const VoxelGrid& grid, const ProjectionBand& band, float* y, Kernel&& kernel) {
  const DetectorLines columns(grid, band, LineAxis::kRows);
  ParallelFor(0, columns.views(), [&](std::int64_t view) {
    for (std::int64_t column = 0; column < band.columns; ++column) {
      kernel(columns.Line(view, column, kNaturalRoles), y + band.Offset(view, column));
    }
  });
}

void Scale(const VoxelGrid& grid, const ProjectionBand& band, RaySet set, float* y) {
  ForColumns(grid, band, y, [&](const RayLine& line, float* at) {
    ScaleByLength(line, grid.pitch, set, static_cast<int>(band.rows.begin),
                  static_cast<int>(band.rows.size()), at);
  });
}

void Clear(const VoxelGrid& grid, const ProjectionBand& band, RaySet set, float* y) {
  ForColumns(grid, band, y, [&](const RayLine& line, float* at) {
    ClearRays(line, set, static_cast<int>(band.rows.begin), static_cast<int>(band.rows.size()), at);
  });
}

/// All rays into one box, which nobody else writes.
class BackwardTask {
 public:
  BackwardTask(const DetectorLines& lines, const ViewsByRoles& views, const float* y,
               const VoxelBox& box)
      : lines_(lines), views_(views), y_(y), box_(box) {}

  void Run(const VoxelGrid& grid, float* x) {
    for (std::int64_t view = 0; view < lines_.views(); ++view) {
      if (views_.Uses(view, box_.roles)) RunView(view);
    }
    if (panel_.samples != nullptr) AddFromPanel(box_, panel_, grid, x);
  }

 private:
  void RunView(std::int64_t view) {
    const DetectorLines::Shadow shadow = lines_.ShadowOf(view, box_);
    if (shadow.empty()) return;
    if (panel_.samples == nullptr) {
      panel_ = PanelFor(box_, 0, panel_storage);
      ClearPanel(0, panel_);
    }
    for (std::int64_t number = shadow.lines.begin; number < shadow.lines.end; ++number) {
      const RayLine line = From(box_, lines_.Line(view, number, box_.roles));
      const IndexRange rays = RaysAt(line, panel_, shadow.rays);
      for (std::int64_t first = rays.begin; first < rays.end; first += kRaysPerCall) {
        const auto count = static_cast<int>(std::min<std::int64_t>(kRaysPerCall, rays.end - first));
        const float* from = y_ + lines_.Offset(view, number, first);
        float values[kRaysPerCall];
        for (int k = 0; k < count; ++k) values[k] = from[k * lines_.ray_stride()];
        SpreadRays(panel_, line, static_cast<int>(first), count, values);
      }
    }
  }

  const DetectorLines& lines_;
  const ViewsByRoles& views_;
  const float* y_;
  const VoxelBox& box_;
  RayPanel panel_;
};

}  // namespace

void ProjectJosephRays(const Volume& slab, const float* x, const ProjectionBand& band, RaySet set,
                       float* y) {
  if (band.size() == 0) return;
  const VoxelGrid grid(slab);
  const DetectorLines lines(grid, band, LineAxisFor(slab, band));
  const ViewsByRoles views(lines, set);
  Clear(grid, band, set, y);
  const std::vector<ForwardTask> tasks = TasksFor(lines);
  const ForwardProjection projection(grid, x, lines, views, y);
  ParallelFor(0, static_cast<std::int64_t>(tasks.size()),
              [&](std::int64_t i) { projection.Run(tasks[i]); });
  Scale(grid, band, set, y);
}

void BackprojectJosephRays(const ProjectionBand& band, RaySet set, float* y, const Volume& slab,
                           float* x) {
  if (band.size() == 0) return;
  const VoxelGrid grid(slab);
  const DetectorLines lines(grid, band, LineAxisFor(slab, band));
  const ViewsByRoles views(lines, set);
  Scale(grid, band, set, y);
  for (const AxisRoles roles : views.All({0, lines.views()})) {
    const std::vector<VoxelBox> boxes = BoxesOf(grid, roles, 0);
    ParallelFor(0, static_cast<std::int64_t>(boxes.size()),
                [&](std::int64_t i) { BackwardTask(lines, views, y, boxes[i]).Run(grid, x); });
  }
  if (set != RaySet::kAll) Clear(grid, band, set, y);
}

}  // namespace tomoslab
