// tomoslab spectrum: what a job's beam model makes of a tube, a detector and materials.
#include <google/protobuf/util/json_util.h>

#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/commands.h"
#include "client/exit_code.h"
#include "proto/beam_model_values.h"
#include "proto/values.h"
#include "worker/core/status.h"

namespace tomoslab {
namespace {

constexpr double kUsualPathMm = 100;

struct Question {
  v1::BeamModel beam_model;
  BeamDescription description;
  double longest_path_mm;
};

/// The path over which the effective energies must hold: the one asked for, else the diagonal of
/// the job's volume, else a usual one.
absl::StatusOr<double> LongestPathMm(const SpectrumOptions& options, const v1::JobSpec& spec) {
  if (options.longest_path_mm > 0) return options.longest_path_mm;
  if (!spec.has_volume()) return kUsualPathMm;
  TOMOSLAB_ASSIGN_OR_RETURN(const Volume volume, ToVolume(spec.volume()));
  return volume.DiagonalMm();
}

absl::StatusOr<Question> ReadQuestion(const SpectrumOptions& options) {
  v1::JobSpec spec;
  if (!options.job_file.empty()) {
    TOMOSLAB_ASSIGN_OR_RETURN(spec, ReadJobFile(options.job_file));
  }
  TOMOSLAB_RETURN_IF_ERROR(ApplyBeamOptions(options.beam, spec.mutable_beam_model()));
  Question question{spec.beam_model(), {}, 0};
  TOMOSLAB_ASSIGN_OR_RETURN(question.description, ToBeamDescription(spec.beam_model()));
  TOMOSLAB_ASSIGN_OR_RETURN(question.longest_path_mm, LongestPathMm(options, spec));
  return question;
}

/// One column per material behind the shares: serves as spectrum_csv and as attenuation_csv of a
/// phantom case alike.
absl::Status WriteCsv(const FullSpectrum& full, const std::vector<std::string>& materials,
                      const std::string& path) {
  std::ofstream file(path);
  file << "# detected spectrum (weights add up to 1); attenuation in 1/mm\nenergy_keV,weight";
  for (const std::string& name : materials) file << ',' << name;
  file << '\n';
  for (std::size_t e = 0; e < full.spectrum.share.size(); ++e) {
    file << absl::StrFormat("%.10g,%.10g", full.spectrum.energy_kev[e], full.spectrum.share[e]);
    for (const std::vector<double>& attenuation : full.attenuation_per_mm)
      file << absl::StrFormat(",%.10g", attenuation[e]);
    file << '\n';
  }
  file.close();
  if (!file) return absl::UnavailableError(absl::StrCat(path, ": cannot be written"));
  return absl::OkStatus();
}

absl::Status WriteJson(const v1::BeamModel& beam_model, const std::string& path) {
  google::protobuf::util::JsonPrintOptions format;
  format.add_whitespace = true;
  std::string json;
  if (!google::protobuf::util::MessageToJsonString(beam_model, &json, format).ok())
    return absl::InternalError("the beam model has no JSON form");
  std::ofstream file(path);
  file << json;
  file.close();
  if (!file) return absl::UnavailableError(absl::StrCat(path, ": cannot be written"));
  return absl::OkStatus();
}

void PrintSpectrum(const Spectrum& spectrum) {
  std::printf("detected spectrum  %zu energies, %g .. %g keV, mean %.1f keV\n",
              spectrum.energy_kev.size(), spectrum.energy_kev.front(), spectrum.energy_kev.back(),
              MeanEnergyKev(spectrum));
}

void PrintModel(const MadeBeamModel& made, double longest_path_mm) {
  const BeamModel& model = made.model;
  std::printf("reference energy   %g keV\n", model.reference_energy_kev);
  for (const BeamMaterial& material : model.materials)
    std::printf("material           %s: %.6g 1/mm\n", material.name.c_str(),
                material.reference_per_mm);
  std::printf("effective energies %zu, line integrals within %.1e for paths up to %g mm%s\n",
              model.energies(), model.compression_error, longest_path_mm,
              model.has_scatter() ? "; 0 keV: scatter" : "");
  std::printf("\n%10s %10s", "keV", "share");
  for (const BeamMaterial& material : model.materials)
    std::printf(" %14s", absl::StrCat(material.name, " 1/mm").c_str());
  std::printf("\n");
  for (std::size_t e = 0; e < model.energy_kev.size(); ++e) {
    std::printf("%10.4g %10.6f", model.energy_kev[e], model.share[e]);
    for (const BeamMaterial& material : model.materials)
      std::printf(" %14.6g", material.attenuation_per_mm[e]);
    std::printf("\n");
  }
  for (const std::string& warning : made.warnings) std::printf("\nwarning: %s\n", warning.c_str());
}

absl::Status ShowSpectrum(const SpectrumOptions& options) {
  TOMOSLAB_ASSIGN_OR_RETURN(const Question question, ReadQuestion(options));
  MadeBeamModel made;
  std::vector<std::string> names;
  if (question.description.materials.empty()) {  // the beam alone
    TOMOSLAB_ASSIGN_OR_RETURN(made.full.spectrum, DetectedSpectrum(question.description.source,
                                                                   question.description.detector));
    PrintSpectrum(made.full.spectrum);
  } else {
    TOMOSLAB_ASSIGN_OR_RETURN(made, MakeBeamModel(question.description, question.longest_path_mm));
    for (const BeamMaterial& material : made.model.materials) names.push_back(material.name);
    PrintSpectrum(made.full.spectrum);
    PrintModel(made, question.longest_path_mm);
  }
  if (!options.beam_model_output.empty())
    TOMOSLAB_RETURN_IF_ERROR(WriteJson(question.beam_model, options.beam_model_output));
  if (options.output.empty()) return absl::OkStatus();
  return WriteCsv(made.full, names, options.output);
}

}  // namespace

int RunSpectrum(const SpectrumOptions& options) { return ReportError(ShowSpectrum(options)); }

}  // namespace tomoslab
