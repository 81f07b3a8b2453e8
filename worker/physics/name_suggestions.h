// What somebody may have meant by a material's name that is not known.
#pragma once

#include <string>
#include <vector>

namespace tomoslab {

/// At most three names, best first, in quotes: the symbol of the element whose English name is near
/// `name`, then those of `known` that hold it or differ from it in few letters.
std::vector<std::string> SimilarMaterialNames(const std::string& name,
                                              const std::vector<std::string>& known);

}  // namespace tomoslab
