// A tomoslabd of our own, in a private folder, that ends with us.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace tomoslab {

struct EmbeddedServerOptions {
  int ranks = 0, threads = 0;         // 0 = the server's default
  std::string device = "auto";        // auto, cpu, cuda, emulated
  int memory_mb_per_rank = 0;         // 0 = the server's default
  int device_memory_mb_per_rank = 0;  // likewise
  std::string work_folder;  // where the private folder is made; empty = the system's folder for
                            // temporary files
  std::string program;      // path of tomoslabd; empty = beside this program
};

/// The kernel tells the server to end when this process dies, however it dies. The destructor ends
/// it, waits for it, and removes the folder.
class EmbeddedServer {
 public:
  /// Starts it and waits until it listens. Call it on the main thread, before any gRPC channel
  /// exists: it forks. Unavailable with the end of the server's log when it does not come up;
  /// Cancelled when the user interrupts.
  static absl::StatusOr<std::unique_ptr<EmbeddedServer>> Start(
      const EmbeddedServerOptions& options);
  ~EmbeddedServer();

  const std::string& address() const { return address_; }  // HOST:PORT
  bool Running();
  /// The last lines of its log.
  std::string EndOfLog() const;

 private:
  EmbeddedServer() = default;
  absl::Status Launch(const EmbeddedServerOptions& options);
  absl::Status WaitUntilListening();
  void Stop();

  std::string folder_, address_;
  pid_t pid_ = -1;
  int lock_ = -1;  // file descriptor of the folder's lock
};

}  // namespace tomoslab
