#include "worker/data/phantom_truth.h"

#include <algorithm>

#include "worker/core/parallel.h"

namespace tomoslab {
namespace {

// How many of the voxel's points lie in air and in each material.
void CountMaterials(const PhantomCase& phantom_case, int x, int y, int z,
                    std::vector<int>& points) {
  const int sub = phantom_case.dimensions == 2 ? 8 : 4;
  const int sub_slices = phantom_case.dimensions == 2 ? 1 : sub;
  const auto offset = [](int i, int count) { return (i - (count - 1) / 2.0) / count; };
  std::fill(points.begin(), points.end(), 0);
  for (int k = 0; k < sub_slices; ++k) {
    for (int j = 0; j < sub; ++j) {
      for (int i = 0; i < sub; ++i) {
        const Vec3 point = phantom_case.volume.VoxelCenter(x + offset(i, sub), y + offset(j, sub),
                                                           z + offset(k, sub_slices));
        ++points[MaterialAt(phantom_case.phantom, point) + 1];
      }
    }
  }
}

}  // namespace

TruthSlice SampleTruth(const PhantomCase& phantom_case, int slice) {
  const Volume& volume = phantom_case.volume;
  const std::int64_t voxels = std::int64_t{volume.rows} * volume.columns;
  TruthSlice truth{std::vector<float>(voxels), std::vector<std::uint8_t>(voxels)};
  ParallelFor(0, volume.rows, [&](std::int64_t y) {
    std::vector<int> points(phantom_case.phantom.materials.size() + 1);
    for (int x = 0; x < volume.columns; ++x) {
      CountMaterials(phantom_case, x, static_cast<int>(y), slice, points);
      double sum = 0;
      int total = points[0];
      for (std::size_t m = 1; m < points.size(); ++m) {
        sum += points[m] * phantom_case.node_per_mm[m - 1];
        total += points[m];
      }
      const std::int64_t voxel = y * volume.columns + x;
      truth.attenuation_per_mm[voxel] = static_cast<float>(sum / total);
      truth.label[voxel] = static_cast<std::uint8_t>(
          std::max_element(points.begin(), points.end()) - points.begin());
    }
  });
  return truth;
}

}  // namespace tomoslab
