#include "server/volume_store.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "proto/chunking.h"
#include "server/resource_name.h"
#include "worker/core/status.h"

namespace tomoslab {

absl::Status VolumeInProgress::Write(IndexRange lines, const char* data) {
  const std::shared_lock<std::shared_mutex> lock(open_mutex_);
  if (!open_) return absl::AbortedError("the lease has ended");
  return file_.Write(lines, data);
}

void VolumeInProgress::Close() {
  const std::unique_lock<std::shared_mutex> lock(open_mutex_);
  open_ = false;
}

std::vector<IndexRange> VolumeInProgress::Finish(const LineRanges& lines) {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (const IndexRange range : lines.Ranges()) lines_.Add(range);
  LineRanges finished;
  for (const IndexRange range : lines.Ranges()) {
    for (const IndexRange slices : lines_.WholeBlocksTouched(range, file_.rows())) {
      for (const IndexRange fresh : announced_slices_.Missing(slices)) finished.Add(fresh);
    }
  }
  for (const IndexRange slices : finished.Ranges()) announced_slices_.Add(slices);
  return finished.Ranges();
}

absl::StatusOr<std::unique_ptr<VolumeStore>> VolumeStore::Open(const std::string& folder) {
  TOMOSLAB_RETURN_IF_ERROR(MakeFolder(folder));
  return std::unique_ptr<VolumeStore>(new VolumeStore(folder));
}

absl::StatusOr<std::string> VolumeStore::PathOf(const std::string& job_name) const {
  TOMOSLAB_ASSIGN_OR_RETURN(const std::int64_t id, JobId(job_name));
  return absl::StrFormat("%s/%d.h5", folder_, id);
}

absl::StatusOr<std::shared_ptr<VolumeInProgress>> VolumeStore::Begin(const v1::Job& job,
                                                                     const v1::Scan& scan) {
  TOMOSLAB_ASSIGN_OR_RETURN(const std::string path, PathOf(job.name()));
  absl::StatusOr<VolumeFile> file = VolumeFile::Open(path, job.spec().volume());
  if (!file.ok()) {
    TOMOSLAB_RETURN_IF_ERROR(VolumeFile::Create(path, job, scan));
    file = VolumeFile::Open(path, job.spec().volume());
  }
  TOMOSLAB_RETURN_IF_ERROR(file.status());
  return std::make_shared<VolumeInProgress>(*std::move(file));
}

absl::StatusOr<VolumeFile> VolumeStore::Open(const v1::Job& job) const {
  TOMOSLAB_ASSIGN_OR_RETURN(const std::string path, PathOf(job.name()));
  return VolumeFile::Open(path, job.spec().volume());
}

absl::Status VolumeStore::RecordResult(const v1::Job& job, int ranks) {
  TOMOSLAB_ASSIGN_OR_RETURN(const std::string path, PathOf(job.name()));
  return VolumeFile::RecordResult(path, job.last_iteration(), ranks);
}

absl::Status VolumeStore::Remove(const std::string& job_name) {
  TOMOSLAB_ASSIGN_OR_RETURN(const std::string path, PathOf(job_name));
  TOMOSLAB_RETURN_IF_ERROR(RemoveFile(path + ".partial"));
  return RemoveFile(path);
}

absl::StatusOr<std::vector<std::string>> VolumeStore::Jobs() const {
  TOMOSLAB_ASSIGN_OR_RETURN(const std::vector<std::string> files, FilesIn(folder_));
  std::vector<std::string> jobs;
  for (const std::string& file : files) {
    std::int64_t id = 0;
    if (absl::SimpleAtoi(std::filesystem::path(file).stem().string(), &id))
      jobs.push_back(JobName(id));
  }
  return jobs;
}

absl::StatusOr<bool> VolumeReader::Next(v1::VolumeChunk* chunk) {
  if (left_.empty()) return false;
  const std::int64_t bytes_per_line = file_.bytes_per_line();
  const IndexRange lines{left_.begin,
                         std::min(left_.end, left_.begin + LinesPerChunk(bytes_per_line))};
  std::vector<float> values(lines.size() * bytes_per_line / sizeof(float));
  TOMOSLAB_RETURN_IF_ERROR(file_.Read(lines, reinterpret_cast<char*>(values.data())));
  const std::string data = content_.Convert(values);
  FillChunk(lines.begin, static_cast<std::int64_t>(data.size()) / lines.size(), data, chunk);
  left_.begin = lines.end;
  return true;
}

}  // namespace tomoslab
