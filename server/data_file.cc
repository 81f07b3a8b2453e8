#include "server/data_file.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "worker/core/status.h"

namespace tomoslab {
namespace {

constexpr std::int64_t kReserveBytes = std::int64_t{64} << 20;  // for the database and its log

std::int64_t MostOpenFiles() {
  struct rlimit limit = {};
  return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? static_cast<std::int64_t>(limit.rlim_cur) : 0;
}

/// Of a read or write, with its place.
std::string At(const char* doing, std::int64_t size, std::int64_t offset) {
  return absl::StrFormat("%s %d bytes at byte %d of", doing, size, offset);
}

}  // namespace

absl::Status FileError(int error, const std::string& doing, const std::string& path) {
  const std::string text = absl::StrFormat("cannot %s %s: %s", doing, path, std::strerror(error));
  switch (error) {
    case ENOSPC:
    case EDQUOT:
      return absl::ResourceExhaustedError(text);
    case EMFILE:
    case ENFILE:
      return absl::UnavailableError(absl::StrFormat(
          "%s; the server may have %d files and connections open: raise LimitNOFILE (systemd) or "
          "ulimit -n",
          text, MostOpenFiles()));
    case EIO:
    case ENODEV:
    case ENXIO:
    case ESTALE:
    case EACCES:
    case EPERM:
    case EROFS:
      return absl::UnavailableError(absl::StrCat(
          text,
          "; the server's admin must look after its disk, and then this goes on: nothing "
          "stored is lost"));
    case ENOENT:
      return absl::NotFoundError(text);
    default:
      return absl::InternalError(text);
  }
}

absl::StatusOr<DataFile> DataFile::Open(const std::string& path) {
  const int descriptor = open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (descriptor < 0) return FileError(errno, "open", path);
  return DataFile(descriptor, path);
}

absl::StatusOr<DataFile> DataFile::Create(const std::string& path) {
  const int descriptor = open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (descriptor < 0) return FileError(errno, "create", path);
  return DataFile(descriptor, path);
}

DataFile::DataFile(DataFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      path_(std::move(other.path_)),
      failed_(other.failed()) {}

DataFile& DataFile::operator=(DataFile&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(path_, other.path_);
  failed_ = other.failed_.exchange(failed_);
  return *this;
}

DataFile::~DataFile() {
  if (descriptor_ >= 0) close(descriptor_);
}

absl::Status DataFile::ReadAt(std::int64_t offset, char* data, std::int64_t size) const {
  while (size > 0) {
    const ssize_t done = pread(descriptor_, data, static_cast<std::size_t>(size), offset);
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return FileError(errno, At("read", size, offset), path_);
    if (done == 0) {
      return absl::DataLossError(
          absl::StrFormat("%s ends at byte %d, %d bytes too early", path_, offset, size));
    }
    offset += done;
    data += done;
    size -= done;
  }
  return absl::OkStatus();
}

absl::Status DataFile::WriteAt(std::int64_t offset, const char* data, std::int64_t size) const {
  while (size > 0) {
    const ssize_t done = pwrite(descriptor_, data, static_cast<std::size_t>(size), offset);
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return FileError(errno, At("write", size, offset), path_);
    offset += done;
    data += done;
    size -= done;
  }
  return absl::OkStatus();
}

absl::Status DataFile::Sync() const {
  if (fdatasync(descriptor_) == 0) {
    if (!failed_) return absl::OkStatus();
    errno = EIO;
  }
  const int error = errno;
  failed_ = true;
  return FileError(error, "sync", path_);
}

absl::Status DataFile::Reserve(Extent extent) const {
  if (extent.bytes <= 0) return absl::OkStatus();
  int error = 0;
  do {
    error = posix_fallocate(descriptor_, extent.offset, extent.bytes);
  } while (error == EINTR);
  return error == 0 ? absl::OkStatus() : FileError(error, "reserve space for", path_);
}

absl::Status SyncFolder(const std::string& folder) {
  const int descriptor = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return FileError(errno, "open", folder);
  const int result = fsync(descriptor);
  const int error = errno;
  close(descriptor);
  return result == 0 ? absl::OkStatus() : FileError(error, "sync", folder);
}

absl::Status WritePrivateFile(const std::string& path, const std::string& text) {
  const std::string partial = path + ".partial";
  TOMOSLAB_RETURN_IF_ERROR(RemoveFile(partial));
  const int descriptor = open(partial.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor < 0) return FileError(errno, "create", partial);
  const bool written =
      write(descriptor, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
      fsync(descriptor) == 0;
  const int error = errno;
  close(descriptor);
  if (!written) return FileError(error, "write", partial);
  return std::rename(partial.c_str(), path.c_str()) == 0 ? absl::OkStatus()
                                                         : FileError(errno, "create", path);
}

absl::Status RemoveFile(const std::string& path) {
  if (unlink(path.c_str()) == 0 || errno == ENOENT) return absl::OkStatus();
  return FileError(errno, "remove", path);
}

absl::StatusOr<std::vector<std::string>> FilesIn(const std::string& folder) {
  std::vector<std::string> files;
  std::error_code error;
  std::filesystem::directory_iterator entry(folder, error);
  // Not a range-for: its ++ throws.
  while (!error && entry != std::filesystem::directory_iterator()) {
    files.push_back(entry->path().string());
    entry.increment(error);
  }
  if (error) return FileError(error.value(), "list", folder);
  return files;
}

absl::Status MakeFolder(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  return error ? FileError(error.value(), "create the folder", path) : absl::OkStatus();
}

absl::StatusOr<DiskSpace> SpaceOf(const std::string& folder) {
  struct statvfs space = {};
  if (statvfs(folder.c_str(), &space) != 0)
    return FileError(errno, "ask for the free space of", folder);
  const auto block = static_cast<std::int64_t>(space.f_frsize);
  return DiskSpace{static_cast<std::int64_t>(space.f_bavail) * block,
                   static_cast<std::int64_t>(space.f_blocks) * block};
}

absl::Status CheckSpace(const std::string& folder, std::int64_t bytes, const std::string& what) {
  TOMOSLAB_ASSIGN_OR_RETURN(const DiskSpace space, SpaceOf(folder));
  if (bytes <= space.free_bytes - kReserveBytes) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrFormat(
      "%s needs %.3f GiB on the server's disk; %.3f GiB are free, of which %.3f GiB are kept for "
      "the database. Delete scans or jobs that are no longer needed",
      what, static_cast<double>(bytes) / (1 << 30),
      static_cast<double>(space.free_bytes) / (1 << 30),
      static_cast<double>(kReserveBytes) / (1 << 30)));
}

}  // namespace tomoslab
