// What a material is made of, by the names that xraylib knows.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace tomoslab {

struct Composition {
  /// An element's symbol ("Al"), a chemical formula ("CaCO3"), the name of a NIST compound ("Water,
  /// Liquid", in any case) or fractions by weight that add up to 1 or 100 ("Fe 0.7 Ni 0.3").
  std::string formula;
  double density_g_per_cm3 = 0;  // 0: that of the element or the NIST compound
};

struct ElementFraction {
  int atomic_number;
  double weight;  // Σ = 1
};

/// A composition as elements and a density above 0.
struct Substance {
  std::vector<ElementFraction> elements;
  double density_g_per_cm3;
};

/// "FORMULA" or "FORMULA@DENSITY" (g/cm³), as command lines have it: "CsI@4.51". Not resolved yet.
absl::StatusOr<Composition> ParseComposition(const std::string& text);

/// InvalidArgument: names what is unknown, what is accepted and what comes near; or that a density
/// is missing or impossible.
absl::StatusOr<Substance> ResolveComposition(const Composition& composition);

}  // namespace tomoslab
