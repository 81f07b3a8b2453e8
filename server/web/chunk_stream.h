// A gRPC stream of chunks as the body of an answer.
#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "proto/grpc_status.h"
#include "server/web/http_message.h"
#include "server/web/web_call.h"

namespace tomoslab {

/// Chunk: a message with `data`. The next one is read when the browser has taken the last.
template <class Chunk>
class ChunkStream {
 public:
  /// open(context) → std::unique_ptr<grpc::ClientReader<Chunk>>.
  template <class Open>
  ChunkStream(const HttpRequest& browser, Open open) : context_(ContextFor(browser)) {
    context_->set_deadline(std::chrono::system_clock::time_point::max());
    reader_ = open(context_.get());
  }
  ~ChunkStream() {
    if (reader_ == nullptr) return;
    context_->TryCancel();
    Finish().IgnoreError();  // nobody waits for it any more
  }
  ChunkStream(const ChunkStream&) = delete;
  ChunkStream& operator=(const ChunkStream&) = delete;

  /// Reads the first chunk: whether there is anything to send.
  absl::Status Begin() { return reader_->Read(&chunk_) ? absl::OkStatus() : Finish(); }
  const Chunk& chunk() const { return chunk_; }

  /// From the chunk that Begin read to the last.
  bool Send(HttpSink& sink) {
    do {
      if (!sink.Write(chunk_.data())) return false;
    } while (reader_->Read(&chunk_));
    return Finish().ok();
  }

  /// The same into memory.
  bool Collect(std::string* bytes) {
    do bytes->append(chunk_.data());
    while (reader_->Read(&chunk_));
    return Finish().ok();
  }

 private:
  absl::Status Finish() {
    const auto reader = std::exchange(reader_, nullptr);
    while (reader->Read(&chunk_)) {
    }
    return FromGrpc(reader->Finish());
  }

  const std::unique_ptr<grpc::ClientContext> context_;
  std::unique_ptr<grpc::ClientReader<Chunk>> reader_;
  Chunk chunk_;
};

/// `bytes` in all, `head` before the chunks.
template <class Chunk>
HttpResponse BytesResponse(std::shared_ptr<ChunkStream<Chunk>> stream, std::int64_t bytes,
                           std::string head = "") {
  HttpResponse response;
  response.type = "application/octet-stream";
  response.stream_length = bytes;
  response.stream = [stream = std::move(stream), head = std::move(head)](HttpSink& sink) {
    return sink.Write(head) && stream->Send(sink);
  };
  return response;
}

}  // namespace tomoslab
