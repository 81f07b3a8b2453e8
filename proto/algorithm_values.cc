#include "proto/algorithm_values.h"

#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "proto/dart_values.h"
#include "worker/core/status.h"

namespace tomoslab {
namespace {

using Kind = v1::Algorithm::KindCase;

constexpr int kMaxIterations = 1'000'000;

constexpr std::array<std::pair<Kind, const char*>, 8> kNames = {{
    {Kind::kFdk, "fdk"},
    {Kind::kSirt, "sirt"},
    {Kind::kCgls, "cgls"},
    {Kind::kBb, "bb"},
    {Kind::kPolyBb, "poly-bb"},
    {Kind::kPolySirt, "poly-sirt"},
    {Kind::kDart, "dart"},
    {Kind::kPolyDart, "poly-dart"},
}};

absl::Status CheckStopping(const v1::Stopping& stopping) {
  if (stopping.iterations() < 1 || stopping.iterations() > kMaxIterations) {
    return absl::InvalidArgumentError(
        absl::StrFormat("algorithm.stopping.iterations = %d must be between 1 and %d",
                        stopping.iterations(), kMaxIterations));
  }
  for (const auto& [field, value] : {std::pair{"relative_residual", stopping.relative_residual()},
                                     {"relative_update", stopping.relative_update()}}) {
    if (!(value >= 0 && value < 1)) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "algorithm.stopping.%s = %g must be in [0, 1); 0 switches it off", field, value));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckBounds(const v1::Bounds& bounds) {
  const double lower =
      bounds.has_lower_per_mm() ? bounds.lower_per_mm() : -std::numeric_limits<double>::infinity();
  const double upper =
      bounds.has_upper_per_mm() ? bounds.upper_per_mm() : std::numeric_limits<double>::infinity();
  if (std::isnan(lower) || std::isnan(upper) || !(lower < upper)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "bounds: lower_per_mm = %g must be less than upper_per_mm = %g (both in 1/mm)", lower,
        upper));
  }
  return absl::OkStatus();
}

absl::Status CheckRelaxation(const char* algorithm, double relaxation) {
  if (relaxation >= 0 && relaxation < 2) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrFormat("%s.relaxation = %g must be in (0, 2) for SIRT to converge; 0 stands for 1",
                      algorithm, relaxation));
}

absl::Status CheckStepRule(const char* algorithm, v1::BarzilaiBorwein::StepRule rule) {
  if (v1::BarzilaiBorwein::StepRule_IsValid(rule)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrFormat("%s.step_rule = %d is neither BB1 nor BB2", algorithm, rule));
}

absl::Status CheckPolyBb(const v1::PolyBarzilaiBorwein& poly_bb) {
  TOMOSLAB_RETURN_IF_ERROR(CheckStepRule("poly_bb", poly_bb.step_rule()));
  const v1::PolychromaticMisfit& misfit = poly_bb.misfit();
  if (!v1::PolychromaticMisfit::Domain_IsValid(misfit.domain())) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "poly_bb.misfit.domain = %d is neither LINE_INTEGRALS nor TRANSMISSIONS", misfit.domain()));
  }
  if (!v1::PolychromaticMisfit::Weights_IsValid(misfit.weights())) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "poly_bb.misfit.weights = %d is neither UNIT nor STATISTICAL", misfit.weights()));
  }
  if (poly_bb.linear_adjoint() && misfit.domain() == v1::PolychromaticMisfit::TRANSMISSIONS) {
    return absl::InvalidArgumentError(
        "poly_bb.linear_adjoint stands for the gradient of line integrals only; leave "
        "poly_bb.misfit.domain at LINE_INTEGRALS, or linear_adjoint off");
  }
  return absl::OkStatus();
}

/// What only this algorithm has.
absl::Status CheckOwnFields(const v1::Algorithm& algorithm) {
  switch (algorithm.kind_case()) {
    case Kind::kFdk:
      return CheckFdk(algorithm.fdk());
    case Kind::kSirt:
      return CheckRelaxation("sirt", algorithm.sirt().relaxation());
    case Kind::kBb:
      return CheckStepRule("bb", algorithm.bb().step_rule());
    case Kind::kPolyBb:
      return CheckPolyBb(algorithm.poly_bb());
    case Kind::kPolySirt:
      return CheckRelaxation("poly_sirt", algorithm.poly_sirt().relaxation());
    case Kind::kDart:
    case Kind::kPolyDart:
      return CheckDart(algorithm);
    default:
      return absl::OkStatus();
  }
}

}  // namespace

absl::Status CheckFdk(const v1::Fdk& fdk) {
  if (!v1::Fdk::Window_IsValid(fdk.window())) {
    return absl::InvalidArgumentError(
        absl::StrFormat("fdk.window = %d is none of the known windows", fdk.window()));
  }
  if (!(fdk.cutoff() >= 0 && fdk.cutoff() <= 1)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "fdk.cutoff = %g must be in (0, 1], a fraction of the Nyquist frequency; 0 stands for 1",
        fdk.cutoff()));
  }
  return absl::OkStatus();
}

