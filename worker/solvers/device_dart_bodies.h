// What one GPU thread computes of DART (worker/solvers/dart_loop.h), as plain functors that the
// host can call too: the same labels, masks and counts as the CPU's, bit for bit. Voxels lie as in
// a volume field, [row · columns + column][slice]; masks hold one byte per voxel, 1 in the mask.
#pragma once

#include <cstdint>

#include "worker/core/host_device.h"
#include "worker/physics/material_table.h"
#include "worker/solvers/uniform_of.h"

namespace tomoslab::device {

/// The voxels of a rank: its slices of a volume of columns × rows × slices.
struct VoxelSlab {
  std::int64_t columns, rows, slices;
  std::int64_t first, count;  // the slices held here

  TOMOSLAB_HOST_DEVICE std::int64_t outer() const { return columns * rows; }
  TOMOSLAB_HOST_DEVICE std::int64_t voxels() const { return outer() * count; }
};

/// Sums of integers over voxels: part p of `parts` adds up voxels p, p + parts, …; TotalBody adds
/// the parts.
inline constexpr std::int64_t kCountParts = 16384;

/// What segmentation counts: the voxels of every label, and those whose label changed.
inline constexpr int kLabelCounts = kMostMaterials + 2;

/// labels ← the material of every voxel of x; counts[part][label], the last of them changed labels.
struct SegmentBody {
  MaterialLabels materials;
  const float* x;
  std::int64_t voxels;
  std::uint8_t* labels;
  std::int64_t* counts;

  TOMOSLAB_HOST_DEVICE void operator()(std::int64_t part) const {
    std::int64_t of_part[kLabelCounts] = {};
    for (std::int64_t i = part; i < voxels; i += kCountParts) {
      const int now = materials.Label(static_cast<double>(x[i]));
      for (int label = 0; label <= kMostMaterials; ++label) of_part[label] += now == label ? 1 : 0;
      of_part[kMostMaterials + 1] += now != labels[i] ? 1 : 0;
      labels[i] = static_cast<std::uint8_t>(now);
    }
    for (int i = 0; i < kLabelCounts; ++i) counts[part * kLabelCounts + i] = of_part[i];
  }
};

/// counts[part] ← the voxels of the part that are in the mask.
struct CountMaskBody {
  const std::uint8_t* mask;
  std::int64_t voxels;
  std::int64_t* counts;

  TOMOSLAB_HOST_DEVICE void operator()(std::int64_t part) const {
    std::int64_t of_part = 0;
    for (std::int64_t i = part; i < voxels; i += kCountParts) of_part += mask[i];
    counts[part] = of_part;
  }
};

/// totals[i] ← Σ over the parts of counts[part][i], i in [0, width).
struct TotalBody {
  const std::int64_t* counts;
  std::int64_t width;
  std::int64_t* totals;

  TOMOSLAB_HOST_DEVICE void operator()(std::int64_t i) const {
    std::int64_t total = 0;
    for (std::int64_t part = 0; part < kCountParts; ++part) total += counts[part * width + i];
    totals[i] = total;
  }
};

/// out ← 1 where the voxel's material is `label`, else 0.
struct IndicatorBody {
  MaterialLabels materials;
  int label;
  const float* x;
  float* out;

  TOMOSLAB_HOST_DEVICE void operator()(std::int64_t i) const {
    out[i] = materials.Label(static_cast<double>(x[i])) == label ? 1.0f : 0.0f;
  }
};

/// out ← the grey value of the voxel's material.
struct DiscretizeBody {
  MaterialLabels materials;
  const float* x;
  float* out;

  TOMOSLAB_HOST_DEVICE void operator()(std::int64_t i) const {
    out[i] = materials.grey_value[materials.Label(static_cast<double>(x[i]))];
  }
};

/// A rank's voxels with one slice more on both sides, `below` and `above`, [row · columns +
/// column]. Beyond the volume's sides its outermost voxels repeat.
template <class T>
struct Halo {
  VoxelSlab slab;
  const T* values;
  const T* below;
  const T* above;

