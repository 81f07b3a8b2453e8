#include "server/data_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "tests/server/status_of.h"
#include "tests/server/temporary_folder.h"

namespace tomoslab {
namespace {

TEST(DataFileTest, ReadsWhatWasWrittenInPlace) {
  TemporaryFolder folder;
  const auto file = DataFile::Create(folder.path() + "/f");
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE(file->Reserve({0, 100}).ok());
  ASSERT_TRUE(file->WriteAt(90, "0123456789", 10).ok());
  ASSERT_TRUE(file->Sync().ok());
  char data[4];
  ASSERT_TRUE(file->ReadAt(92, data, 4).ok());
  EXPECT_EQ(std::string(data, 4), "2345");
  EXPECT_EQ(CodeOf(file->ReadAt(98, data, 4)), kDataLoss);  // ends too early
}

TEST(DataFileTest, SaysWhyItFails) {
  TemporaryFolder folder;
  EXPECT_EQ(CodeOf(DataFile::Open(folder.path() + "/nothing")), kNotFound);
  const auto full = DataFile::Open("/dev/full");
  ASSERT_TRUE(full.ok());
  EXPECT_EQ(CodeOf(full->WriteAt(0, "x", 1)), kResourceExhausted);
  EXPECT_TRUE(RemoveFile(folder.path() + "/nothing").ok());
}

TEST(DataFileTest, AFailingDiskIsUnavailableAndNothingElse) {
  for (const int error : {EIO, EROFS, EACCES, EPERM, EMFILE, ENFILE})
    EXPECT_EQ(CodeOf(FileError(error, "write", "f")), kUnavailable) << error;
  EXPECT_EQ(CodeOf(FileError(ENOSPC, "write", "f")), kResourceExhausted);
  EXPECT_EQ(CodeOf(FileError(ENOENT, "open", "f")), kNotFound);
  EXPECT_EQ(CodeOf(FileError(EINVAL, "open", "f")), kInternal);
  EXPECT_THAT(std::string(FileError(EMFILE, "open", "f").message()),
              testing::ContainsRegex("may have [1-9][0-9]* files and connections"));
}

TEST(DataFileTest, ListsAFolder) {
  TemporaryFolder folder;
  ASSERT_TRUE(DataFile::Create(folder.path() + "/b").ok());
  EXPECT_THAT(*FilesIn(folder.path()), testing::ElementsAre(folder.path() + "/b"));
  EXPECT_EQ(CodeOf(FilesIn(folder.path() + "/none")), kNotFound);
}

TEST(DataFileTest, KnowsThatTooMuchDoesNotFit) {
  TemporaryFolder folder;
  EXPECT_TRUE(CheckSpace(folder.path(), 1, "one byte").ok());
  const absl::Status refused = CheckSpace(folder.path(), std::int64_t{1} << 60, "the scan");
  EXPECT_EQ(CodeOf(refused), kResourceExhausted);
  EXPECT_THAT(std::string(refused.message()),
              testing::HasSubstr("the scan needs 1073741824.000 GiB"));
}

}  // namespace
}  // namespace tomoslab
