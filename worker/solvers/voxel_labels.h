// Small values per voxel, laid out as a volume field is: materials, and which voxels are free.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "worker/core/parallel.h"
#include "worker/operators/field.h"
#include "worker/operators/voxel_grid.h"
#include "worker/solvers/dart_on_device.h"

namespace tomoslab {

/// The material of every voxel held here, [row · columns + column][slice], 0 = air; one byte each.
class VoxelLabels {
 public:
  /// accelerator: where they are, outlives them; nullptr = host memory.
  explicit VoxelLabels(const VoxelGrid& grid, Accelerator* accelerator = nullptr)
      : slices_(grid.slab.size()) {
    if (accelerator == nullptr) {
      labels_.resize(grid.local_voxels(), 0);
    } else {
      on_device_.emplace(accelerator, grid.local_voxels());
    }
  }
  /// nullptr: in host memory.
  const VoxelBytes* on_device() const { return on_device_ ? &*on_device_ : nullptr; }
  /// In host memory.
  std::uint8_t* line(std::int64_t outer) { return labels_.data() + outer * slices_; }
  const std::uint8_t* line(std::int64_t outer) const { return labels_.data() + outer * slices_; }

 private:
  std::int64_t slices_;
  std::vector<std::uint8_t> labels_;
  std::optional<VoxelBytes> on_device_;
};

/// A set of voxels: one bit for each voxel held here, on an accelerator one byte. Different outer
/// indices may be written by different threads.
class VoxelMask {
 public:
  /// accelerator: as for VoxelLabels.
  explicit VoxelMask(const VoxelGrid& grid, Accelerator* accelerator = nullptr)
      : words_per_line_((grid.slab.size() + 63) / 64) {
    if (accelerator == nullptr) {
      words_.resize(grid.outer() * words_per_line_, 0);
    } else {
      on_device_.emplace(accelerator, grid.local_voxels());
    }
  }
  /// nullptr: in host memory.
  const VoxelBytes* on_device() const { return on_device_ ? &*on_device_ : nullptr; }

  /// In host memory.
  bool Contains(std::int64_t outer, std::int64_t slice) const {
    return (words_[outer * words_per_line_ + slice / 64] >> (slice % 64) & 1) != 0;
  }
  void Insert(std::int64_t outer, std::int64_t slice) {
    words_[outer * words_per_line_ + slice / 64] |= std::uint64_t{1} << (slice % 64);
  }

 private:
  std::int64_t words_per_line_;
  std::vector<std::uint64_t> words_;
  std::optional<VoxelBytes> on_device_;
};

/// body(outer) for every line of voxels, in parallel.
template <class Body>
void ForVoxelLines(std::int64_t outer, Body&& body) {
  constexpr std::int64_t kLines = 256;  // a thread takes at a time
  ParallelFor(0, (outer + kLines - 1) / kLines, [&](std::int64_t block) {
    for (std::int64_t line = block * kLines; line < std::min(outer, (block + 1) * kLines); ++line)
      body(line);
  });
}

enum class Side { kInMask, kOutOfMask };

/// x ← value(outer, local slice) for the voxels on one side of the mask; in host memory.
template <class Value>
void Replace(const VoxelMask& mask, Side side, Field& x, Value&& value) {
  ForVoxelLines(x.outer(), [&](std::int64_t outer) {
    float* line = x.line(outer);
    for (std::int64_t z = 0; z < x.inner_size(); ++z) {
      if (mask.Contains(outer, z) == (side == Side::kInMask)) line[z] = value(outer, z);
    }
  });
}

/// x ← 0 outside the mask.
inline void KeepOnly(const VoxelMask& mask, Field& x) {
  if (mask.on_device() != nullptr) return KeepOnlyOnDevice(*mask.on_device(), x);
  Replace(mask, Side::kOutOfMask, x, [](std::int64_t, std::int64_t) { return 0.0f; });
}

}  // namespace tomoslab
