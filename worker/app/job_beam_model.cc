#include "worker/app/job_beam_model.h"

#include <string>

#include "absl/strings/str_format.h"
#include "proto/beam_model_values.h"
#include "proto/material_values.h"
#include "worker/app/job_runner.h"
#include "worker/core/status.h"

namespace tomoslab {
namespace {

std::string Describe(const BeamModel& model) {
  std::string text = absl::StrFormat(
      "the spectrum is represented by %d energies to %.1g in line integrals; values are "
      "attenuation at %.4g keV:",
      model.energy_kev.size(), model.compression_error, model.reference_energy_kev);
  for (const BeamMaterial& material : model.materials) {
    absl::StrAppendFormat(&text, "%s %s %.5g/mm", &material == &model.materials[0] ? "" : ",",
                          material.name, material.reference_per_mm);
  }
  return text;
}

}  // namespace

absl::StatusOr<BeamModel> PrepareBeamModel(const DistributedProjector& A, const v1::JobSpec& spec,
                                           ProgressReporter& reporter) {
  const Communicator& ranks = A.ranks();
  absl::StatusOr<MadeBeamModel> made = MadeBeamModel{};
  if (ranks.rank() == 0) made = MakeBeamModel(spec.beam_model(), A.volume());
  TOMOSLAB_RETURN_IF_ERROR(Agree(ranks, made.status()));
  v1::MaterialReport report;
  if (!report.ParseFromString(ranks.Broadcast(ToProto(made->model).SerializeAsString(), 0)))
    return absl::InternalError("the beam model got lost between ranks");
  // All ranks take part in every report, so all must know the warnings.
  v1::JobPlan warnings;
  for (const std::string& warning : made->warnings) warnings.add_warning(warning);
  if (!warnings.ParseFromString(ranks.Broadcast(warnings.SerializeAsString(), 0)))
    return absl::InternalError("the beam model's warnings got lost between ranks");
  const BeamModel model = ToBeamModel(report);
  reporter.Materials(report);
  reporter.Log(v1::INFO, Describe(model));
  for (const std::string& warning : warnings.warning()) reporter.Log(v1::WARNING, warning);
  return model;
}

}  // namespace tomoslab
