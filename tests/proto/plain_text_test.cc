#include "proto/plain_text.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tomoslab {
namespace {

using ::testing::HasSubstr;

TEST(PlainText, IsWhatPeopleWrite) {
  for (const char* text : {"", "tooth 3", "Zähne, µCT (2×)", "歯", "🦷"})
    EXPECT_TRUE(IsPlainText(text)) << text;
}

TEST(PlainText, IsNothingThatMovesACursorOrTheOrderOfLetters) {
  for (const char* text :
       {"a\nb", "a\tb", "\x1b[31m", "a\x7f", "a\u009b31m", "a\u2028b", "\u202egpj.exe", "\u2066a",
        "\xff", "\xc3", "a\xe2\x80", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80"})
    EXPECT_FALSE(IsPlainText(text)) << text;
  EXPECT_FALSE(IsPlainText(std::string_view("a\0b", 3)));
}

TEST(PlainText, RefusalsNameTheField) {
  EXPECT_TRUE(CheckPlainText("job.pool", "gpu-1", 5).ok());
  EXPECT_THAT(CheckPlainText("job.pool", "gpu-12", 5).message(),
              HasSubstr("job.pool has 6 bytes; at most 5"));
  EXPECT_THAT(CheckPlainText("job.pool", "a\nb", 5).message(), HasSubstr("control characters"));
}

TEST(PlainLine, KeepsWhatIsPlainAndNeverCutsACharacter) {
  EXPECT_EQ(PlainLine("rank 3: 50 µm", 100), "rank 3: 50 µm");
  EXPECT_EQ(PlainLine("a\nb\x1b[1m\xff", 100), "a b [1m ");
  EXPECT_EQ(PlainLine("abcdef", 6), "abcdef");
  EXPECT_EQ(PlainLine("abcdefg", 6), "abc…");
  EXPECT_EQ(PlainLine("µµµµ", 7), "µµ…");
  EXPECT_EQ(PlainLine("abc", 2), "");
  for (std::size_t most = 0; most < 12; ++most) {
    const std::string line = PlainLine("aµ歯🦷b", most);
    EXPECT_LE(line.size(), most);
    EXPECT_TRUE(IsPlainText(line));
  }
}

}  // namespace
}  // namespace tomoslab
