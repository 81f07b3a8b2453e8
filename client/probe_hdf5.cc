#include "client/probe_hdf5.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "worker/data/projection_reader.h"

namespace tomoslab {
namespace {

[[noreturn]] void TryImport(const std::string& path, int seconds) {
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  sigset_t alarm_only;
  sigemptyset(&alarm_only);
  sigaddset(&alarm_only, SIGALRM);
  sigprocmask(SIG_UNBLOCK, &alarm_only, nullptr);
  for (const int signal : {SIGALRM, SIGSEGV, SIGBUS, SIGABRT, SIGFPE}) std::signal(signal, SIG_DFL);
  alarm(static_cast<unsigned>(seconds));
  (void)OpenHdf5Scan(path, {});
  _exit(0);
}

}  // namespace

absl::Status ProbeHdf5(const std::string& path, int seconds) {
  const pid_t child = fork();
  if (child < 0)
    return absl::ResourceExhaustedError(
        absl::StrCat("cannot start another process: ", std::strerror(errno)));
  if (child == 0) TryImport(path, seconds);
  int ended = 0;
  while (waitpid(child, &ended, 0) < 0 && errno == EINTR) {
  }
  if (!WIFSIGNALED(ended)) return absl::OkStatus();
  const std::string what = WTERMSIG(ended) == SIGALRM
                               ? absl::StrCat("is not done with it after ", seconds, " s")
                               : "crashes on it";
  return absl::DataLossError(
      absl::StrCat(path, ": is damaged: the HDF5 library ", what, "; copy the file again"));
}

}  // namespace tomoslab
