#include "worker/projector/parallel_columns.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include "worker/core/parallel.h"
#include "worker/projector/column_kernels.h"
#include "worker/projector/column_tiles.h"

namespace tomoslab {
namespace {

/// Detector columns that a voxel column reads at once, at most, two per step: the lines of one
/// voxel column and its neighbour's fit in the first-level cache.
constexpr int kSteps = 32;

thread_local AlignedFloats panel_storage, line_storage;

/// The part of one view that a tile's voxels see. pairs: neighbouring detector columns, two by two,
/// that reach a voxel column.
struct Window {
  const ParallelView* view;
  int pairs;
  IndexRange columns, rows;
};

/// The rows that matter to slices [slices), with what kernels read around them.
IndexRange RowsFor(const Positions& rows, RowsToSlices how, IndexRange slices, std::int64_t count) {
  const double begin = static_cast<double>(slices.begin), end = static_cast<double>(slices.end),
               total = static_cast<double>(count), margin = static_cast<double>(kMargin);
  const bool spread = how == RowsToSlices::kSpread;
  if (spread && rows.step == 0) return {0, count};
  const double step = spread ? 1 / rows.step : rows.step;  // rows per slice
  const double first = spread ? (begin - 1 - rows.start) * step : rows(slices.begin);
  const double last = spread ? (end - rows.start) * step : rows(slices.end - 1);
  const double padded = first + static_cast<double>(DivideUp(slices.size(), 64) * 64 + 1) * step;
  const double low = std::min(first, last), high = std::max(first, last);
  if (!(high > -1 && low < total)) return {0, 0};
  return {static_cast<std::int64_t>(std::max(std::floor(low - ReadBefore(step)), -margin)),
          static_cast<std::int64_t>(
              std::min(std::ceil(std::max(high, padded) + ReadAfter(step, step)), total + margin))};
}

/// Side of a tile in voxel columns: large tiles resample detector columns less often, many keep all
/// threads busy.
std::int64_t SideFor(const Volume& slab, std::int64_t blocks) {
  std::int64_t side = 64;
  const auto tasks = [&] {
    return blocks * DivideUp(slab.columns, side) * DivideUp(slab.rows, side);
  };
  while (side > 16 && tasks() < 4 * ThreadCount()) side /= 2;
  return side;
}

/// One tile of voxel columns and one block of slices, which nobody else writes; all views.
class ParallelTask {
 public:
  ParallelTask(const ProjectionBand& band, const float* y, RowsToSlices how, const Volume& slab,
               const Tile& tile, std::int64_t block, float* x)
      : band_(band),
        y_(y),
        how_(how),
        slab_(slab),
        columns_(tile.planes),
        rows_(tile.lateral),
        slices_{block * kBlock, std::min<std::int64_t>(slab.slices, (block + 1) * kBlock)},
        length_(WholeVectors(slices_.size())),
        x_(x) {}

  void Run(absl::Span<const ParallelView> views) {
    std::vector<Window> group;
    std::int64_t columns = 0;
    int steps = 0;
    const auto flush = [&] {
      RunGroup(group, columns);
      group.clear();
      columns = steps = 0;
    };
    for (const ParallelView& view : views) {
      const Window window = WindowOf(view);
      if (window.columns.empty() || window.rows.empty()) continue;
      const std::int64_t more = columns + window.columns.size();
      if (!group.empty() && (steps + window.pairs > kSteps || more * length_ > CachedFloats())) {
        flush();
      }
      group.push_back(window);
      columns += window.columns.size();
      steps += window.pairs;
    }
    if (!group.empty()) flush();
  }

 private:
  Window WindowOf(const ParallelView& view) const {
    double left = band_.columns + 1.0, right = -2;
    for (const std::int64_t ix : {columns_.begin, columns_.end - 1}) {
      for (const std::int64_t iy : {rows_.begin, rows_.end - 1}) {
        const double at = view.column + view.column_x * static_cast<double>(ix) +
                          view.column_y * static_cast<double>(iy);
        left = std::min(left, at);
        right = std::max(right, at);
      }
    }
    const double columns = band_.columns;
    // Views whose columns are as far apart as voxels by all but rounding have one pair.
    const double reach = std::max(1.0, std::ceil(1 / view.spacing - 1e-9));
    if (!(right > -reach && left < columns - 1 + reach)) return {&view, 0, {0, 0}, {0, 0}};
    return {
        &view,
        static_cast<int>(reach),
        {static_cast<std::int64_t>(std::max(std::floor(left) + 1 - reach, -2 * reach)),
         static_cast<std::int64_t>(std::min(std::floor(right) + 1 + reach, columns + 2 * reach))},
        RowsFor(view.rows, how_, slices_, band_.rows.size())};
  }

