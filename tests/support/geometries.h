// One small scan of every kind of geometry, for tests by law; and a deterministic stream of
// numbers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "worker/geometry/scan.h"
#include "worker/geometry/volume.h"

namespace tomoslab::testing {

struct NamedGeometry {
  std::string name;
  Scan scan;
  Volume volume;
};

/// Parallel, fan, cone, half-fan, shifted axis, shifted detector, anisotropic pixels and voxels,
/// off-centre volume, rotated detector, laminography, helical and random per-view vectors: odd
/// sizes, uneven angles.
std::vector<NamedGeometry> AllGeometries(int views = 11);

/// The geometry with its whole volume, with three of its slices, and with its first and its last
/// slice alone.
std::vector<NamedGeometry> WithSlabs(const NamedGeometry& whole);

/// Uniform in [−1, 1), the same for the same seed and index everywhere.
float Noise(std::uint64_t seed, std::int64_t index);

}  // namespace tomoslab::testing
