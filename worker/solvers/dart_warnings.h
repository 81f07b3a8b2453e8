// What DART has to say about grey values that do not suit the image.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "worker/solvers/dart_segmentation.h"

namespace tomoslab {

/// Says every kind of warning once.
class DartWarnings {
 public:
  /// The warnings that are new.
  ///   of_fit: what the fit of the grey values says, "" for nothing.   largest: the image's largest
  ///   absolute value, 1/mm.
  std::vector<std::string> New(const LabelCounts& counts, const MaterialBasis& materials,
                               const std::string& of_fit, double largest);

  template <class Archive>
  void Visit(Archive& archive) {
    std::vector<std::int64_t> said(said_.begin(), said_.end());
    archive.Value("warnings_said", said);
    said_ = std::set<int>(said.begin(), said.end());
  }

 private:
  std::set<int> said_;  // the materials that vanished; kNothing, kFit
};

}  // namespace tomoslab
