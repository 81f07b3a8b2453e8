// A tomoslabd in a process of its own, for benchmarks of the service: what it takes of the machine.
#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "server/child_process.h"

namespace tomoslab {

/// The tomoslabd beside this program's folder, on a data folder that is removed at the end. Ends
/// the program with a message where the server does not start.
class RunningServer {
 public:
  explicit RunningServer(std::vector<std::string> flags);
  ~RunningServer();
  RunningServer(const RunningServer&) = delete;
  RunningServer& operator=(const RunningServer&) = delete;

  /// Seconds until it listens. `flags` in place of those before.
  double Start(std::optional<std::vector<std::string>> flags = std::nullopt);
  void Stop();  // SIGTERM, and waits for its end

  const std::string& address() const { return address_; }
  const std::string& folder() const { return folder_; }
  std::string AdminToken() const;
  /// A connection of its own, not shared with other channels.
  std::shared_ptr<grpc::Channel> Connect(const std::string& token = "") const;

  /// Of the server itself, without the ranks of its pools.
  double CpuSeconds() const;
  double MemoryMb() const { return StatusMb("VmRSS:"); }
  double PeakMemoryMb() const { return StatusMb("VmHWM:"); }

 private:
  double StatusMb(const std::string& key) const;
  std::string folder_, address_;
  std::vector<std::string> flags_;
  std::optional<ChildProcess> process_;
  std::thread output_;  // read, so that the server never waits for us
};

}  // namespace tomoslab
