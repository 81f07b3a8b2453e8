#include "server/janitor.h"

#include <google/protobuf/util/time_util.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <map>
#include <utility>

#include "absl/time/clock.h"
#include "server/data_file.h"
#include "server/job.h"
#include "worker/core/status.h"

namespace tomoslab {
namespace {

absl::Time ToTime(const google::protobuf::Timestamp& time) {
  return absl::FromUnixNanos(google::protobuf::util::TimeUtil::TimestampToNanoseconds(time));
}

/// list(page token) → a page; take(page) for each.
template <class Page, class List, class Take>
absl::Status ForEachPage(List list, Take take) {
  std::string token;
  do {
    TOMOSLAB_ASSIGN_OR_RETURN(const Page page, list(token));
    take(page);
    token = page.next_page_token();
  } while (!token.empty());
  return absl::OkStatus();
}

constexpr int kPageSize = 200;  // so that nobody waits long for the database

}  // namespace

Janitor::~Janitor() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Janitor::Start(std::chrono::milliseconds every) {
  thread_ = std::thread([this, every] {
    std::unique_lock<std::mutex> lock(mutex_);
    while (!stopping_) {
      lock.unlock();
      Tidy(absl::Now());
      lock.lock();
      wake_.wait_for(lock, every, [this] { return stopping_; });
    }
  });
}

absl::StatusOr<std::vector<Janitor::Candidate>> Janitor::Candidates() {
  std::vector<Candidate> candidates;
  std::map<std::string, absl::Time> last_use;  // of scans, by jobs
  TOMOSLAB_RETURN_IF_ERROR(ForEachPage<v1::ListJobsResponse>(
      [&](const std::string& token) {
        v1::ListJobsRequest request;
        request.set_page_size(kPageSize);
        request.set_page_token(token);
        return stores_.jobs.List(request);
      },
      [&](const v1::ListJobsResponse& page) {
        for (const v1::Job& job : page.job()) {
          const absl::Time end =
              IsOver(job.state()) ? ToTime(job.end_time()) : absl::InfiniteFuture();
          absl::Time& used = last_use.try_emplace(job.spec().scan(), end).first->second;
          used = std::max(used, end);
          if (IsOver(job.state()) && !job.keep()) {
            candidates.push_back({job.name(), end, retention_.jobs});
          }
        }
      }));
  TOMOSLAB_RETURN_IF_ERROR(ForEachPage<v1::ListScansResponse>(
      [&](const std::string& token) {
        v1::ListScansRequest request;
        request.set_page_size(kPageSize);
        request.set_page_token(token);
        return stores_.scans.List(request);
      },
      [&](const v1::ListScansResponse& page) {
        for (const v1::Scan& scan : page.scan()) {
          const auto used = last_use.find(scan.name());
          const absl::Time last =
              std::max(ToTime(scan.create_time()),
                       used == last_use.end() ? absl::InfinitePast() : used->second);
          if (scan.keep() || last == absl::InfiniteFuture() || stores_.scans.IsOpen(scan.name()))
            continue;
          candidates.push_back({scan.name(), last, retention_.scans});
        }
      }));
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const Candidate& a, const Candidate& b) { return a.last_use < b.last_use; });
  return candidates;
}

bool Janitor::Delete(const Candidate& candidate, const std::string& why) {
  // The stores refuse what has come into use meanwhile.
  const bool scan = candidate.name.starts_with("scans/");
  const absl::Status deleted =
      scan ? stores_.scans.Delete(candidate.name) : stores_.queue.Delete(candidate.name);
  if (absl::IsFailedPrecondition(deleted) || absl::IsNotFound(deleted)) return false;
  audit_.Write({"janitor", "", "", why, candidate.name, deleted});
  spdlog::info("{}: deleted: {}", candidate.name,
               deleted.ok() ? why : std::string(deleted.message()));
  return deleted.ok();
}

bool Janitor::SpaceIsShort() const {
  if (retention_.free_bytes == 0) return false;
  const absl::StatusOr<DiskSpace> space = SpaceOf(data_folder_);
  return space.ok() && space->free_bytes < retention_.free_bytes;
}

std::vector<std::string> Janitor::Tidy(absl::Time now) {
  std::vector<std::string> deleted;
  if (retention_ == Retention{}) return deleted;
  const absl::StatusOr<std::vector<Candidate>> candidates = Candidates();
  if (!candidates.ok()) {
    spdlog::error("cannot look for what may be deleted: {}",
                  std::string(candidates.status().message()));
    return deleted;
  }
  for (const Candidate& candidate : *candidates) {
    const absl::Duration age = now - candidate.last_use;
    const bool old = candidate.kept > absl::ZeroDuration() && age > candidate.kept;
    if (!old && !(age > retention_.spared && SpaceIsShort())) continue;
    if (Delete(candidate, old ? "kept long enough" : "space is short"))
      deleted.push_back(candidate.name);
  }
  return deleted;
}

}  // namespace tomoslab
