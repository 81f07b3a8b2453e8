#include "worker/app/job_beam_model.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
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
      "the spectrum is represented by %d energies to %.1g in line integrals%s; values are "
      "attenuation at %.4g keV:",
      model.energies(), model.compression_error,
      model.has_scatter() ? absl::StrFormat(", with %.3g %% scatter", 100 * model.share.front())
                          : "",
      model.reference_energy_kev);
  for (const BeamMaterial& material : model.materials) {
    absl::StrAppendFormat(&text, "%s %s %.5g/mm", &material == &model.materials[0] ? "" : ",",
                          material.name, material.reference_per_mm);
  }
  return text;
}

/// Of line integrals that no thickness of any material explains, when they are more than a few.
void WarnOfDarkRays(const Field& b, double scatter_fraction, const Communicator& ranks,
                    ProgressReporter& reporter) {
  constexpr double kFew = 1e-3;
  const double limit = -std::log(scatter_fraction);
  std::int64_t here = 0;
  ForParts(b, [&](absl::Span<const float> values) {
    here +=
        std::count_if(values.begin(), values.end(), [&](float value) { return value >= limit; });
  });
  const std::int64_t dark = ranks.SumCounts(here);
  const double share = static_cast<double>(dark) / static_cast<double>(ranks.SumCounts(b.size()));
  if (share < kFew) return;
  reporter.Log(v1::WARNING, absl::StrFormat("%.2g %% of the line integrals are %.3g or more, which "
                                            "scatter_fraction = %g leaves no ray: it is too large",
                                            100 * share, limit, scatter_fraction));
}

}  // namespace

absl::StatusOr<BeamModel> PrepareBeamModel(const DistributedProjector& A, const Field& b,
                                           const v1::JobSpec& spec, ProgressReporter& reporter) {
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
  if (spec.beam_model().scatter_fraction() > 0)
    WarnOfDarkRays(b, spec.beam_model().scatter_fraction(), ranks, reporter);
  return model;
}

}  // namespace tomoslab
