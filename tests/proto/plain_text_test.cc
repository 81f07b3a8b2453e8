#include "proto/plain_text.h"

#include <random>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tomoslab {
namespace {

using ::testing::HasSubstr;

std::string Escaped(std::string_view text, std::size_t most_bytes = 1000) {
  return EscapedLine(text, most_bytes);
}

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

TEST(EscapedLine, NoTerminalObeysIt) {
  EXPECT_EQ(Escaped("a\x1b[2J\r\n\x07"
                    "b"),
            "a\\x1b[2J\\x0d\\x0a\\x07"
            "b");
  EXPECT_EQ(Escaped("\x7f"), "\\x7f");
  EXPECT_EQ(Escaped("\xc2\x9b"
                    "31m"),
            "\\x9b"
            "31m")
      << "a C1 control sequence introducer";
  EXPECT_EQ(Escaped("\xe2\x80\xae"
                    "gnp"),
            "\\u202e"
            "gnp")
      << "right to left";
  EXPECT_EQ(Escaped(std::string_view("\0", 1)), "\\x00");
  EXPECT_EQ(Escaped("Grüße, 10 µm, 𝛼"), "Grüße, 10 µm, 𝛼");
  EXPECT_EQ(Escaped(Escaped("\x1b")), Escaped("\x1b")) << "twice is once";
}

TEST(EscapedLine, BytesThatAreNotUtf8AreShownAsNumbers) {
  EXPECT_EQ(Escaped("\xff"), "\\xff");
  EXPECT_EQ(Escaped("\xc3"), "\\xc3");
  EXPECT_EQ(Escaped("\xc0\xaf"), "\\xc0\\xaf") << "an overlong /";
  EXPECT_EQ(Escaped("\xed\xa0\x80"), "\\xed\\xa0\\x80") << "a surrogate";
  EXPECT_EQ(Escaped("\xf5\x80\x80\x80"), "\\xf5\\x80\\x80\\x80");
}

TEST(EscapedLine, IsBoundedWhateverComes) {
  std::mt19937 random(1);
  for (int i = 0; i < 500; ++i) {
    std::string bytes(random() % 300, ' ');
    for (char& c : bytes) c = static_cast<char>(random());
    const std::string shown = Escaped(bytes, 100);
    EXPECT_LE(shown.size(), 100U);
    EXPECT_EQ(Escaped(shown), shown);
  }
  EXPECT_EQ(Escaped(std::string(101, 'x'), 100), std::string(97, 'x') + "…");
  EXPECT_EQ(Escaped(std::string(100, 'x'), 100), std::string(100, 'x'));
}

}  // namespace
}  // namespace tomoslab
