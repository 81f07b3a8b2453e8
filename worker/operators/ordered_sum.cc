#include "worker/operators/ordered_sum.h"

#include "worker/core/check.h"

namespace tomoslab {

std::vector<double> LocalSum::Sum(absl::Span<const double> partials, int quantities,
                                  IndexRange local, std::int64_t total) const {
  TOMOSLAB_CHECK(local == (IndexRange{0, total}));
  TOMOSLAB_CHECK(static_cast<std::int64_t>(partials.size()) == quantities * total);
  std::vector<double> sums(quantities, 0.0);
  for (int quantity = 0; quantity < quantities; ++quantity) {
    for (std::int64_t i = 0; i < total; ++i) sums[quantity] += partials[quantity * total + i];
  }
  return sums;
}

}  // namespace tomoslab
