// Scans in HDF5: Data Exchange and NXtomo. Bytes on which the HDF5 library itself dies are the
// client's to notice (client/probe_hdf5.h: it tries them in another process first), so they are
// tried in another process here, too.
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
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
bool LibraryDies(const std::string& path) {
  const pid_t child = fork();
  if (child == 0) {
    for (const int signal : {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGALRM})
      std::signal(signal, SIG_DFL);
    alarm(5);
    ReadSome(path);
    _exit(0);
  }
  int ended = 0;
  waitpid(child, &ended, 0);
  return WIFSIGNALED(ended);
}

}  // namespace
}  // namespace tomoslab

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const tomoslab::MemoryFile file(data, size);
  if (!tomoslab::LibraryDies(file.path())) tomoslab::ReadSome(file.path());
  return 0;
}
