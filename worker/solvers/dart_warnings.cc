#include "worker/solvers/dart_warnings.h"

#include "absl/strings/str_format.h"

namespace tomoslab {
namespace {

constexpr int kNothing = 0, kFit = -1;  // materials count from 1

bool OnlyAir(const LabelCounts& counts) {
  for (std::size_t m = 1; m < counts.voxels.size(); ++m) {
    if (counts.voxels[m] > 0) return false;
  }
  return true;
}

}  // namespace

std::vector<std::string> DartWarnings::New(const LabelCounts& counts,
                                           const MaterialBasis& materials,
                                           const std::string& of_fit, double largest) {
  std::vector<std::string> warnings;
  if (!of_fit.empty() && said_.insert(kFit).second) warnings.push_back(of_fit);
  if (OnlyAir(counts)) {
    if (said_.insert(kNothing).second) {
      warnings.push_back(absl::StrFormat(
          "no voxel reaches %.4g 1/mm, half of the smallest grey value, so all of them are air "
          "(the "
          "image's largest value is %.4g 1/mm): all voxels stay free. Are the grey values in 1/mm?",
          materials.node_per_mm(1) / 2, largest));
    }
    return warnings;
  }
  for (int m = 1; m <= materials.materials(); ++m) {
    if (counts.voxels[m] > 0 || !said_.insert(m).second) continue;
    warnings.push_back(absl::StrFormat(
        "no voxel has the grey value %.4g 1/mm (material %d of %d): it keeps this value, and takes "
        "part again when voxels come near it (the image's largest value is %.4g 1/mm)",
        materials.node_per_mm(m), m, materials.materials(), largest));
  }
  return warnings;
}

}  // namespace tomoslab
