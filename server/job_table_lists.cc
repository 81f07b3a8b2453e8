// Which jobs there are: the pages that people see, and the queue.
#include <optional>
#include <set>
#include <utility>

#include "server/job_rows.h"
#include "server/job_table.h"
#include "server/listing.h"
#include "server/resource_name.h"
#include "worker/core/status.h"

namespace tomoslab {
namespace {

constexpr int kQueueBatch = 64;

/// Whose scan is complete and whose start job is over: what WaitOf (job_queue.h) would find out
/// one by one. Bound are the priority and the number.
constexpr const char* kReadyOfSamePriority =
    "SELECT jobs.id, job, priority FROM jobs CROSS JOIN scans ON scans.id = jobs.scan AND "
    "scans.complete = 1 "
    "WHERE jobs.state = 1 AND priority = ?1 AND jobs.id > ?2 AND (start_job IS NULL OR "
    "(SELECT state FROM jobs start WHERE start.id = jobs.start_job) >= 5) "
    "ORDER BY jobs.id LIMIT ?3";
constexpr const char* kReadyOfLowerPriority =
    "SELECT jobs.id, job, priority FROM jobs CROSS JOIN scans ON scans.id = jobs.scan AND "
    "scans.complete = 1 "
    "WHERE jobs.state = 1 AND priority < ?1 AND (start_job IS NULL OR "
    "(SELECT state FROM jobs start WHERE start.id = jobs.start_job) >= 5) "
    "ORDER BY priority DESC, jobs.id LIMIT ?2";
static_assert(v1::QUEUED == 1 && v1::SUCCEEDED == 5);

/// How many rows there were. Those that are damaged are passed by.
absl::StatusOr<int> TakeQueued(Statement& rows, QueuePlace* place, std::vector<v1::Job>* jobs) {
  for (int count = 0;; ++count) {
    TOMOSLAB_ASSIGN_OR_RETURN(const bool more, rows.Step());
    if (!more) return count;
    *place = {rows.Int(2), rows.Int(0)};
    if (std::optional<v1::Job> job = WholeJobFromRow(rows)) jobs->push_back(*std::move(job));
  }
}

}  // namespace

absl::StatusOr<std::vector<v1::Job>> JobTable::ReadyAfter(QueuePlace* place) {
  Transaction transaction(database_, Durability::kSoon);
  std::vector<v1::Job> jobs;
  while (jobs.empty()) {
    int rows = 0;
    {
      Statement same = transaction.Prepare(kReadyOfSamePriority);
      same.Bind(place->priority).Bind(place->id).Bind(kQueueBatch);
      TOMOSLAB_ASSIGN_OR_RETURN(rows, TakeQueued(same, place, &jobs));
    }
    if (rows < kQueueBatch) {
      Statement lower = transaction.Prepare(kReadyOfLowerPriority);
      lower.Bind(place->priority).Bind(kQueueBatch - rows);
      TOMOSLAB_ASSIGN_OR_RETURN(const int more, TakeQueued(lower, place, &jobs));
      rows += more;
    }
    if (rows == 0) break;
  }
  return jobs;
}

absl::StatusOr<std::vector<v1::Job>> JobTable::Leased() {
  Transaction transaction(database_);
  Statement rows =
      transaction.Prepare("SELECT id, job FROM jobs WHERE state > ? AND state < ? ORDER BY id");
  return JobsFromRows(rows.Bind(v1::QUEUED).Bind(v1::SUCCEEDED));
}

absl::StatusOr<int> JobTable::CountQueued() {
  Transaction transaction(database_, Durability::kSoon);
  Statement row = transaction.Prepare("SELECT COUNT(*) FROM jobs WHERE state = ?");
  TOMOSLAB_RETURN_IF_ERROR(row.Bind(v1::QUEUED).Step().status());
  return static_cast<int>(row.Int(0));
}

absl::StatusOr<v1::ListJobsResponse> JobTable::List(const v1::ListJobsRequest& request,
                                                    const Caller& caller) {
  TOMOSLAB_ASSIGN_OR_RETURN(const Page page, ToPage(request.page_size(), request.page_token()));
  v1::ListJobsResponse response;
  std::set<int> states;
  for (const int state : request.state()) {
    if (v1::JobState_IsValid(state)) states.insert(state);  // no job is in another one
  }
  if (states.empty() && !request.state().empty()) return response;
  Transaction transaction(database_, Durability::kSoon);
  TOMOSLAB_ASSIGN_OR_RETURN(const std::vector<std::int64_t> ids,
                            VisibleJobs(transaction, caller, states, {page.below, page.size + 1}));
  Statement rows = transaction.Prepare(
      "SELECT id, job FROM jobs WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id DESC");
  rows.Bind(JsonOf(ids));
  std::size_t bytes = 0;
  while (true) {
    TOMOSLAB_ASSIGN_OR_RETURN(const bool more, rows.Step());
    if (!more) return response;
    if (response.job_size() == page.size || bytes > kPageBytes) break;
    std::optional<v1::Job> job = WholeJobFromRow(rows);
    if (!job.has_value()) continue;
    bytes += job->ByteSizeLong();
    *response.add_job() = *std::move(job);
  }
  response.set_next_page_token(PageToken(*JobId(response.job().rbegin()->name())));
  return response;
}

}  // namespace tomoslab
