// Back-pressure: a reader that does not read costs a few messages, not the whole stream.
#include "server/stream_reactor.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "tomoslab/v1/reconstruction.grpc.pb.h"

namespace tomoslab {
namespace {

constexpr int kMessages = 400;  // of 1 MiB

class EndlessSlices final : public v1::Reconstruction::CallbackService {
 public:
  grpc::ServerWriteReactor<v1::VolumeChunk>* ReadSlices(grpc::CallbackServerContext*,
                                                        const v1::ReadSlicesRequest*) override {
    using Reactor = StreamReactor<v1::VolumeChunk>;
    return Reactor::Start(executor_, [this]() -> absl::StatusOr<Reactor::Source> {
      return [this](v1::VolumeChunk* chunk) -> absl::StatusOr<bool> {
        chunk->set_first_line(produced);
        chunk->set_data(std::string(1 << 20, 'x'));
        return ++produced <= kMessages;
      };
    });
  }
  std::atomic<int> produced{0};

 private:
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

}  // namespace
}  // namespace tomoslab
