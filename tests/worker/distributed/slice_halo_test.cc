// The slices next to a rank's own, over every way of cutting.
#include <gtest/gtest.h>

#include "worker/distributed/communicator.h"
#include "worker/geometry/slab.h"

namespace tomoslab {
namespace {

std::vector<char> SliceOf(std::int64_t slice) {
  return {static_cast<char>('a' + slice), static_cast<char>('A' + slice)};
}

/// What this rank receives when the ranks hold the slices that `slab_of` says.
template <class SlabOfRank>
void ExpectNeighbours(std::int64_t slices, SlabOfRank&& slab_of) {
  const Communicator ranks = Communicator::World();
  const IndexRange mine = slab_of(ranks.size(), ranks.rank());
  const std::vector<char> first = mine.empty() ? std::vector<char>{} : SliceOf(mine.begin);
  const std::vector<char> last = mine.empty() ? std::vector<char>{} : SliceOf(mine.end - 1);
  const HaloBytes halo = ranks.Exchange(first, last, mine);
  const bool below = !mine.empty() && mine.begin > 0;
  const bool above = !mine.empty() && mine.end < slices;
  EXPECT_EQ(halo.below, below ? SliceOf(mine.begin - 1) : std::vector<char>{});
  EXPECT_EQ(halo.above, above ? SliceOf(mine.end) : std::vector<char>{});
}

TEST(SliceHalo, ComesFromTheNextSlabs) {
  for (const std::int64_t slices : {1, 2, 3, 4, 7, 20}) {
    ExpectNeighbours(slices, [&](int ranks, int rank) { return SlabOf(slices, ranks, rank); });
  }
}

TEST(SliceHalo, LooksPastRanksWithoutSlices) {
  // Only the first and the last rank have any.
  ExpectNeighbours(5, [](int ranks, int rank) {
    if (rank == 0) return IndexRange{0, ranks == 1 ? 5 : 2};
    return rank == ranks - 1 ? IndexRange{2, 5} : IndexRange{2, 2};
  });
}

TEST(SliceHalo, CarriesSlicesOfSomeMegabytes) {
  const Communicator ranks = Communicator::World();
  const IndexRange mine = SlabOf(2 * ranks.size(), ranks.size(), ranks.rank());
  const std::vector<char> first(3'000'001, static_cast<char>(mine.begin));
  const std::vector<char> last(3'000'001, static_cast<char>(mine.end - 1));
  const HaloBytes halo = ranks.Exchange(first, last, mine);
  if (ranks.rank() > 0) {
    EXPECT_EQ(halo.below, std::vector<char>(3'000'001, static_cast<char>(mine.begin - 1)));
  }
  if (ranks.rank() < ranks.size() - 1) {
    EXPECT_EQ(halo.above, std::vector<char>(3'000'001, static_cast<char>(mine.end)));
  }
}

}  // namespace
}  // namespace tomoslab
