// A program started without a shell, in its own process group, whose output comes through a pipe.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace tomoslab {

/// Killed (SIGKILL) when the thread that started it ends: start it from a thread that lives as long
/// as it should.
class ChildProcess {
 public:
  /// argv[0] is looked up in PATH. `environment` ("NAME=value") is added to this process's, or
  /// replaces what is there. A
  /// program that cannot be run ends with status 127 and says why in its output.
  static absl::StatusOr<ChildProcess> Start(const std::vector<std::string>& argv,
                                            const std::vector<std::string>& environment);
  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&& other) noexcept;
  ~ChildProcess();  // kills its group and waits for it

  /// How it ended ("exited with status 1", "was killed by signal 9 (Killed)"); nothing while it
  /// runs.
  std::optional<std::string> Ended();
  /// To its whole group.
  void Signal(int signal) const;
  /// Standard output and error; does not block.
  int output() const { return output_; }
  pid_t pid() const { return pid_; }

 private:
  ChildProcess(pid_t pid, int output) : pid_(pid), output_(output) {}
  pid_t pid_ = -1;  // −1 = ended
  int output_ = -1;
};

}  // namespace tomoslab
