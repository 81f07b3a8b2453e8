// racing locked|unlocked: a thread of our own and gRPC's callbacks count in one number.
// tests/sanitizers.sh sees by it that the thread sanitizer finds a race between the two, whatever
// races.supp and order_of_libraries.cc leave out, and no race where a lock is.
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <atomic>
#include <cstdio>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

namespace {

class Counter {
 public:
  explicit Counter(bool locked) : locked_(locked) {}
  void Count() {
    std::unique_lock<std::mutex> lock(mutex_, std::defer_lock);
    if (locked_) lock.lock();
    ++count_;
  }

 private:
  const bool locked_;
  std::mutex mutex_;
  long count_ = 0;
};

/// Takes messages until the client has no more.
class CountingReactor final : public grpc::ServerGenericBidiReactor {
 public:
  explicit CountingReactor(Counter& counter) : counter_(counter) { StartRead(&message_); }
  void OnReadDone(bool ok) override {
    if (!ok) return Finish(grpc::Status::OK);
    counter_.Count();
    StartRead(&message_);
  }
  void OnDone() override { delete this; }

 private:
  Counter& counter_;
  grpc::ByteBuffer message_;
};

class CountingService final : public grpc::CallbackGenericService {
 public:
  explicit CountingService(Counter& counter) : counter_(counter) {}

 private:
  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext*) override {
    return new CountingReactor(counter_);
  }
  Counter& counter_;
};

bool EventOf(grpc::CompletionQueue& queue) {
  void* tag = nullptr;
  bool ok = false;
  return queue.Next(&tag, &ok) && ok;
}

bool SendMessages(const std::shared_ptr<grpc::Channel>& channel, int count) {
  grpc::GenericStub stub(channel);
  grpc::ClientContext context;
  grpc::CompletionQueue queue;
  const auto stream = stub.PrepareCall(&context, "/any/Call", &queue);
  stream->StartCall(nullptr);
  bool ok = EventOf(queue);
  const grpc::Slice bytes("a message");
  for (int i = 0; i < count && ok; ++i) {
    stream->Write(grpc::ByteBuffer(&bytes, 1), nullptr);
    ok = EventOf(queue);
  }
  stream->WritesDone(nullptr);
  ok = EventOf(queue) && ok;
  grpc::Status status;
  stream->Finish(&status, nullptr);
  return EventOf(queue) && ok && status.ok();
}

}  // namespace

int main(int count, char** arguments) {
  const std::string mode = count == 2 ? arguments[1] : "";
  if (mode != "locked" && mode != "unlocked") {
    std::fprintf(stderr, "usage: racing locked|unlocked\n");
    return 2;
  }
  Counter counter(mode == "locked");
  std::atomic<bool> stopping{false};
  std::thread thread([&] {
    while (!stopping.load(std::memory_order_relaxed)) counter.Count();
  });
  CountingService service(counter);
  grpc::ServerBuilder builder;
  builder.RegisterCallbackGenericService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  const bool sent = SendMessages(server->InProcessChannel({}), 100);
  server->Shutdown();
  stopping = true;
  thread.join();
  return sent ? 0 : 1;
}
