#include "worker/physics/name_suggestions.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace tomoslab {
namespace {

struct Named {
  const char* name;
  const char* accepted;
};

// Names people use for what xraylib knows by another one.
constexpr Named kEverydayNames[] = {{"aluminium", "Al"},
                                    {"aluminum", "Al"},
                                    {"antimony", "Sb"},
                                    {"beryllium", "Be"},
                                    {"bismuth", "Bi"},
                                    {"carbon", "C"},
                                    {"chromium", "Cr"},
                                    {"cobalt", "Co"},
                                    {"copper", "Cu"},
                                    {"diamond", "C"},
                                    {"gadolinium", "Gd"},
                                    {"germanium", "Ge"},
                                    {"gold", "Au"},
                                    {"graphite", "C"},
                                    {"iodine", "I"},
                                    {"iron", "Fe"},
                                    {"lead", "Pb"},
                                    {"lithium", "Li"},
                                    {"magnesium", "Mg"},
                                    {"manganese", "Mn"},
                                    {"molybdenum", "Mo"},
                                    {"nickel", "Ni"},
                                    {"niobium", "Nb"},
                                    {"platinum", "Pt"},
                                    {"rhodium", "Rh"},
                                    {"silicon", "Si"},
                                    {"silver", "Ag"},
                                    {"steel", "Fe"},
                                    {"sulfur", "S"},
                                    {"tantalum", "Ta"},
                                    {"tin", "Sn"},
                                    {"titanium", "Ti"},
                                    {"tungsten", "W"},
                                    {"uranium", "U"},
                                    {"vanadium", "V"},
                                    {"zinc", "Zn"},
                                    {"zirconium", "Zr"},
                                    {"brass", "Cu 0.63 Zn 0.37"},
                                    {"bronze", "Cu 0.88 Sn 0.12"},
                                    {"stainless steel", "Fe 0.7 Cr 0.2 Ni 0.1"},
                                    {"water", "Water, Liquid"},
                                    {"air", "Air, Dry (near sea level)"},
                                    {"pmma", "Polymethyl Methacralate (Lucite, Perspex)"},
                                    {"acrylic", "Polymethyl Methacralate (Lucite, Perspex)"},
                                    {"bone", "Bone, Cortical (ICRP)"},
                                    {"glass", "Glass, Plate"},
                                    {"quartz", "SiO2"},
                                    {"concrete", "Concrete, Portland"},
                                    {"teflon", "Polytetrafluoroethylene (Teflon)"},
                                    {"epoxy", "C21H25O5"},
                                    {"rubber", "Rubber, Natural"},
                                    {"csi", "CsI"},
                                    {"gos", "Gd2O2S"}};

/// Levenshtein distance.
int Distance(const std::string& a, const std::string& b) {
  std::vector<int> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    int diagonal = row[0];
    row[0] = static_cast<int>(i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const int above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row.back();
}

/// Smaller is nearer; −1 when `candidate` is no suggestion for `name` (both in lower case).
int Remoteness(const std::string& name, const std::string& candidate) {
  const int distance = Distance(name, candidate);
  if (3 * distance <= static_cast<int>(name.size())) return distance;
  if (name.size() >= 3 && absl::StrContains(candidate, name)) return 10 + distance;
  return -1;
}

}  // namespace

std::vector<std::string> SimilarMaterialNames(const std::string& name,
                                              const std::vector<std::string>& known) {
  const std::string wanted = absl::AsciiStrToLower(name);
  std::vector<std::pair<int, std::string>> found;
  const auto consider = [&](const std::string& candidate, const std::string& accepted) {
    const int remoteness = Remoteness(wanted, absl::AsciiStrToLower(candidate));
    if (remoteness >= 0) found.emplace_back(remoteness, absl::StrCat("\"", accepted, "\""));
  };
  for (const Named& everyday : kEverydayNames) consider(everyday.name, everyday.accepted);
  for (const std::string& candidate : known) consider(candidate, candidate);
  std::stable_sort(found.begin(), found.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::string> names;
  for (const auto& [remoteness, text] : found) {
    if (names.size() < 3 && std::find(names.begin(), names.end(), text) == names.end()) {
      names.push_back(text);
    }
  }
  return names;
}

}  // namespace tomoslab
