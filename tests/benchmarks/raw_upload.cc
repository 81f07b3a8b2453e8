#include "tests/benchmarks/raw_upload.h"

#include <grpcpp/generic/generic_stub.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <future>

namespace tomoslab {
namespace {

class Sink final : public grpc::ServerGenericBidiReactor {
 public:
  Sink() { StartRead(&message_); }
  void OnReadDone(bool ok) override {
    if (ok) return StartRead(&message_);
    Finish(grpc::Status::OK);
  }
  void OnDone() override { delete this; }

 private:
  grpc::ByteBuffer message_;
};

class SinkService final : public grpc::CallbackGenericService {
 public:
  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext*) override {
    return new Sink;
  }
};

class Source final : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  Source(grpc::GenericStub& stub, int messages, std::int64_t bytes) : left_(messages) {
    const grpc::Slice slice(std::string(static_cast<std::size_t>(bytes), 'x'));
    message_ = grpc::ByteBuffer(&slice, 1);
    stub.PrepareBidiStreamingCall(&context_, "/tomoslab.benchmarks.Raw/Upload", {}, this);
    StartCall();
    StartRead(&answer_);  // it ends with the call
    OnWriteDone(true);
  }
  void OnWriteDone(bool ok) override {
    if (ok && left_-- > 0) return StartWrite(&message_);
    StartWritesDone();
  }
  void OnDone(const grpc::Status& status) override { done_.set_value(status); }
  grpc::Status Wait() { return done_.get_future().get(); }

 private:
  grpc::ClientContext context_;
  grpc::ByteBuffer message_, answer_;
  int left_;
  std::promise<grpc::Status> done_;
};

}  // namespace

void ServeRawUploads(const std::string& port_file) {
  SinkService service;
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterCallbackGenericService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  {
    std::ofstream file(port_file + ".partial");
    file << "127.0.0.1:" << port << "\n";
  }
  if (std::rename((port_file + ".partial").c_str(), port_file.c_str()) != 0) std::_Exit(1);
  while (true) pause();
}

double SendRaw(const std::shared_ptr<grpc::Channel>& channel, int messages, std::int64_t bytes) {
  grpc::GenericStub stub(channel);
  const auto begin = std::chrono::steady_clock::now();
  Source source(stub, messages, bytes);
  if (const grpc::Status status = source.Wait(); !status.ok()) {
    std::fprintf(stderr, "raw upload: %s\n", status.error_message().c_str());
    std::exit(1);
  }
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace tomoslab
