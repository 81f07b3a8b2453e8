// Joseph's pair as solvers see it, for tests.
#pragma once

#include "tests/support/pair_operator.h"

namespace tomoslab::testing {

class JosephOperator : public PairOperator {
 public:
  /// `scan` outlives this.
  JosephOperator(const Scan& scan, const Volume& volume)
      : PairOperator(ProjectorModel::kJoseph, scan, volume) {}
};

}  // namespace tomoslab::testing
