// tomoslabd as a program of its own, killed with SIGKILL while it takes an upload: nothing
// acknowledged is lost.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "proto/line_ranges.h"
#include "server/child_process.h"
#include "server/scan_file.h"
#include "tests/server/status_of.h"
#include "tests/server/temporary_folder.h"
#include "tests/server/test_client.h"

namespace tomoslab {
namespace {

class KillTest : public testing::Test {
 protected:
  void Start(const std::vector<std::string>& more = {}) {
    std::filesystem::remove(PortFile());
    std::vector<std::string> argv = {TOMOSLABD, "--listen",    "127.0.0.1:0", "--data",
                                     Data(),    "--port-file", PortFile(),    "--no-local-pool"};
    argv.insert(argv.end(), more.begin(), more.end());
    process_.emplace(*ChildProcess::Start(argv, {}));
    std::string address;
    for (int i = 0; i < 2000 && address.empty(); ++i) {
      std::ifstream(PortFile()) >> address;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    ASSERT_FALSE(address.empty()) << "tomoslabd does not listen";
    client_.emplace(grpc::CreateChannel(address, grpc::InsecureChannelCredentials()));
  }
  std::string End(int signal) {
    process_->Signal(signal);
    for (int i = 0; i < 2000; ++i) {
      if (const auto how = process_->Ended()) return *how;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return "still runs";
  }
  std::string Data() const { return folder_.path() + "/data"; }
  std::string PortFile() const { return folder_.path() + "/port"; }

  TemporaryFolder folder_;
  std::optional<ChildProcess> process_;
  std::optional<TestClient> client_;
};

/// Uploads views one by one and kills the server after `until` acknowledged lines. Returns what was
/// acknowledged.
LineRanges UploadUntil(TestClient& client, const v1::Scan& scan, std::int64_t until,
                       const std::function<void()>& kill_server) {
  grpc::ClientContext context;
  const auto stream = client.stub().UploadProjections(&context);
  v1::UploadProjectionsRequest request;
  request.set_scan(scan.name());
  stream->Write(request);
  std::thread sender([&] {
    const std::int64_t lines = LineCount(scan, v1::FRAME_KIND_PROJECTION);
    for (std::int64_t line = 0; line < lines; line += 4) {
      *request.mutable_chunk() = SampleChunk(scan, v1::FRAME_KIND_PROJECTION, line, line + 4);
      if (!stream->Write(request)) return;
    }
  });
  LineRanges acknowledged;
  v1::UploadProjectionsResponse response;
  bool killed = false;
  while (stream->Read(&response)) {
    for (const v1::ReceivedLines& lines : response.acknowledged()) {
      acknowledged.Add({lines.begin(), lines.end()});
    }
    if (!killed && acknowledged.Count() >= until) kill_server();
    killed = killed || acknowledged.Count() >= until;
  }
  sender.join();
  EXPECT_FALSE(stream->Finish().ok());
  return acknowledged;
}

TEST_F(KillTest, LosesNoAcknowledgedLineAndGoesOn) {
  Start();
  v1::Scan scan = *client_->CreateScan(SampleScan(2000, 4, 4096));  // 64 MB
  const LineRanges acknowledged =
      UploadUntil(*client_, scan, 1000, [&] { process_->Signal(SIGKILL); });
  EXPECT_EQ(End(SIGKILL), "was killed by signal 9 (Killed)");
  EXPECT_GE(acknowledged.Count(), 1000);

  Start();
  const v1::Scan now = *client_->GetScan(scan.name());
  LineRanges received;
  for (const v1::ReceivedLines& lines : now.received()) received.Add({lines.begin(), lines.end()});
  for (const IndexRange range : acknowledged.Ranges()) EXPECT_TRUE(received.Contains(range));

  std::vector<v1::ProjectionChunk> rest;
  for (const v1::ProjectionChunk& chunk : AllChunks(scan)) {
    const IndexRange lines{chunk.first_line(), chunk.first_line() + chunk.line_count()};
    if (chunk.kind() != v1::FRAME_KIND_PROJECTION || !received.Contains(lines))
      rest.push_back(chunk);
  }
  ASSERT_TRUE(client_->Upload(scan.name(), rest).ok());
  EXPECT_TRUE(client_->GetScan(scan.name())->complete());
  EXPECT_EQ(End(SIGTERM), "exited with status 0");

  const auto file = ScanFile::Open(Data() + "/scans/1.h5", scan);
  ASSERT_TRUE(file.ok()) << file.status();
  std::string line(static_cast<std::size_t>(file->bytes_per_line()), ' ');
  for (std::int64_t i = 0; i < file->LineCount(v1::FRAME_KIND_PROJECTION); ++i) {
    ASSERT_TRUE(file->Read(v1::FRAME_KIND_PROJECTION, {i, i + 1}, line.data()).ok());
    ASSERT_EQ(line, SampleLines(scan, v1::FRAME_KIND_PROJECTION, i, i + 1)) << "line " << i;
  }
}

TEST_F(KillTest, RefusesBadCommandLinesAndUsedFolders) {
  Start();
  for (const auto& [arguments, status] : std::vector<std::pair<std::vector<std::string>, int>>{
           {{"--data", Data(), "--listen", "127.0.0.1:0"}, 1},  // in use
           {{"--data", folder_.path() + "/other", "--listen", "0.0.0.0:0"}, 2},
           {{"--data", folder_.path() + "/other", "--ranks", "many"}, 2}}) {
    std::vector<std::string> argv = {TOMOSLABD, "--no-local-pool"};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    ChildProcess second = *ChildProcess::Start(argv, {});
    std::optional<std::string> how;
    for (int i = 0; i < 2000 && !how.has_value(); ++i) {
      how = second.Ended();
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    EXPECT_EQ(how.value_or("still runs"), "exited with status " + std::to_string(status))
        << arguments.back();
  }
  EXPECT_EQ(End(SIGTERM), "exited with status 0");
}

}  // namespace
}  // namespace tomoslab
