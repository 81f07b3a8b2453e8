// Random numbers that are the same wherever they are computed.
#pragma once

#include <cstdint>

#include "worker/core/host_device.h"

namespace tomoslab {

/// A number in [0, 1) that is the same wherever it is computed: a splitmix64 finalizer over seed,
/// outer iteration and global voxel index (Steele, Lea & Flood, OOPSLA 2014), so that random
/// voxels depend on neither ranks nor threads.
///   voxel: (slice · rows + row) · columns + column in the whole volume.
TOMOSLAB_HOST_DEVICE inline double UniformOf(std::uint64_t seed, std::uint64_t iteration,
                                             std::uint64_t voxel) {
  const std::uint64_t key = seed * 0x9E3779B97F4A7C15u + iteration * 0xD1B54A32D192ED03u;
  std::uint64_t z = (voxel + key) * 0x9E3779B97F4A7C15u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  z ^= z >> 31;
  return static_cast<double>(z >> 11) * 0x1p-53;
}

}  // namespace tomoslab
