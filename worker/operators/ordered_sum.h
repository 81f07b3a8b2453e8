// How the ranks' shares of a dot product become one number, the same on every rank.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "worker/geometry/volume.h"

namespace tomoslab {

/// Adds partial sums over all ranks in the order of a global index, so that a sum does not depend
/// on how many ranks share the work. Collective: all ranks call it together and all get the same
/// bits.
class OrderedSum {
 public:
  virtual ~OrderedSum() = default;

  /// partials: [quantity][local index], one partial sum per index of `local` (which may be empty);
  /// the ranks' ranges together are [0, total), each index once. Returns one sum per quantity: its
  /// partials added in order of index.
  virtual std::vector<double> Sum(absl::Span<const double> partials, int quantities,
                                  IndexRange local, std::int64_t total) const = 0;

  /// The largest of all ranks' values.
  virtual double Max(double local) const = 0;
};

/// One rank that has everything.
class LocalSum : public OrderedSum {
 public:
  std::vector<double> Sum(absl::Span<const double> partials, int quantities, IndexRange local,
                          std::int64_t total) const override;
  double Max(double local) const override { return local; }
};

}  // namespace tomoslab
