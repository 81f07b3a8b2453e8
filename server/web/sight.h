// Whether a browser may see a job: asked of the gate, and believed for a moment, so that a page
// which gets many images of one job does not ask for each.
#pragma once

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "absl/status/status.h"
#include "server/web/web_call.h"
#include "tomoslab/v1/reconstruction.grpc.pb.h"

namespace tomoslab {

/// Thread-safe.
class Sight {
 public:
  explicit Sight(const std::shared_ptr<grpc::Channel>& in_process)
      : stub_(v1::Reconstruction::NewStub(in_process)) {}
  /// NotFound, Unauthenticated, …; a refusal is never remembered, a permission for 2 s.
  absl::Status MaySee(const HttpRequest& request, const std::string& job);

 private:
  using Clock = std::chrono::steady_clock;
  const std::unique_ptr<v1::Reconstruction::Stub> stub_;
  std::mutex mutex_;
  std::map<std::string, Clock::time_point> seen_until_;  // by token and job
};

}  // namespace tomoslab
