// tomoslab simulate: a phantom's scan, computed without voxels.
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/commands.h"
#include "client/exit_code.h"
#include "client/interrupt.h"
#include "client/job_display.h"
#include "proto/beam_model_values.h"
#include "worker/core/status.h"
#include "worker/data/simulate_file.h"

namespace tomoslab {
namespace {

absl::StatusOr<Quantity> QuantityByName(const std::string& name) {
  if (name == "transmission") return Quantity::kTransmission;
  if (name == "counts") return Quantity::kCounts;
  if (name == "line-integrals") return Quantity::kLineIntegrals;
  return absl::InvalidArgumentError(
      absl::StrCat("--quantity ", name, " is none of transmission, counts, line-integrals"));
}

/// The case's parts that flags replace.
absl::StatusOr<PhantomCaseOptions> CaseOptions(const SimulateOptions& options) {
  PhantomCaseOptions replaced = options.phantom_case;
  if (!options.beam.IsSet()) return replaced;
  v1::BeamModel message;
  TOMOSLAB_RETURN_IF_ERROR(ApplyBeamOptions(options.beam, &message));
  TOMOSLAB_ASSIGN_OR_RETURN(BeamDescription beam, ToBeamDescription(message));
  replaced.beam = PhantomBeam{std::move(beam.source), std::move(beam.detector),
                              beam.reference_energy_kev, beam.scatter_fraction};
  return replaced;
}

absl::Status Simulate(const SimulateOptions& options) {
  TOMOSLAB_ASSIGN_OR_RETURN(const PhantomCaseOptions replaced, CaseOptions(options));
  TOMOSLAB_ASSIGN_OR_RETURN(const PhantomCase phantom_case,
                            ReadPhantomCase(options.case_file, replaced));
  SimulationOptions simulation;
  simulation.counts = options.counts.value_or(phantom_case.counts);
  simulation.seed = options.seed;
  TOMOSLAB_ASSIGN_OR_RETURN(simulation.quantity, QuantityByName(options.quantity));
  JobDisplay display(ModeOfStdout());
  const auto progress = [&](const char* what) {
    return [&display, what](int done, int total) {
      display.ShowPassing(absl::StrFormat("%s %d of %d", what, done, total));
      return !Interrupted();
    };
  };
  TOMOSLAB_RETURN_IF_ERROR(
      WriteSimulatedScan(phantom_case, simulation, options.output, progress("view")));
  const Detector& detector = phantom_case.scan.detector;
  display.ShowLine(absl::StrFormat(
      "%s: %s, %d views of %d x %d pixels, %s, %s", options.output, phantom_case.name,
      phantom_case.scan.views.size(), detector.rows, detector.columns, Name(simulation.quantity),
      simulation.counts > 0
          ? absl::StrFormat("%g photons per pixel, seed %d", simulation.counts, simulation.seed)
          : "without noise"));
  if (options.truth.empty()) return absl::OkStatus();
  TOMOSLAB_RETURN_IF_ERROR(WriteTruth(phantom_case, options.truth, progress("slice")));
  display.ShowLine(absl::StrCat(options.truth, ": the truth, ", phantom_case.volume.ToString()));
  return absl::OkStatus();
}

}  // namespace

int RunSimulate(const SimulateOptions& options) { return ReportError(Simulate(options)); }

}  // namespace tomoslab
