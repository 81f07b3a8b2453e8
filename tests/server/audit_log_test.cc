#include "server/audit_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/server/temporary_folder.h"

namespace tomoslab {
namespace {

class AuditLogTest : public testing::Test {
 protected:
  std::vector<nlohmann::json> Lines(const std::string& path) {
    std::vector<nlohmann::json> lines;
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) lines.push_back(nlohmann::json::parse(line));
    return lines;
  }
  TemporaryFolder folder_;
  const std::string path_ = folder_.path() + "/audit.log";
};

TEST_F(AuditLogTest, WritesOneReadableLineForItsOwnerAlone) {
  (*AuditLog::Open(path_))
      ->Write({"alice", "tokens/1", "ipv4:10.0.0.1:5", "CancelJob", "jobs/7", absl::OkStatus()});
  (*AuditLog::Open(path_))  // appends
      ->Write({"bob", "tokens/2", "p", "CancelJob", "jobs/8", absl::PermissionDeniedError("no")});
  const std::vector<nlohmann::json> lines = Lines(path_);
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0]["user"], "alice");
  EXPECT_EQ(lines[0]["token"], "tokens/1");
  EXPECT_EQ(lines[0]["peer"], "ipv4:10.0.0.1:5");
  EXPECT_EQ(lines[0]["method"], "CancelJob");
  EXPECT_EQ(lines[0]["resource"], "jobs/7");
  EXPECT_EQ(lines[0]["result"], "OK");
  EXPECT_THAT(lines[0]["time"].get<std::string>(),
              testing::MatchesRegex("20..-..-..T..:..:......Z"));
  EXPECT_EQ(lines[1]["result"], "PERMISSION_DENIED");
  EXPECT_EQ(lines[1]["message"], "no");
  struct stat file = {};
  ASSERT_EQ(stat(path_.c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777, 0600);
}

TEST_F(AuditLogTest, HostileTextsStayInTheirLine) {
  (*AuditLog::Open(path_))
      ->Write({"a\n{\"user\":\"root\"}", "", "", "M", "\"\\\xff\x01" + std::string(100'000, 'x'),
               absl::OkStatus()});
  ASSERT_EQ(Lines(path_).size(), 1u);
  EXPECT_LT(std::filesystem::file_size(path_), 2000u);
}

TEST_F(AuditLogTest, TurnsOverAndForgetsTheOldest) {
  auto log = *AuditLog::Open(path_, 1000);
  for (int i = 0; i < 200; ++i)
    log->Write({"a", "", "", "M", "jobs/" + std::to_string(i), absl::OkStatus()});
  EXPECT_LE(std::filesystem::file_size(path_), 1000u);
  EXPECT_EQ(Lines(path_).back()["resource"], "jobs/199");
  EXPECT_TRUE(std::filesystem::exists(path_ + ".9"));
  EXPECT_FALSE(std::filesystem::exists(path_ + ".10"));
  struct stat file = {};
  stat((path_ + ".9").c_str(), &file);
  EXPECT_EQ(file.st_mode & 0777, 0600);
}

TEST_F(AuditLogTest, WhatCannotBeWrittenForAWhileCostsNoOldFile) {
  auto log = *AuditLog::Open(path_, 300);
  int last = 0;
  const auto write = [&] {
    log->Write({"a", "", "", "M", "jobs/" + std::to_string(++last), absl::OkStatus()});
  };
  const auto first_kept = [&](int file) {
    return Lines(path_ + "." + std::to_string(file)).front()["resource"].get<std::string>();
  };
  while (!std::filesystem::exists(path_ + ".4")) write();
  const std::string oldest = first_kept(4);
  struct rlimit before = {};
  getrlimit(RLIMIT_NOFILE, &before);
  const struct rlimit none = {0, before.rlim_max};  // no file can be opened
  setrlimit(RLIMIT_NOFILE, &none);
  for (int i = 0; i < 50; ++i) write();
  setrlimit(RLIMIT_NOFILE, &before);
  write();
  EXPECT_EQ(Lines(path_).back()["resource"], "jobs/" + std::to_string(last));
  EXPECT_EQ(first_kept(5), oldest);  // it turned over once
}

TEST_F(AuditLogTest, DoesNotFollowALinkThatSomebodyLaid) {
  std::filesystem::create_symlink(folder_.path() + "/elsewhere", path_);
  EXPECT_FALSE(AuditLog::Open(path_).ok());
  EXPECT_FALSE(std::filesystem::exists(folder_.path() + "/elsewhere"));
}

}  // namespace
}  // namespace tomoslab