  void RunGroup(absl::Span<const Window> group, std::int64_t columns) {
    // One column more: kernels write the neighbour of the last, too.
    const ColumnPanel panel{panel_storage.Resize((columns + 1) * length_), length_, length_};
    std::vector<TentSteps> tents(1);
    std::int32_t offset = 0;
    for (const Window& window : group) {
      Pack(window, panel.samples + offset);
      for (int pair = 0; pair < window.pairs; ++pair) {
        if (tents.back().count == TentSteps::kCapacity) tents.emplace_back();
        Describe(window, pair, offset, tents.back());
      }
      offset += static_cast<std::int32_t>(window.columns.size() * length_);
    }
    ColumnSteps steps;
    for (std::int64_t iy = rows_.begin; iy < rows_.end; ++iy) {
      for (std::int64_t ix = columns_.begin; ix < columns_.end; ++ix) {
        float* out = x_ + (iy * slab_.columns + ix) * slab_.slices + slices_.begin;
        const bool whole = slices_.size() == length_;
        alignas(64) float sums[kBlock];
        if (!whole) std::fill_n(sums, length_, 0.0f);
        for (const TentSteps& tent : tents) {
          FillTentSteps(tent, static_cast<double>(ix), static_cast<double>(iy), panel, steps);
          AddBlended(panel, steps, 0, length_, whole ? out : sums);
        }
        if (whole) continue;
        for (std::int64_t z = 0; z < slices_.size(); ++z) out[z] += sums[z];
      }
    }
  }

  static void Describe(const Window& window, int pair, std::int32_t offset, TentSteps& tents) {
    const ParallelView& view = *window.view;
    const int i = tents.count++, before = window.pairs - 1;
    tents.offset[i] = offset;
    tents.column[i] = view.column - static_cast<double>(window.columns.begin);
    tents.column_x[i] = view.column_x;
    tents.column_y[i] = view.column_y;
    tents.least[i] = before;
    tents.most[i] = static_cast<double>(window.columns.size() - 1 - window.pairs);
    tents.shift[i] = 2 * pair - before;
    tents.spacing[i] = view.spacing;
    tents.weight[i] = view.weight;
  }

  /// The window's detector columns, resampled; zeros beyond the detector.
  void Pack(const Window& window, float* to) const {
    const IndexRange rows{window.rows.begin, window.rows.begin + WholeVectors(window.rows.size())};
    float* line = line_storage.Resize(rows.size());
    const Positions& at = window.view->rows;
    const bool spread = how_ == RowsToSlices::kSpread;
    const Positions position = {spread ? at(rows.begin) - static_cast<double>(slices_.begin)
                                       : at(slices_.begin) - static_cast<double>(rows.begin),
                                at.step};
    const ColumnSteps one = OneStep(position);
    // Where the first slice stands on the line, if rows and slices coincide.
    std::optional<std::int64_t> shift = WholeShift(position, rows.size());
    if (shift && spread) shift = -*shift;
    for (std::int64_t c = window.columns.begin; c < window.columns.end; ++c, to += length_) {
      if (c < 0 || c >= band_.columns) {
        std::fill_n(to, length_, 0.0f);
        continue;
      }
      const float* column = y_ + band_.Offset(window.view->view, c);
      if (shift) {
        const std::int64_t first = rows.begin + *shift;
        CopyPadded(column, band_.rows.size(), {first, first + length_}, to);
        continue;
      }
      CopyPadded(column, band_.rows.size(), rows, line);
      std::fill_n(to, length_, 0.0f);
      if (spread) {
        SpreadResampled(line, rows.size(), one, {to, length_, length_});
      } else {
        AddResampled({line, 0, rows.size()}, one, slices_.size(), to);
      }
    }
  }

  const ProjectionBand& band_;
  const float* y_;
  RowsToSlices how_;
  const Volume& slab_;
  IndexRange columns_, rows_, slices_;
  std::int64_t length_;  // of a resampled detector column
  float* x_;
};

}  // namespace

void BackprojectParallelColumns(const ProjectionBand& band, const float* y,
                                absl::Span<const ParallelView> views, RowsToSlices how,
                                const Volume& slab, float* x) {
  if (views.empty()) return;
  const std::int64_t blocks = DivideUp(slab.slices, kBlock);
  const std::vector<Tile> tiles =
      TilesOf(MainAxis::kX, {0, slab.columns}, {0, slab.rows}, SideFor(slab, blocks));
  ParallelFor(0, static_cast<std::int64_t>(tiles.size()) * blocks, [&](std::int64_t task) {
    ParallelTask(band, y, how, slab, tiles[task / blocks], task % blocks, x).Run(views);
  });
}

}  // namespace tomoslab
