#include "client/job_display.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tomoslab {
namespace {

TEST(JobDisplayTest, ATerminalObeysNoRank) {
  char* text = nullptr;
  std::size_t size = 0;
  std::FILE* const out = open_memstream(&text, &size);
  JobDisplay display(DisplayMode::kLines, out);
  v1::JobEvent event;
  event.mutable_log()->set_severity(v1::WARNING);
  event.mutable_log()->set_text("lost:\n  \x1b]0;owned\x07 10 µm");
  display.Show(event);
  std::fclose(out);
  EXPECT_EQ(std::string(text, size), "WARNING: lost:\n  \\x1b]0;owned\\x07 10 µm\n");
  std::free(text);
}

}  // namespace
}  // namespace tomoslab
