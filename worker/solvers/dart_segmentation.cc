#include "worker/solvers/dart_segmentation.h"

#include <mutex>

namespace tomoslab {

std::vector<std::int64_t> SumOverRanks(const Field& on, absl::Span<const std::int64_t> local) {
  // A double holds integers up to 2⁵³ exactly: their order does not matter.
  const std::int64_t slices = on.inner_size();
  std::vector<double> partials(local.size() * slices, 0.0);
  for (std::size_t i = 0; i < local.size() && slices > 0; ++i)
    partials[i * slices] = static_cast<double>(local[i]);
  const std::vector<double> sums =
      on.sum()->Sum(partials, static_cast<int>(local.size()), on.inner(), on.inner_total());
  return {sums.begin(), sums.end()};
}

namespace {

/// As SegmentOnDevice.
std::vector<std::int64_t> SegmentOnHost(const VoxelGrid& grid, const Field& x,
                                        const MaterialBasis& materials, VoxelLabels& labels) {
  std::vector<std::int64_t> counts(materials.materials() + 2, 0);  // of the labels; changed
  std::mutex counts_mutex;
  ParallelFor(0, grid.rows, [&](std::int64_t row) {
    std::vector<std::int64_t> of_row(counts.size(), 0);
    for (std::int64_t outer = row * grid.columns; outer < (row + 1) * grid.columns; ++outer) {
      const float* values = x.line(outer);
      std::uint8_t* label = labels.line(outer);
      for (std::int64_t z = 0; z < grid.slab.size(); ++z) {
        const int now = materials.Label(values[z]);
        ++of_row[now];
        of_row.back() += now != label[z] ? 1 : 0;
        label[z] = static_cast<std::uint8_t>(now);
      }
    }
    const std::lock_guard lock(counts_mutex);
    for (std::size_t i = 0; i < counts.size(); ++i) counts[i] += of_row[i];
  });
  return counts;
}

}  // namespace

LabelCounts Segment(const VoxelGrid& grid, const Field& x, const MaterialBasis& materials,
                    VoxelLabels& labels) {
  const std::vector<std::int64_t> counts =
      labels.on_device() != nullptr ? SegmentOnDevice(x, materials.labels(), *labels.on_device())
                                    : SegmentOnHost(grid, x, materials, labels);
  LabelCounts result;
  result.voxels = SumOverRanks(x, counts);
  result.changed = result.voxels.back();
  result.voxels.pop_back();
  return result;
}

void Indicator(const Field& x, const MaterialBasis& materials, int label, Field& out) {
  if (!x.on_host()) return IndicatorOnDevice(x, materials.labels(), label, out);
  ForVoxelLines(x.outer(), [&](std::int64_t outer) {
    const float* values = x.line(outer);
    float* result = out.line(outer);
    for (std::int64_t z = 0; z < x.inner_size(); ++z)
      result[z] = materials.Label(values[z]) == label ? 1.0f : 0.0f;
  });
}

void Discretize(const Field& x, const MaterialBasis& materials, Field& out) {
  if (!x.on_host()) return DiscretizeOnDevice(x, materials.labels(), out);
  ForVoxelLines(x.outer(), [&](std::int64_t outer) {
    const float* values = x.line(outer);
    float* result = out.line(outer);
    for (std::int64_t z = 0; z < x.inner_size(); ++z)
      result[z] = static_cast<float>(materials.node_per_mm(materials.Label(values[z])));
  });
}

void FixToLabels(const VoxelMask& mask, const VoxelLabels& labels, const MaterialBasis& materials,
                 Field& x) {
  if (mask.on_device() != nullptr)
    return FixOnDevice(*mask.on_device(), *labels.on_device(), materials.labels(), x);
  Replace(mask, Side::kOutOfMask, x, [&](std::int64_t outer, std::int64_t z) {
    return static_cast<float>(materials.node_per_mm(labels.line(outer)[z]));
  });
}

}  // namespace tomoslab
