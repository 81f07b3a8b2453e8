#include "server/resource_name.h"

#include <gtest/gtest.h>

#include "tests/server/status_of.h"

namespace tomoslab {
namespace {

TEST(ResourceNameTest, TakesOnlyTheCanonicalSpelling) {
  EXPECT_EQ(*ScanId("scans/12"), 12);
  EXPECT_EQ(*JobId(JobName(7)), 7);
  for (const char* bad : {"", "scans/", "scans/0", "scans/-1", "scans/+1", "scans/01", "scans/1 ",
                          "jobs/1", "scans/1/2", "scans/99999999999999999999", "scans/../1"}) {
    EXPECT_EQ(CodeOf(ScanId(bad)), kNotFound) << bad;
  }
}

TEST(ResourceNameTest, PagesHaveASizeAndAToken) {
  EXPECT_EQ(ToPage(0, "")->size, 100);
  EXPECT_EQ(ToPage(5, PageToken(17))->below, 17);
  EXPECT_EQ(CodeOf(ToPage(-1, "")), kInvalidArgument);
  EXPECT_EQ(CodeOf(ToPage(1001, "")), kInvalidArgument);
  EXPECT_EQ(CodeOf(ToPage(1, "x")), kInvalidArgument);
  EXPECT_EQ(CodeOf(CheckRequestId(std::string(101, 'x'))), kInvalidArgument);
}

}  // namespace
}  // namespace tomoslab
