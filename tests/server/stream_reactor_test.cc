// Back-pressure: a reader that does not read costs a few messages, not the whole stream.
#include "server/stream_reactor.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "tests/server/open_gate.h"
#include "tomoslab/v1/reconstruction.grpc.pb.h"

namespace tomoslab {
namespace {

constexpr int kMessages = 400;  // of 1 MiB
constexpr std::chrono::seconds kIdle{3};
constexpr int kLeastRate = 8 << 20;  // bytes per second

class EndlessSlices final : public v1::Reconstruction::CallbackService {
 public:
  grpc::ServerWriteReactor<v1::VolumeChunk>* ReadSlices(
      grpc::CallbackServerContext* context, const v1::ReadSlicesRequest* request) override {
    const auto open = [this](const v1::ReadSlicesRequest&)
        -> absl::StatusOr<StreamReactor<v1::VolumeChunk>::Source> {
      return [this](v1::VolumeChunk* chunk) -> absl::StatusOr<bool> {
        chunk->set_first_line(produced);
        chunk->set_data(std::string(1 << 20, 'x'));
        return ++produced <= kMessages;
      };
    };
    return StartStream<v1::VolumeChunk>({gate_, executor_}, context, *request, open);
  }
  std::atomic<int> produced{0};

 private:
  GateParts parts_;
  Gate gate_{false, Limits{.idle = kIdle, .least_bytes_per_second = kLeastRate}, parts_.Parts()};
  Executor executor_{2};
};

class StreamReactorTest : public testing::Test {
 protected:
  StreamReactorTest() {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    stub_ = v1::Reconstruction::NewStub(grpc::CreateChannel("127.0.0.1:" + std::to_string(port),
                                                            grpc::InsecureChannelCredentials()));
  }
  ~StreamReactorTest() override { server_->Shutdown(); }

  /// How many messages the source has made once it makes no more.
  int ProducedAtRest() {
    int before = -1;
    while (before != service_.produced) {
      before = service_.produced;
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
    }
    return before;
  }

  EndlessSlices service_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<v1::Reconstruction::Stub> stub_;
};

TEST_F(StreamReactorTest, WaitsForASlowReader) {
  grpc::ClientContext context;
  const auto stream = stub_->ReadSlices(&context, {});
  EXPECT_LT(ProducedAtRest(), kMessages / 4);
  v1::VolumeChunk chunk;
  int received = 0;
  while (stream->Read(&chunk)) EXPECT_EQ(chunk.first_line(), received++);
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(received, kMessages);
}

TEST_F(StreamReactorTest, StopsForAReaderThatLeaves) {
  grpc::ClientContext context;
  const auto stream = stub_->ReadSlices(&context, {});
  v1::VolumeChunk chunk;
  ASSERT_TRUE(stream->Read(&chunk));
  context.TryCancel();
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_LT(ProducedAtRest(), kMessages / 4);
}

TEST_F(StreamReactorTest, CutsAReaderThatDoesNotRead) {
  grpc::ClientContext context;
  const auto stream = stub_->ReadSlices(&context, {});
  v1::VolumeChunk chunk;
  ASSERT_TRUE(stream->Read(&chunk));
  std::this_thread::sleep_for(kIdle + std::chrono::seconds(2));
  int received = 1;
  while (stream->Read(&chunk)) ++received;
  EXPECT_LT(received, kMessages / 4);  // what was on the way
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::CANCELLED);
}

TEST_F(StreamReactorTest, CutsAReaderBelowTheLeastRate) {
  grpc::ClientContext context;
  const auto stream = stub_->ReadSlices(&context, {});
  v1::VolumeChunk chunk;
  int received = 0;
  // Something moves all the time, but no more than half of what should.
  while (stream->Read(&chunk)) {
    ++received;
    std::this_thread::sleep_for(std::chrono::milliseconds(2 * 1000 * (1 << 20) / kLeastRate));
  }
  EXPECT_LT(received, kMessages);
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::CANCELLED);
}

}  // namespace
}  // namespace tomoslab
