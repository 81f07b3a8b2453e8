#include "proto/line_ranges.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace tomoslab {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

LineRanges Of(std::initializer_list<IndexRange> ranges) {
  LineRanges lines;
  for (const IndexRange range : ranges) lines.Add(range);
  return lines;
}

TEST(LineRangesTest, MergesWhatTouchesOrOverlaps) {
  EXPECT_THAT(Of({{0, 3}, {5, 7}}).Ranges(), ElementsAre(IndexRange{0, 3}, IndexRange{5, 7}));
  EXPECT_THAT(Of({{0, 3}, {3, 7}}).Ranges(), ElementsAre(IndexRange{0, 7}));
  EXPECT_THAT(Of({{5, 7}, {0, 3}, {2, 6}}).Ranges(), ElementsAre(IndexRange{0, 7}));
  EXPECT_THAT(Of({{2, 4}, {0, 9}}).Ranges(), ElementsAre(IndexRange{0, 9}));
  EXPECT_THAT(Of({{4, 4}}).Ranges(), IsEmpty());
}

TEST(LineRangesTest, SaysWhatIsThereAndWhatIsMissing) {
  const LineRanges lines = Of({{2, 4}, {6, 9}});
  EXPECT_EQ(lines.Count(), 5);
  EXPECT_TRUE(lines.Contains({6, 9}));
  EXPECT_FALSE(lines.Contains({3, 5}));
  EXPECT_FALSE(lines.Contains({3, 7}));
  EXPECT_TRUE(lines.Contains({5, 5}));
  EXPECT_THAT(lines.Missing({0, 10}),
              ElementsAre(IndexRange{0, 2}, IndexRange{4, 6}, IndexRange{9, 10}));
  EXPECT_THAT(lines.Missing({3, 8}), ElementsAre(IndexRange{4, 6}));
  EXPECT_THAT(lines.Missing({6, 9}), IsEmpty());
}

TEST(LineRangesTest, MergesAndFindsGaps) {
  LineRanges ranges;
  EXPECT_EQ(ranges.Missing({0, 5}), (std::vector<IndexRange>{{0, 5}}));
  ranges.Add({10, 20});
  ranges.Add({30, 40});
  ranges.Add({20, 25});
  ranges.Add({12, 14});
  ranges.Add({7, 7});
  EXPECT_EQ(ranges.Count(), 25);
  EXPECT_EQ(ranges.Missing({0, 50}), (std::vector<IndexRange>{{0, 10}, {25, 30}, {40, 50}}));
  EXPECT_EQ(ranges.Missing({0, 35}), (std::vector<IndexRange>{{0, 10}, {25, 30}}));
  ranges.Add({0, 100});
  EXPECT_EQ(ranges.Count(), 100);
  EXPECT_TRUE(ranges.Missing({0, 100}).empty());
}

TEST(LineRangesTest, CountsWholeBlocks) {
  const LineRanges lines = Of({{1, 9}, {12, 16}});  // of blocks of 4: 4..8 and 12..16
  EXPECT_EQ(lines.WholeBlocks(4), 2);
  EXPECT_THAT(lines.WholeBlocksTouched({0, 20}, 4),
              ElementsAre(IndexRange{1, 2}, IndexRange{3, 4}));
  EXPECT_THAT(lines.WholeBlocksTouched({5, 6}, 4), ElementsAre(IndexRange{1, 2}));
  EXPECT_THAT(lines.WholeBlocksTouched({0, 4}, 4), IsEmpty());
}

TEST(LineRangesTest, AgreesWithAListOfLines) {
  std::mt19937 random(1);
  for (int repeat = 0; repeat < 200; ++repeat) {
    constexpr int kLines = 40;
    std::vector<bool> there(kLines);
    LineRanges lines;
    for (int i = 0; i < 8; ++i) {
      const std::int64_t begin = random() % kLines,
                         end = std::min<std::int64_t>(kLines, begin + random() % 9);
      lines.Add({begin, end});
      for (std::int64_t line = begin; line < end; ++line) there[line] = true;
    }
    std::int64_t count = 0, blocks = 0, missing = 0;
    for (int line = 0; line < kLines; ++line) {
      EXPECT_EQ(lines.Contains({line, line + 1}), there[line]);
      count += there[line];
    }
    for (int block = 0; block < kLines / 5; ++block) {
      bool whole = true;
      for (int line = 5 * block; line < 5 * block + 5; ++line) whole = whole && there[line];
      blocks += whole;
    }
    for (const IndexRange range : lines.Missing({0, kLines})) missing += range.size();
    EXPECT_EQ(lines.Count(), count);
    EXPECT_EQ(missing, kLines - count);
    EXPECT_EQ(lines.WholeBlocks(5), blocks);
  }
}

}  // namespace
}  // namespace tomoslab