absl::Status CheckAlgorithm(const v1::Algorithm& algorithm) {
  if (*AlgorithmName(algorithm) == '\0') {
    return absl::InvalidArgumentError("job.algorithm is not set; it must be one of " +
                                      AlgorithmNames());
  }
  v1::Algorithm copy = algorithm;  // MutableStopping and MutableBounds know where to look
  CompleteDart(&copy);             // its number of iterations has a default
  if (const v1::Stopping* stopping = MutableStopping(&copy)) {
    TOMOSLAB_RETURN_IF_ERROR(CheckStopping(*stopping));
  }
  TOMOSLAB_RETURN_IF_ERROR(CheckOwnFields(algorithm));
  const v1::Bounds* bounds = MutableBounds(&copy);
  return bounds == nullptr ? absl::OkStatus() : CheckBounds(*bounds);
}

void CompleteFdk(v1::Fdk* fdk) {
  if (fdk->window() == v1::Fdk::WINDOW_UNSPECIFIED) fdk->set_window(v1::Fdk::RAM_LAK);
  if (fdk->cutoff() == 0) fdk->set_cutoff(1);
}

void CompleteAlgorithm(v1::Algorithm* algorithm) {
  const auto complete_bb = [](auto* bb) {
    if (bb->step_rule() == v1::BarzilaiBorwein::STEP_RULE_UNSPECIFIED)
      bb->set_step_rule(v1::BarzilaiBorwein::BB2);
  };
  const auto complete_sirt = [](auto* sirt) {
    if (sirt->relaxation() == 0) sirt->set_relaxation(1);
  };
  switch (algorithm->kind_case()) {
    case Kind::kFdk:
      return CompleteFdk(algorithm->mutable_fdk());
    case Kind::kSirt:
      return complete_sirt(algorithm->mutable_sirt());
    case Kind::kBb:
      return complete_bb(algorithm->mutable_bb());
    case Kind::kPolySirt:
      return complete_sirt(algorithm->mutable_poly_sirt());
    case Kind::kPolyBb: {
      complete_bb(algorithm->mutable_poly_bb());
      v1::PolychromaticMisfit* misfit = algorithm->mutable_poly_bb()->mutable_misfit();
      if (misfit->domain() == v1::PolychromaticMisfit::DOMAIN_UNSPECIFIED)
        misfit->set_domain(v1::PolychromaticMisfit::LINE_INTEGRALS);
      if (misfit->weights() == v1::PolychromaticMisfit::WEIGHTS_UNSPECIFIED)
        misfit->set_weights(v1::PolychromaticMisfit::UNIT);
      return;
    }
    case Kind::kDart:
    case Kind::kPolyDart:
      return CompleteDart(algorithm);
    default:
      return;
  }
}

const char* AlgorithmName(const v1::Algorithm& algorithm) {
  for (const auto& [kind, name] : kNames) {
    if (algorithm.kind_case() == kind) return name;
  }
  return "";
}

bool ChooseAlgorithm(std::string_view name, v1::Algorithm* algorithm) {
  if (name == "fbp") name = "fdk";
  for (const auto& [kind, known] : kNames) {
    if (name != known) continue;
    if (algorithm->kind_case() == kind) return true;
    const auto* field = v1::Algorithm::descriptor()->FindFieldByNumber(kind);
    algorithm->GetReflection()->MutableMessage(algorithm, field);
    return true;
  }
  return false;
}

std::string AlgorithmNames() {
  return absl::StrJoin(kNames, ", ", [](std::string* out, const auto& entry) {
    absl::StrAppend(out, entry.second);
  });
}

v1::Stopping* MutableStopping(v1::Algorithm* algorithm) {
  switch (algorithm->kind_case()) {
    case Kind::kSirt:
      return algorithm->mutable_sirt()->mutable_stopping();
    case Kind::kCgls:
      return algorithm->mutable_cgls()->mutable_stopping();
    case Kind::kBb:
      return algorithm->mutable_bb()->mutable_stopping();
    case Kind::kPolyBb:
      return algorithm->mutable_poly_bb()->mutable_stopping();
    case Kind::kPolySirt:
      return algorithm->mutable_poly_sirt()->mutable_stopping();
    case Kind::kDart:
    case Kind::kPolyDart:
      return MutableDartLoop(algorithm)->mutable_stopping();
    default:
      return nullptr;
  }
}

v1::Bounds* MutableBounds(v1::Algorithm* algorithm) {
  switch (algorithm->kind_case()) {
    case Kind::kSirt:
      return algorithm->mutable_sirt()->mutable_bounds();
    case Kind::kBb:
      return algorithm->mutable_bb()->mutable_bounds();
    case Kind::kPolyBb:
      return algorithm->mutable_poly_bb()->mutable_bounds();
    case Kind::kPolySirt:
      return algorithm->mutable_poly_sirt()->mutable_bounds();
    default:
      return nullptr;
  }
}

int IterationsPlanned(const v1::JobSpec& spec) {
  v1::Algorithm algorithm = spec.algorithm();
  const v1::Stopping* stopping = MutableStopping(&algorithm);
  return stopping == nullptr ? 0 : stopping->iterations() + DartStartIterations(spec);
}

bool IsPolychromatic(const v1::Algorithm& algorithm) {
  return algorithm.has_poly_bb() || algorithm.has_poly_sirt() || algorithm.has_poly_dart();
}

}  // namespace tomoslab
