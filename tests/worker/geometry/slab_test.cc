#include "worker/geometry/slab.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/geometries.h"

namespace tomoslab {
namespace {

TEST(Slab, CoversEverySliceOnceAndEvenly) {
  for (const int ranks : {1, 2, 3, 5, 13}) {
    std::int64_t next = 0, smallest = 1000, largest = 0;
    for (int rank = 0; rank < ranks; ++rank) {
      const IndexRange slab = SlabOf(13, ranks, rank);
      EXPECT_EQ(slab.begin, next);
      next = slab.end;
      smallest = std::min(smallest, slab.size());
      largest = std::max(largest, slab.size());
    }
    EXPECT_EQ(next, 13);
    EXPECT_LE(largest - smallest, 1);
    EXPECT_GE(smallest, 1);
  }
}

TEST(Slab, MoreRanksThanSlicesLeavesTheLastOnesEmpty) {
  EXPECT_EQ(SlabOf(2, 5, 1), (IndexRange{1, 2}));
  EXPECT_TRUE(SlabOf(2, 5, 2).empty());
  EXPECT_TRUE(SlabOf(2, 5, 4).empty());
}

TEST(RowOwners, EveryRowHasExactlyOneOwner) {
  for (const auto& [name, scan, volume] : testing::AllGeometries()) {
    for (const int ranks : {1, 2, 3, 5, 20}) {
      std::vector<int> owners(scan.detector.rows, 0);
      for (const IndexRange& band : RowOwners(scan, volume, ranks)) {
        for (std::int64_t row = band.begin; row < band.end; ++row) ++owners[row];
      }
      EXPECT_EQ(std::count(owners.begin(), owners.end(), 1), scan.detector.rows)
          << name << " on " << ranks;
    }
  }
}

TEST(ShadowRows, HoldsEveryVoxelOfTheSlab) {
  for (const auto& [name, scan, volume] : testing::AllGeometries()) {
    const IndexRange slab =
        SlabOf(volume.slices, 3, 1).empty() ? IndexRange{0, 1} : SlabOf(volume.slices, 3, 1);
    const IndexRange views{0, static_cast<std::int64_t>(scan.views.size())};
    const IndexRange shadow = ShadowRows(scan, volume, slab, views);
    for (const View& view : scan.views) {
      for (int z = static_cast<int>(slab.begin); z < slab.end; ++z) {
        for (const int x : {0, volume.columns - 1}) {
          for (const int y : {0, volume.rows - 1}) {
            const double row = ProjectPoint(view, volume.VoxelCenter(x, y, z)).row;
            if (row < 0 || row > scan.detector.rows - 1) continue;
            EXPECT_GE(row, static_cast<double>(shadow.begin)) << name;
            EXPECT_LE(row, static_cast<double>(shadow.end - 1)) << name;
          }
        }
      }
    }
  }
}

TEST(ShadowRows, ParallelSlabsOverlapOnlyByInterpolation) {
  const auto all = testing::AllGeometries();
  const auto& [name, scan, volume] = all.front();
  ASSERT_EQ(name, "parallel");
  const IndexRange views{0, static_cast<std::int64_t>(scan.views.size())};
  const IndexRange low = ShadowRows(scan, volume, {0, 6}, views),
                   high = ShadowRows(scan, volume, {6, 13}, views);
  EXPECT_LE(Intersect(low, high).size(), 6);
}

}  // namespace
}  // namespace tomoslab
