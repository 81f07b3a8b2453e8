#include "server/data_file.h"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_format.h"
#include "worker/core/status.h"

namespace tomoslab {
namespace {

constexpr std::int64_t kReserveBytes = std::int64_t{64} << 20;  // for the database and its log

absl::Status ErrorOf(int error, const char* doing, const std::string& path) {
  const std::string text = absl::StrFormat("cannot %s %s: %s", doing, path, std::strerror(error));
  switch (error) {
    case ENOSPC:
    case EDQUOT:
      return absl::ResourceExhaustedError(text);
    case EIO:
      return absl::DataLossError(text);
    case ENOENT:
      return absl::NotFoundError(text);
    case EACCES:
    case EPERM:
    case EROFS:
      return absl::PermissionDeniedError(text);
    default:
      return absl::InternalError(text);
  }
}

}  // namespace

absl::StatusOr<DataFile> DataFile::Open(const std::string& path) {
  const int descriptor = open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (descriptor < 0) return ErrorOf(errno, "open", path);
  return DataFile(descriptor, path);
}

absl::StatusOr<DataFile> DataFile::Create(const std::string& path) {
  const int descriptor = open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (descriptor < 0) return ErrorOf(errno, "create", path);
  return DataFile(descriptor, path);
}

DataFile::DataFile(DataFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), path_(std::move(other.path_)) {}

DataFile& DataFile::operator=(DataFile&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(path_, other.path_);
  return *this;
}

DataFile::~DataFile() {
  if (descriptor_ >= 0) close(descriptor_);
}

absl::Status DataFile::ReadAt(std::int64_t offset, char* data, std::int64_t size) const {
  while (size > 0) {
    const ssize_t done = pread(descriptor_, data, static_cast<std::size_t>(size), offset);
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return ErrorOf(errno, "read", path_);
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
    if (done < 0) return ErrorOf(errno, "write", path_);
    offset += done;
    data += done;
    size -= done;
  }
  return absl::OkStatus();
}

absl::Status DataFile::Sync() const {
  return fdatasync(descriptor_) == 0 ? absl::OkStatus() : ErrorOf(errno, "sync", path_);
}

absl::Status DataFile::Reserve(Extent extent) const {
  if (extent.bytes <= 0) return absl::OkStatus();
  int error = 0;
  do {
    error = posix_fallocate(descriptor_, extent.offset, extent.bytes);
  } while (error == EINTR);
  return error == 0 ? absl::OkStatus() : ErrorOf(error, "reserve space for", path_);
}

absl::Status SyncFolder(const std::string& folder) {
  const int descriptor = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return ErrorOf(errno, "open", folder);
  const int result = fsync(descriptor);
  const int error = errno;
  close(descriptor);
  return result == 0 ? absl::OkStatus() : ErrorOf(error, "sync", folder);
}

absl::Status WritePrivateFile(const std::string& path, const std::string& text) {
  const std::string partial = path + ".partial";
  TOMOSLAB_RETURN_IF_ERROR(RemoveFile(partial));
  const int descriptor = open(partial.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor < 0) return ErrorOf(errno, "create", partial);
  const bool written =
      write(descriptor, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
      fsync(descriptor) == 0;
  const int error = errno;
  close(descriptor);
  if (!written) return ErrorOf(error, "write", partial);
  return std::rename(partial.c_str(), path.c_str()) == 0 ? absl::OkStatus()
                                                         : ErrorOf(errno, "create", path);
}

absl::Status RemoveFile(const std::string& path) {
  if (unlink(path.c_str()) == 0 || errno == ENOENT) return absl::OkStatus();
  return ErrorOf(errno, "remove", path);
}

absl::Status MakeFolder(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  return error ? ErrorOf(error.value(), "create the folder", path) : absl::OkStatus();
}

absl::StatusOr<DiskSpace> SpaceOf(const std::string& folder) {
  struct statvfs space = {};
  if (statvfs(folder.c_str(), &space) != 0)
    return ErrorOf(errno, "ask for the free space of", folder);
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
