#include "proto/volume_content.h"

#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "proto/algorithm_values.h"
#include "proto/beam_model_values.h"
#include "proto/material_values.h"
#include "worker/core/status.h"
#include "worker/physics/make_beam_model.h"

namespace tomoslab {
namespace {

using Map = std::function<double(const MaterialBasis&, double)>;

absl::StatusOr<Map> MapOfMaterial(const v1::Job& job, const std::string& name) {
  std::vector<std::string> names;
  for (const v1::MaterialReport::Entry& entry : job.materials().entry()) {
    if (entry.name() == name) {
      const int material = static_cast<int>(names.size());
      return [material](const MaterialBasis& basis, double x) { return basis.Amount(material, x); };
    }
    names.push_back(entry.name());
  }
  return absl::InvalidArgumentError(absl::StrFormat("%s has no material \"%s\"; it has %s",
                                                    job.name(), name, absl::StrJoin(names, ", ")));
}

absl::StatusOr<Map> MapOfEnergy(const v1::Job& job, double energy_kev) {
  if (!job.spec().has_beam_model()) {
    return absl::FailedPreconditionError(
        absl::StrFormat("%s was reconstructed by %s, which knows no energies: only polychromatic "
                        "jobs (poly-bb, poly-sirt, poly-dart) have virtual ones",
                        job.name(), AlgorithmName(job.spec().algorithm())));
  }
  TOMOSLAB_ASSIGN_OR_RETURN(const BeamDescription description,
                            ToBeamDescription(job.spec().beam_model()));
  TOMOSLAB_ASSIGN_OR_RETURN(std::vector<double> attenuation,
                            AttenuationsAt(description, ToBeamModel(job.materials()), energy_kev));
  const int materials = job.materials().entry_size() - 1;
  if (static_cast<int>(attenuation.size()) != materials) {
    return absl::DataLossError(
        absl::StrFormat("%s reports %d materials, of which its beam model knows %d", job.name(),
                        materials, attenuation.size()));
  }
  for (std::size_t m = 0; m < attenuation.size(); ++m)
    attenuation[m] *= job.materials().entry(static_cast<int>(m) + 1).density_factor();
  return [attenuation = std::move(attenuation)](const MaterialBasis& basis, double x) {
    return basis.VirtualAttenuation(x, attenuation);
  };
}

}  // namespace

std::size_t BytesPerVoxel(const v1::VolumeContent& content) {
  return content.labels() ? 1 : sizeof(float);
}

absl::StatusOr<ContentOfVolume> ContentOfVolume::Create(const v1::Job& job,
                                                        const v1::VolumeContent& content) {
  ContentOfVolume result;
  const bool stored = content.kind_case() == v1::VolumeContent::KIND_NOT_SET ||
                      (content.has_labels() && !content.labels());
  if (stored) return result;
  if (job.materials().entry_size() < 2) {
    return absl::FailedPreconditionError(
        absl::StrFormat("%s has no materials (its algorithm is %s): only its attenuation can be "
                        "read; dart, poly-bb, poly-sirt and poly-dart tell materials apart",
                        job.name(), AlgorithmName(job.spec().algorithm())));
  }
  if (const absl::Status checked = CheckMaterials(job.materials()); !checked.ok()) {
    return absl::DataLossError(absl::StrFormat("what is kept of the materials of %s is damaged: %s",
                                               job.name(), checked.message()));
  }
  result.basis_.emplace(NodesOf(job.materials()));
  result.labels_ = content.labels();
  if (content.has_material()) {
    TOMOSLAB_ASSIGN_OR_RETURN(result.map_, MapOfMaterial(job, content.material()));
  } else if (content.has_virtual_energy_kev()) {
    TOMOSLAB_ASSIGN_OR_RETURN(result.map_, MapOfEnergy(job, content.virtual_energy_kev()));
  }
  return result;
}

std::string ContentOfVolume::Convert(absl::Span<const float> attenuation_per_mm) const {
  std::string bytes(attenuation_per_mm.size() * bytes_per_voxel(), '\0');
  if (labels_) {
    for (std::size_t i = 0; i < attenuation_per_mm.size(); ++i)
      bytes[i] = static_cast<char>(basis_->Label(attenuation_per_mm[i]));
    return bytes;
  }
  float* values = reinterpret_cast<float*>(bytes.data());
  for (std::size_t i = 0; i < attenuation_per_mm.size(); ++i) {
    const float x = attenuation_per_mm[i];
    values[i] = map_ ? static_cast<float>(map_(*basis_, x)) : x;
  }
  return bytes;
}

}  // namespace tomoslab
