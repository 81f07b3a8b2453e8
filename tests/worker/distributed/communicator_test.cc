#include "worker/distributed/communicator.h"

#include <gtest/gtest.h>

#include "worker/geometry/slab.h"

namespace tomoslab {
namespace {

TEST(Communicator, SumsInTheOrderOfTheIndexOnAnyNumberOfRanks) {
  // 1e16 + 1 − 1e16: the answer depends on the order, which must be that of the index.
  const std::vector<double> all = {1e16, 1, -1e16, 3, 0.25, 1e-3, 7, -2, 1};
  const Communicator ranks = Communicator::World();
  const IndexRange mine = SlabOf(9, ranks.size(), ranks.rank());
  std::vector<double> partials(all.begin() + mine.begin, all.begin() + mine.end);
  for (std::int64_t i = mine.begin; i < mine.end; ++i)
    partials.push_back(static_cast<double>(i));  // a second quantity
  double expected = 0;
  for (const double value : all) expected += value;
  const std::vector<double> sums = ranks.Sum(partials, 2, mine, 9);
  EXPECT_EQ(sums[0], expected);
  EXPECT_EQ(sums[1], 36);
}

TEST(Communicator, MovesBytesAndNumbers) {
  const Communicator ranks = Communicator::World();
  const int last = ranks.size() - 1;
  EXPECT_EQ(ranks.Broadcast(ranks.rank() == last ? "hello" : "", last), "hello");
  EXPECT_EQ(ranks.BroadcastPatiently(ranks.rank() == 0 ? "work" : "", 0), "work");
  const auto parts = ranks.Gather(std::string(ranks.rank(), 'x'));
  ASSERT_EQ(static_cast<int>(parts.size()), ranks.size());
  EXPECT_EQ(parts[last], std::string(last, 'x'));
  EXPECT_EQ(ranks.Max(ranks.rank()), last);
  EXPECT_EQ(ranks.SumCounts(1), ranks.size());
  EXPECT_EQ(ranks.GatherFloats({static_cast<float>(ranks.rank())}).back(),
            static_cast<float>(last));
}

}  // namespace
}  // namespace tomoslab
