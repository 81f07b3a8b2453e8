// Preloaded into tomoslabd by tests (LD_PRELOAD): files of the folder TOMOSLAB_FAILING_FOLDER fail
// as a broken disk's do. The file TOMOSLAB_FAILING_SWITCHES holds four bytes, one for each kind of
// call; a call of a kind whose byte is not 0 fails with that errno.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

enum Kind { kOpen, kRead, kWrite, kSync, kKinds };

const volatile unsigned char* Switches() {
  static const volatile unsigned char* const switches = [] {
    static const unsigned char none[kKinds] = {};
    const char* path = std::getenv("TOMOSLAB_FAILING_SWITCHES");
    const auto real = reinterpret_cast<int (*)(const char*, int, ...)>(dlsym(RTLD_NEXT, "open"));
    const int file = path == nullptr ? -1 : real(path, O_RDONLY | O_CLOEXEC);
    void* shared = file < 0 ? MAP_FAILED : mmap(nullptr, kKinds, PROT_READ, MAP_SHARED, file, 0);
    if (file >= 0) close(file);
    return shared == MAP_FAILED ? none : static_cast<const unsigned char*>(shared);
  }();
  return switches;
}

bool IsInFolder(const char* path) {
  static const char* const folder = std::getenv("TOMOSLAB_FAILING_FOLDER");
  return folder != nullptr && std::strncmp(path, folder, std::strlen(folder)) == 0;
}

/// Sets errno and says true where the call is to fail.
bool FailsPath(Kind kind, const char* path) {
  const int error = Switches()[kind];
  if (error == 0 || path == nullptr || !IsInFolder(path)) return false;
  errno = error;
  return true;
}

bool FailsFile(Kind kind, int file) {
  if (Switches()[kind] == 0) return false;
  char link[64], path[4096];
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  const ssize_t length = readlink(link, path, sizeof path - 1);
  if (length <= 0) return false;
  path[length] = '\0';
  return FailsPath(kind, path);
}

template <class Function>
Function* Next(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

using Open = int(const char*, int, ...);
using Read = ssize_t(int, void*, size_t);
using ReadAt = ssize_t(int, void*, size_t, off_t);
using Write = ssize_t(int, const void*, size_t);
using WriteAt = ssize_t(int, const void*, size_t, off_t);
using Sync = int(int);
using Reserve = int(int, off_t, off_t);

int OpenBy(const char* name, const char* path, int flags, std::va_list rest) {
  const bool creates = (flags & (O_CREAT | O_TMPFILE)) != 0;
  const mode_t mode = creates ? va_arg(rest, mode_t) : 0;
  return FailsPath(kOpen, path) ? -1 : Next<Open>(name)(path, flags, mode);
}

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
  std::va_list rest;
  va_start(rest, flags);
  const int file = OpenBy("open", path, flags, rest);
  va_end(rest);
  return file;
}
int open64(const char* path, int flags, ...) {
  std::va_list rest;
  va_start(rest, flags);
  const int file = OpenBy("open64", path, flags, rest);
  va_end(rest);
  return file;
}

ssize_t read(int file, void* data, size_t size) {
  static Read* const next = Next<Read>("read");
  return FailsFile(kRead, file) ? -1 : next(file, data, size);
}
ssize_t pread(int file, void* data, size_t size, off_t offset) {
  static ReadAt* const next = Next<ReadAt>("pread");
  return FailsFile(kRead, file) ? -1 : next(file, data, size, offset);
}
ssize_t pread64(int file, void* data, size_t size, off_t offset) {
  static ReadAt* const next = Next<ReadAt>("pread64");
  return FailsFile(kRead, file) ? -1 : next(file, data, size, offset);
}

ssize_t write(int file, const void* data, size_t size) {
  static Write* const next = Next<Write>("write");
  return FailsFile(kWrite, file) ? -1 : next(file, data, size);
}
ssize_t pwrite(int file, const void* data, size_t size, off_t offset) {
  static WriteAt* const next = Next<WriteAt>("pwrite");
  return FailsFile(kWrite, file) ? -1 : next(file, data, size, offset);
}
ssize_t pwrite64(int file, const void* data, size_t size, off_t offset) {
  static WriteAt* const next = Next<WriteAt>("pwrite64");
  return FailsFile(kWrite, file) ? -1 : next(file, data, size, offset);
}
int posix_fallocate(int file, off_t offset, off_t size) {
  static Reserve* const next = Next<Reserve>("posix_fallocate");
  return FailsFile(kWrite, file) ? errno : next(file, offset, size);
}

int fsync(int file) {
  static Sync* const next = Next<Sync>("fsync");
  return FailsFile(kSync, file) ? -1 : next(file);
}
int fdatasync(int file) {
  static Sync* const next = Next<Sync>("fdatasync");
  return FailsFile(kSync, file) ? -1 : next(file);
}

}  // extern "C"
