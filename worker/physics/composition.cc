#include "worker/physics/composition.h"

#include <xraylib/xraylib.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "worker/core/status.h"
#include "worker/physics/name_suggestions.h"

namespace tomoslab {
namespace {

constexpr int kHeaviestElement = 98;          // that xraylib has cross sections for
constexpr double kDensestGPerCm3 = 25;        // osmium has 22.6
constexpr std::size_t kLongestFormula = 200;  // xraylib recurses into parentheses

struct FreeCompound {
  void operator()(compoundData* compound) const { FreeCompoundData(compound); }
  void operator()(compoundDataNIST* compound) const { FreeCompoundDataNIST(compound); }
};

std::vector<std::string> NistNames() {
  int count = 0;
  char** list = GetCompoundDataNISTList(&count, nullptr);
  std::vector<std::string> names;
  for (int i = 0; i < count; ++i) {
    names.emplace_back(list[i]);
    xrlFree(list[i]);
  }
  xrlFree(list);
  return names;
}

/// The elements and, where the name stands for one, a density; 0 where it does not.
std::optional<Substance> NistCompound(const std::string& name) {
  for (const std::string& known : NistNames()) {
    if (!absl::EqualsIgnoreCase(known, name)) continue;
    const std::unique_ptr<compoundDataNIST, FreeCompound> compound(
        GetCompoundDataNISTByName(known.c_str(), nullptr));
    Substance substance{{}, compound->density};
    for (int i = 0; i < compound->nElements; ++i) {
      substance.elements.push_back({compound->Elements[i], compound->massFractions[i]});
    }
    return substance;
  }
  return std::nullopt;
}

std::optional<Substance> ChemicalFormula(const std::string& formula) {
  const std::unique_ptr<compoundData, FreeCompound> compound(
      CompoundParser(formula.c_str(), nullptr));
  if (!compound) return std::nullopt;
  Substance substance{{}, 0};
  for (int i = 0; i < compound->nElements; ++i) {
    if (compound->Elements[i] > kHeaviestElement) return std::nullopt;
    substance.elements.push_back({compound->Elements[i], compound->massFractions[i]});
  }
  if (compound->nElements == 1) {
    substance.density_g_per_cm3 = ElementDensity(compound->Elements[0], nullptr);
  }
  return substance;
}

/// "Fe 0.7 Ni 0.3" as pairs of words; nullopt when it is not of this form.
using WeightedName = std::pair<std::string, double>;
std::optional<std::vector<WeightedName>> AsWeightedNames(const std::string& text) {
  const std::vector<std::string> words = absl::StrSplit(text, ' ', absl::SkipWhitespace());
  if (words.size() < 2 || words.size() % 2 != 0) return std::nullopt;
  std::vector<WeightedName> names;
  for (std::size_t i = 0; i < words.size(); i += 2) {
    double weight = 0;
    if (!absl::SimpleAtod(words[i + 1], &weight)) return std::nullopt;
    names.emplace_back(words[i], weight);
  }
  return names;
}

std::vector<std::string> ElementSymbols() {
  std::vector<std::string> symbols;
  for (int z = 1; z <= kHeaviestElement; ++z) {
    char* symbol = AtomicNumberToSymbol(z, nullptr);
    symbols.emplace_back(symbol);
    xrlFree(symbol);
  }
  return symbols;
}

absl::Status UnknownName(const std::string& name) {
  std::vector<std::string> known = ElementSymbols();  // "al" means Al
  const std::vector<std::string> compounds = NistNames();
  known.insert(known.end(), compounds.begin(), compounds.end());
  std::string near;
  if (const auto similar = SimilarMaterialNames(name, known); !similar.empty()) {
    near = absl::StrFormat("; did you mean %s?", absl::StrJoin(similar, " or "));
  }
  return absl::InvalidArgumentError(absl::StrFormat(
      "xraylib knows no material '%s'%s Accepted are an element (\"Al\"), a chemical formula "
      "(\"CaCO3\"), a NIST compound (\"Water, Liquid\") and fractions by weight (\"Fe 0.7 Ni "
      "0.3\")",
      name, near.empty() ? "." : near));
}

absl::StatusOr<Substance> Mix(const std::string& text, const std::vector<WeightedName>& parts) {
  double sum = 0;
  for (const auto& [name, weight] : parts) {
    if (!std::isfinite(weight) || weight <= 0) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "'%s': the fraction by weight of %s is %g, it must be above 0", text, name, weight));
    }
    sum += weight;
  }
  if (std::abs(sum - 1) > 0.01 && std::abs(sum - 100) > 1) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "'%s': the fractions by weight add up to %g, not to 1 (or 100 percent)", text, sum));
  }
  Substance mixture{{}, 0};
  for (const auto& [name, weight] : parts) {
    const std::optional<Substance> part = ChemicalFormula(name);
    if (!part) return UnknownName(name);
    for (const ElementFraction& element : part->elements) {
      mixture.elements.push_back({element.atomic_number, element.weight * weight / sum});
    }
  }
  return mixture;
}

absl::StatusOr<Substance> ResolveName(const std::string& name) {
  if (std::optional<Substance> compound = NistCompound(name)) return *compound;
  if (std::optional<Substance> formula = ChemicalFormula(name)) return *formula;
  if (const auto parts = AsWeightedNames(name)) return Mix(name, *parts);
  return UnknownName(name);
}

}  // namespace

absl::StatusOr<Composition> ParseComposition(const std::string& text) {
  const std::size_t at = text.rfind('@');
  Composition composition{std::string(absl::StripAsciiWhitespace(text.substr(0, at))), 0};
  if (at == std::string::npos) return composition;
  if (!absl::SimpleAtod(text.substr(at + 1), &composition.density_g_per_cm3) ||
      !(composition.density_g_per_cm3 > 0)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "'%s': what follows @ is not a density above 0 in g/cm3, as in \"CsI@4.51\"", text));
  }
  return composition;
}

absl::StatusOr<Substance> ResolveComposition(const Composition& composition) {
  const std::string name(absl::StripAsciiWhitespace(composition.formula));
  if (name.empty()) {
    return absl::InvalidArgumentError("the formula is empty; name a material, for example \"Al\"");
  }
  if (name.size() > kLongestFormula) {
    return absl::InvalidArgumentError(
        absl::StrFormat("the formula '%s…' has %d characters; at most %d are possible",
                        name.substr(0, 30), name.size(), kLongestFormula));
  }
  TOMOSLAB_ASSIGN_OR_RETURN(Substance substance, ResolveName(name));
  const double density = composition.density_g_per_cm3;
  if (!(density >= 0 && density <= kDensestGPerCm3)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("'%s': density_g_per_cm3 = %g is outside 0 .. %g g/cm3; is it in kg/m3?",
                        name, density, kDensestGPerCm3));
  }
  if (density > 0) substance.density_g_per_cm3 = density;
  if (!(substance.density_g_per_cm3 > 0)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "'%s' has no density of its own (only elements and NIST compounds have); set "
        "density_g_per_cm3",
        name));
  }
  return substance;
}

}  // namespace tomoslab
