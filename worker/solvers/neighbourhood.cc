#include "worker/solvers/neighbourhood.h"

#include <algorithm>
#include <cstring>
#include <vector>

namespace tomoslab {
namespace {

/// Values of a rank's voxels [row · columns + column][slice] with one more slice on both sides;
/// beyond the volume's ends the outermost slices repeat.
template <class T>
class WithHalo {
 public:
  /// values: grid.local_voxels() of them, which must outlive this.
  WithHalo(const VoxelGrid& grid, const T* values) : grid_(grid), values_(values) {
    below_ = Slice(0);
    above_ = Slice(grid.slab.size() - 1);
    const HaloBytes halo = grid.halo->Exchange(Bytes(below_), Bytes(above_), grid.slab);
    Receive(halo.below, below_);
    Receive(halo.above, above_);
  }

  /// sums[1 + z] ← Σ over the 3 × 3 columns around (row, column) of f(value at local slice z), for
  /// z = −1 … slices; `add` is how two values become one.
  template <class Sum, class Add>
  void Fold(std::int64_t row, std::int64_t column, Add add, Sum* sums) const {
    bool first = true;
    for (std::int64_t dy = -1; dy <= 1; ++dy) {
      for (std::int64_t dx = -1; dx <= 1; ++dx) {
        const std::int64_t y = std::clamp<std::int64_t>(row + dy, 0, grid_.rows - 1);
        const std::int64_t x = std::clamp<std::int64_t>(column + dx, 0, grid_.columns - 1);
        FoldColumn(y * grid_.columns + x, first, add, sums);
        first = false;
      }
    }
  }

 private:
  std::vector<T> Slice(std::int64_t z) const {
    if (grid_.slab.empty()) return {};
    std::vector<T> slice(grid_.outer());
    for (std::int64_t outer = 0; outer < grid_.outer(); ++outer)
      slice[outer] = values_[outer * grid_.slab.size() + z];
    return slice;
  }

  static absl::Span<const char> Bytes(const std::vector<T>& slice) {
    return {reinterpret_cast<const char*>(slice.data()), slice.size() * sizeof(T)};
  }

  static void Receive(const std::vector<char>& bytes, std::vector<T>& slice) {
    if (!bytes.empty()) std::memcpy(slice.data(), bytes.data(), bytes.size());
  }

  template <class Sum, class Add>
  void FoldColumn(std::int64_t outer, bool first, Add add, Sum* sums) const {
    const std::int64_t slices = grid_.slab.size();
    const T* values = values_ + outer * slices;
    if (first) {
      sums[0] = below_[outer];
      std::copy(values, values + slices, sums + 1);
      sums[slices + 1] = above_[outer];
      return;
    }
    sums[0] = add(sums[0], below_[outer]);
#pragma omp simd
    for (std::int64_t z = 0; z < slices; ++z) sums[z + 1] = add(sums[z + 1], values[z]);
    sums[slices + 1] = add(sums[slices + 1], above_[outer]);
  }

  const VoxelGrid& grid_;
  const T* values_;
  std::vector<T> below_, above_;
};

/// body(row, column, outer) for every line of voxels, in parallel.
template <class Body>
void ForColumns(const VoxelGrid& grid, Body&& body) {
  if (grid.slab.empty()) return;
  ForVoxelLines(grid.outer(), [&](std::int64_t outer) {
    body(outer / grid.columns, outer % grid.columns, outer);
  });
}

}  // namespace

void InsertBoundary(const VoxelGrid& grid, const VoxelLabels& labels, VoxelMask& mask) {
  const WithHalo<std::uint8_t> values(grid, labels.line(0));
  const std::int64_t slices = grid.slab.size();
  ForColumns(grid, [&](std::int64_t row, std::int64_t column, std::int64_t outer) {
    thread_local std::vector<std::uint8_t> lowest, highest;
    lowest.resize(slices + 2);
    highest.resize(slices + 2);
    const auto least = [](std::uint8_t a, std::uint8_t b) { return a < b ? a : b; };
    const auto most = [](std::uint8_t a, std::uint8_t b) { return a > b ? a : b; };
    values.Fold(row, column, least, lowest.data());
    values.Fold(row, column, most, highest.data());
    for (std::int64_t z = 0; z < slices; ++z) {
      // A repeated voxel is a neighbour as well, or the voxel itself: it makes no boundary.
      const std::uint8_t low = least(lowest[z], least(lowest[z + 1], lowest[z + 2]));
      const std::uint8_t high = most(highest[z], most(highest[z + 1], highest[z + 2]));
      if (low != high) mask.Insert(outer, z);
    }
  });
}

void Smooth(const VoxelGrid& grid, const VoxelMask& mask, double beta, Field& x) {
  if (beta == 0) return;
  if (mask.on_device() != nullptr) return SmoothOnDevice(grid, *mask.on_device(), beta, x);
  Field smooth = Like(x);
  const WithHalo<float> values(grid, x.data());
  const std::int64_t slices = grid.slab.size();
  const bool flat = grid.slices == 1;
  const float own = static_cast<float>(1 - beta);
  const float each = static_cast<float>(beta / (flat ? 8 : 26));
  ForColumns(grid, [&](std::int64_t row, std::int64_t column, std::int64_t outer) {
    thread_local std::vector<float> sums;
    sums.resize(slices + 2);
    values.Fold(
        row, column, [](float a, float b) { return a + b; }, sums.data());
    const float* before = x.line(outer);
    float* after = smooth.line(outer);
    for (std::int64_t z = 0; z < slices; ++z) {
      const float all = flat ? sums[z + 1] : sums[z] + sums[z + 1] + sums[z + 2];
      after[z] = own * before[z] + each * (all - before[z]);
    }
  });
  Replace(mask, Side::kInMask, x,
          [&](std::int64_t outer, std::int64_t z) { return smooth.line(outer)[z]; });
}

}  // namespace tomoslab
