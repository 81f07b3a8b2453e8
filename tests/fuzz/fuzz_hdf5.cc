// Scans in HDF5: Data Exchange and NXtomo. The HDF5 library itself dies on some bytes, which the
// client notices by trying a file in another process first (client/probe_hdf5.h). So does this: a
// helper process tries every input, and what it survives is read here. A helper lives until it
// dies.
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <optional>
#include <vector>

#include "tests/fuzz/memory_file.h"
#include "worker/data/projection_reader.h"

namespace tomoslab {
namespace {

void ReadSome(const std::string& path) {
  const auto reader = OpenHdf5Scan(path, {});
  if (!reader.ok()) return;
  const ScanDescription& description = (*reader)->description();
  std::vector<std::byte> line(static_cast<std::size_t>(description.BytesPerLine()));
  (void)(*reader)->ReadLines(FrameKind::kProjection, 0, 1, absl::MakeSpan(line));
}

/// The library's own code is not instrumented: it dies by a signal, our own code by the sanitizers'
/// exit code.
class Helper {
 public:
  explicit Helper(const MemoryFile& file) {
    if (pipe(to_) != 0 || pipe(from_) != 0) __builtin_trap();
    child_ = fork();
    if (child_ == 0) Serve(file.path());
    close(to_[0]), close(from_[1]);
  }
  ~Helper() {
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
    close(to_[1]), close(from_[0]);
  }
  Helper(const Helper&) = delete;
  Helper& operator=(const Helper&) = delete;

  enum class Answer { kRead, kLibraryDied, kWeDied };
  Answer Try() {
    constexpr int kMostMs = 5000;
    char byte = 0;
    pollfd answer = {from_[0], POLLIN, 0};
    if (write(to_[1], &byte, 1) != 1) return Answer::kLibraryDied;
    if (poll(&answer, 1, kMostMs) == 0) return Answer::kLibraryDied;  // it hangs
    if (read(from_[0], &byte, 1) == 1) return Answer::kRead;
    int ended = 0;
    waitpid(child_, &ended, 0);
    return WIFSIGNALED(ended) ? Answer::kLibraryDied : Answer::kWeDied;
  }

 private:
  [[noreturn]] void Serve(const std::string& path) {
    for (const int signal : {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGALRM})
      std::signal(signal, SIG_DFL);
    close(to_[1]), close(from_[0]);
    char byte = 0;
    while (read(to_[0], &byte, 1) == 1) {
      ReadSome(path);
      if (write(from_[1], &byte, 1) != 1) break;
    }
    _exit(0);
  }

  int to_[2], from_[2];
  pid_t child_;
};

}  // namespace
}  // namespace tomoslab

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using tomoslab::Helper;
  static tomoslab::MemoryFile file(nullptr, 0);
  static std::optional<Helper> helper;
  file.Replace(data, size);
  if (!helper.has_value()) helper.emplace(file);
  const Helper::Answer answer = helper->Try();
  if (answer != Helper::Answer::kRead) helper.reset();
  if (answer != Helper::Answer::kLibraryDied) tomoslab::ReadSome(file.path());
  return 0;
}