  /// Calls visit(values of slices z − 1, z, z + 1) for the 3 × 3 lines around a voxel's, in the
  /// order of the CPU.
  template <class Visit>
  TOMOSLAB_HOST_DEVICE void ForLines(std::int64_t voxel, Visit&& visit) const {
    const std::int64_t z = voxel % slab.count, outer = voxel / slab.count;
    const std::int64_t row = outer / slab.columns, column = outer % slab.columns;
    for (std::int64_t dy = -1; dy <= 1; ++dy) {
      for (std::int64_t dx = -1; dx <= 1; ++dx) {
        const std::int64_t line =
            Within(row + dy, slab.rows) * slab.columns + Within(column + dx, slab.columns);
        const T* at = values + line * slab.count + z;
        visit(z > 0 ? at[-1] : below[line], at[0], z + 1 < slab.count ? at[1] : above[line]);
      }
    }
  }

 private:
  TOMOSLAB_HOST_DEVICE static std::int64_t Within(std::int64_t i, std::int64_t count) {
    return i < 0 ? 0 : i < count ? i : count - 1;
  }
};

/// One of a rank's outermost slices, to be sent: slice[outer] ← values[outer][z].
template <class T>
struct SliceBody {
  VoxelSlab slab;
  std::int64_t z;
  const T* values;
  T* slice;

  TOMOSLAB_HOST_DEVICE void operator()(std::int64_t outer) const {
    slice[outer] = values[outer * slab.count + z];
  }
};

/// Which voxels DART picks at random.
struct RandomVoxels {
  double fraction;
  std::uint64_t seed, iteration;
};

/// free ← the voxels that have a neighbour of another label, and a few at random.
struct FreeVoxelsBody {
  Halo<std::uint8_t> labels;
  RandomVoxels random;
  std::uint8_t* free;

  TOMOSLAB_HOST_DEVICE void operator()(std::int64_t voxel) const {
    const VoxelSlab& slab = labels.slab;
    std::uint8_t least = 255, most = 0;
    labels.ForLines(voxel, [&](std::uint8_t a, std::uint8_t b, std::uint8_t c) {
      least = Least(least, Least(a, Least(b, c)));
      most = Most(most, Most(a, Most(b, c)));
    });
    const std::int64_t slice = slab.first + voxel % slab.count;
    const std::int64_t global = slice * slab.outer() + voxel / slab.count;
    const bool chosen = UniformOf(random.seed, random.iteration,
                                  static_cast<std::uint64_t>(global)) < random.fraction;
    free[voxel] = least != most || chosen ? 1 : 0;
  }

 private:
  TOMOSLAB_HOST_DEVICE static std::uint8_t Least(std::uint8_t a, std::uint8_t b) {
    return a < b ? a : b;
  }
  TOMOSLAB_HOST_DEVICE static std::uint8_t Most(std::uint8_t a, std::uint8_t b) {
    return a > b ? a : b;
  }
};

/// mask ← all voxels
struct AllVoxelsBody {
  std::uint8_t* mask;

  TOMOSLAB_HOST_DEVICE void operator()(std::int64_t voxel) const { mask[voxel] = 1; }
};

/// out ← x smoothed by β with its neighbours, in the mask; elsewhere nothing.
struct SmoothBody {
  Halo<float> x;
  const std::uint8_t* mask;
  float own, each;  // 1 − β; β over the number of neighbours
  float* out;

  TOMOSLAB_HOST_DEVICE void operator()(std::int64_t voxel) const {
    if (mask[voxel] == 0) return;
    float below = 0, here = 0, above = 0;
    x.ForLines(voxel, [&](float a, float b, float c) {
      below += a;
      here += b;
      above += c;
    });
    const float before = x.values[voxel];
    const float all = x.slab.slices == 1 ? here : below + here + above;
    out[voxel] = own * before + each * (all - before);
  }
};

/// x ← from in the mask.
struct ReplaceBody {
  const std::uint8_t* mask;
  const float* from;
  float* x;

  TOMOSLAB_HOST_DEVICE void operator()(std::int64_t i) const {
    if (mask[i] != 0) x[i] = from[i];
  }
};

/// x ← the label's grey value outside the mask.
struct FixBody {
  MaterialLabels materials;
  const std::uint8_t* mask;
  const std::uint8_t* labels;
  float* x;

  TOMOSLAB_HOST_DEVICE void operator()(std::int64_t i) const {
    if (mask[i] == 0) x[i] = materials.grey_value[labels[i]];
  }
};

/// x ← 0 outside the mask.
struct KeepOnlyBody {
  const std::uint8_t* mask;
  float* x;

  TOMOSLAB_HOST_DEVICE void operator()(std::int64_t i) const {
    if (mask[i] == 0) x[i] = 0;
  }
};

}  // namespace tomoslab::device
