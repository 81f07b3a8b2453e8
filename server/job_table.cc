#include "server/job_table.h"

#include <google/protobuf/util/message_differencer.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "proto/algorithm_values.h"
#include "proto/timestamp.h"
#include "proto/values.h"
#include "server/job.h"
#include "server/job_rows.h"
#include "server/ownership.h"
#include "server/resource_name.h"
#include "server/volume_file.h"
#include "worker/core/status.h"

namespace tomoslab {
namespace {

constexpr std::size_t kBatchBytes = 128 << 10;  // so much every watcher may hold
constexpr int kBatch = 64;

absl::Status Store(Transaction& transaction, std::int64_t id, const v1::Job& job) {
  return transaction.Prepare("UPDATE jobs SET state = ?, job = ? WHERE id = ?")
      .Bind(job.state())
      .BindBlob(job.SerializeAsString())
      .Bind(id)
      .Run();
}

absl::Status InsertEvent(Transaction& transaction, std::int64_t id, const v1::JobEvent& event) {
  return transaction.Prepare("INSERT INTO events (job, sequence, event) VALUES (?, ?, ?)")
      .Bind(id)
      .Bind(event.sequence())
      .BindBlob(event.SerializeAsString())
      .Run();
}

absl::StatusOr<LineRanges> LoadSlices(Transaction& transaction, std::int64_t id) {
  LineRanges slices;
  Statement rows = transaction.Prepare("SELECT begin, end FROM slices WHERE job = ?");
  rows.Bind(id);
  while (true) {
    TOMOSLAB_ASSIGN_OR_RETURN(const bool more, rows.Step());
    if (!more) return slices;
    slices.Add({rows.Int(0), rows.Int(1)});
  }
}

absl::Status StoreSlices(Transaction& transaction, std::int64_t id, const LineRanges& slices) {
  TOMOSLAB_RETURN_IF_ERROR(transaction.Prepare("DELETE FROM slices WHERE job = ?").Bind(id).Run());
  for (const IndexRange range : slices.Ranges()) {
    TOMOSLAB_RETURN_IF_ERROR(
        transaction.Prepare("INSERT INTO slices (job, begin, end) VALUES (?, ?, ?)")
            .Bind(id)
            .Bind(range.begin)
            .Bind(range.end)
            .Run());
  }
  return absl::OkStatus();
}

absl::Status CheckScanUsable(Transaction& transaction, const v1::JobSpec& spec) {
  TOMOSLAB_ASSIGN_OR_RETURN(const std::int64_t scan, ScanId(spec.scan()));
  Statement row = transaction.Prepare("SELECT 1 FROM scans WHERE id = ? AND ready = 1");
  TOMOSLAB_ASSIGN_OR_RETURN(const bool found, row.Bind(scan).Step());
  if (found) return absl::OkStatus();
  return absl::NotFoundError(absl::StrFormat("there is no %s", spec.scan()));
}

absl::StatusOr<std::int64_t> InsertJob(Transaction& transaction,
                                       const v1::CreateJobRequest& request, const v1::JobSpec& spec,
                                       const std::string& owner) {
  TOMOSLAB_ASSIGN_OR_RETURN(const std::int64_t scan, ScanId(spec.scan()));
  Statement insert = transaction.Prepare(
      "INSERT INTO jobs (request, scan, priority, state, job, start_job, request_id) "
      "VALUES (?, ?, ?, ?, x'', ?, ?)");
  insert.BindBlob(request.spec().SerializeAsString()).Bind(scan).Bind(spec.priority());
  insert.Bind(v1::QUEUED);
  if (spec.start().has_job()) {
    TOMOSLAB_ASSIGN_OR_RETURN(const std::int64_t start, JobId(spec.start().job()));
    TOMOSLAB_RETURN_IF_ERROR(LoadJob(transaction, start).status());
    insert.Bind(start);
  } else {
    insert.BindNull();
  }
  if (request.request_id().empty()) {
    insert.BindNull();
  } else {
    insert.Bind(OwnRequestId(owner, request.request_id()));
  }
  TOMOSLAB_RETURN_IF_ERROR(insert.Run());
  return transaction.LastInsertedId();
}

absl::StatusOr<v1::Job> FindRequestIn(Transaction& transaction, const v1::CreateJobRequest& request,
                                      const std::string& owner) {
  Statement row = transaction.Prepare("SELECT id, job, request FROM jobs WHERE request_id = ?");
  TOMOSLAB_ASSIGN_OR_RETURN(const bool found,
                            row.Bind(OwnRequestId(owner, request.request_id())).Step());
  if (!found) return absl::NotFoundError("no job was made with this request_id");
  TOMOSLAB_ASSIGN_OR_RETURN(v1::Job job, JobFromRow(row));
  v1::JobSpec asked;
  if (asked.ParseFromString(row.Bytes(2)) &&
      google::protobuf::util::MessageDifferencer::Equals(asked, request.spec())) {
    return job;
  }
  return absl::AlreadyExistsError(
      absl::StrFormat("request_id \"%s\" has already made %s, which differs from this request; use "
                      "a new request_id",
                      request.request_id(), job.name()));
}

/// One transaction that appends to one job's log.
class Appender {
 public:
  Appender(Transaction& transaction, std::int64_t id, v1::Job* job)
      : transaction_(transaction), id_(id), job_(job), now_(TimestampNow()) {}

  absl::Status Append(v1::JobEvent* event, const std::string& pool) {
    const v1::JobState before = job_->state();
    TOMOSLAB_RETURN_IF_ERROR(ApplyEvent(now_, event, job_));
    if (before == v1::QUEUED && job_->state() == v1::LOADING) {
      job_->set_attempts(job_->attempts() + 1);
      job_->set_pool(pool);
      TOMOSLAB_RETURN_IF_ERROR(KeepSlices({}));
    }
    if (event->has_slices_ready()) {
      TOMOSLAB_ASSIGN_OR_RETURN(LineRanges slices, LoadSlices(transaction_, id_));
      slices.Add({event->slices_ready().begin(), event->slices_ready().end()});
      TOMOSLAB_RETURN_IF_ERROR(KeepSlices(slices));
    }
    return InsertEvent(transaction_, id_, *event);
  }

 private:
  absl::Status KeepSlices(const LineRanges& slices) {
    job_->set_slices_done(static_cast<std::int32_t>(slices.Count()));
    return StoreSlices(transaction_, id_, slices);
  }

  Transaction& transaction_;
  const std::int64_t id_;
  v1::Job* const job_;
  const google::protobuf::Timestamp now_;
};

/// FailedPrecondition: the job is not over, or a job that is not over starts from it.
absl::Status CheckDeletable(Transaction& transaction, std::int64_t id) {
  TOMOSLAB_ASSIGN_OR_RETURN(const v1::Job job, LoadJob(transaction, id));
  if (!IsOver(job.state())) {
    return absl::FailedPreconditionError(
        absl::StrFormat("%s is %s, which is not over; cancel it first", JobName(id),
                        v1::JobState_Name(job.state())));
  }
  Statement user = transaction.Prepare("SELECT id FROM jobs WHERE start_job = ? AND state < ?");
  TOMOSLAB_ASSIGN_OR_RETURN(const bool used, user.Bind(id).Bind(v1::SUCCEEDED).Step());
  if (!used) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrFormat("%s starts from the volume of %s and is not over; cancel it first",
                      JobName(user.Int(0)), JobName(id)));
}

}  // namespace

absl::StatusOr<v1::Job> JobTable::FindRequest(const v1::CreateJobRequest& request,
                                              const std::string& owner) {
  Transaction transaction(database_);
  return FindRequestIn(transaction, request, owner);
}

absl::StatusOr<v1::Job> JobTable::Create(const v1::CreateJobRequest& request,
                                         const v1::JobSpec& spec, const NewOwnership& ownership) {
  const auto& [owner, groups] = ownership.ownership;
  v1::Job job;
  Transaction transaction(database_);
  if (!request.request_id().empty()) {
    absl::StatusOr<v1::Job> found = FindRequestIn(transaction, request, owner);
    if (!absl::IsNotFound(found.status())) return found;
  }
  TOMOSLAB_RETURN_IF_ERROR(CheckScanUsable(transaction, spec));
  TOMOSLAB_ASSIGN_OR_RETURN(const std::int64_t id, InsertJob(transaction, request, spec, owner));
  job.set_name(JobName(id));
  *job.mutable_spec() = spec;
  *job.mutable_create_time() = TimestampNow();
  job.set_owner(owner);
  job.mutable_group()->Assign(groups.begin(), groups.end());
  job.set_iterations_planned(IterationsPlanned(spec));
  v1::JobEvent queued = StateEvent(v1::QUEUED, "");
  TOMOSLAB_RETURN_IF_ERROR(Appender(transaction, id, &job).Append(&queued, ""));
  TOMOSLAB_RETURN_IF_ERROR(Store(transaction, id, job));
  TOMOSLAB_RETURN_IF_ERROR(
      EnterOwner(transaction, {Collection::kJobs, id}, ownership, VolumeBytes(spec.volume())));
  TOMOSLAB_RETURN_IF_ERROR(transaction.Commit());
  for (JobObserver* observer : observers_) observer->Appended(job, {queued});
  return job;
}

absl::StatusOr<v1::Job> JobTable::Get(const std::string& name) {
  TOMOSLAB_ASSIGN_OR_RETURN(const std::int64_t id, JobId(name));
  Transaction transaction(database_);
  return LoadJob(transaction, id);
}

absl::Status JobTable::Delete(const std::string& name) {
  TOMOSLAB_ASSIGN_OR_RETURN(const std::int64_t id, JobId(name));
  {
    Transaction transaction(database_);
    TOMOSLAB_RETURN_IF_ERROR(CheckDeletable(transaction, id));
    TOMOSLAB_RETURN_IF_ERROR(transaction.Prepare("DELETE FROM jobs WHERE id = ?").Bind(id).Run());
    TOMOSLAB_RETURN_IF_ERROR(transaction.Commit());
    tail_.Forget(name);
  }
  for (JobObserver* observer : observers_) observer->Deleted(name);
  watchers_.Notify(name);
  return absl::OkStatus();
}

absl::StatusOr<v1::Job> JobTable::Append(const std::string& name, std::vector<v1::JobEvent> events,
                                         Durability durability, const std::string& pool) {
  TOMOSLAB_ASSIGN_OR_RETURN(const std::int64_t id, JobId(name));
  v1::Job job;
  {
    Transaction transaction(database_, durability);
    TOMOSLAB_ASSIGN_OR_RETURN(job, LoadJob(transaction, id));
    Appender appender(transaction, id, &job);
    for (v1::JobEvent& event : events) {
      TOMOSLAB_RETURN_IF_ERROR(appender.Append(&event, pool));
    }
    TOMOSLAB_RETURN_IF_ERROR(Store(transaction, id, job));
    TOMOSLAB_RETURN_IF_ERROR(transaction.Commit());
    tail_.Add(job, events);  // while nobody else can append
  }
  for (JobObserver* observer : observers_) observer->Appended(job, events);
  watchers_.Notify(name);
  return job;
}

absl::StatusOr<std::vector<v1::JobEvent>> JobTable::EventsAfter(const std::string& name,
                                                                std::int64_t after, int most) {
  TOMOSLAB_ASSIGN_OR_RETURN(const std::int64_t id, JobId(name));
  std::vector<v1::JobEvent> events;
  std::size_t bytes = 0;
  Transaction transaction(database_, Durability::kSoon);
  Statement rows = transaction.Prepare(
      "SELECT event FROM events WHERE job = ? AND sequence > ? ORDER BY sequence LIMIT ?");
  rows.Bind(id).Bind(after).Bind(most);
  while (bytes < kBatchBytes) {
    TOMOSLAB_ASSIGN_OR_RETURN(const bool more, rows.Step());
    if (!more) break;
    const std::string event = rows.Bytes(0);
    if (!events.emplace_back().ParseFromString(event)) {
      return absl::DataLossError(absl::StrFormat("an event of %s is damaged", name));
    }
    bytes += event.size();
  }
  return events;
}

absl::StatusOr<SharedEvents> JobTable::NextEvents(const std::string& name, std::int64_t after) {
  if (std::optional<SharedEvents> known = tail_.After(name, after, kBatch))
    return *std::move(known);
  TOMOSLAB_ASSIGN_OR_RETURN(std::vector<v1::JobEvent> events, EventsAfter(name, after, kBatch));
  SharedEvents shared;
  for (v1::JobEvent& event : events)
    shared.push_back(std::make_shared<const v1::JobEvent>(std::move(event)));
  return shared;
}

absl::StatusOr<JobProgress> JobTable::ProgressOf(const std::string& name) {
  if (const std::optional<JobProgress> known = tail_.ProgressOf(name)) return *known;
  TOMOSLAB_ASSIGN_OR_RETURN(const v1::Job job, Get(name));
  return JobProgress{job.state(), job.last_event()};
}

absl::StatusOr<std::map<v1::JobState, int>> JobTable::CountByState() {
  Transaction transaction(database_);
  Statement rows = transaction.Prepare("SELECT state, COUNT(*) FROM jobs GROUP BY state");
  std::map<v1::JobState, int> counts;
  while (true) {
    TOMOSLAB_ASSIGN_OR_RETURN(const bool more, rows.Step());
    if (!more) return counts;
    counts[static_cast<v1::JobState>(rows.Int(0))] = static_cast<int>(rows.Int(1));
  }
}

absl::Status JobTable::NoteCancel(const std::string& name) {
  TOMOSLAB_ASSIGN_OR_RETURN(const std::int64_t id, JobId(name));
  Transaction transaction(database_);
  TOMOSLAB_RETURN_IF_ERROR(
      transaction.Prepare("UPDATE jobs SET cancel = 1 WHERE id = ?").Bind(id).Run());
  return transaction.Commit();
}

absl::StatusOr<bool> JobTable::CancelNoted(const std::string& name) {
  TOMOSLAB_ASSIGN_OR_RETURN(const std::int64_t id, JobId(name));
  Transaction transaction(database_);
  Statement row = transaction.Prepare("SELECT cancel FROM jobs WHERE id = ?");
  TOMOSLAB_ASSIGN_OR_RETURN(const bool found, row.Bind(id).Step());
  return found && row.Int(0) != 0;
}

absl::StatusOr<Losses> JobTable::CountLoss(const std::string& name, int iteration) {
  TOMOSLAB_ASSIGN_OR_RETURN(const std::int64_t id, JobId(name));
  Transaction transaction(database_);
  TOMOSLAB_RETURN_IF_ERROR(LoadJob(transaction, id).status());
  Losses losses;
  {
    Statement row = transaction.Prepare(
        "INSERT INTO losses (job, furthest, last, same, stuck) VALUES (?1, ?2, ?2, 1, 1) "
        "ON CONFLICT (job) DO UPDATE SET same = CASE WHEN ?2 = last THEN same + 1 ELSE 1 END, "
        "stuck = CASE WHEN ?2 > furthest THEN 1 ELSE stuck + 1 END, last = ?2, "
        "furthest = MAX(furthest, ?2) RETURNING same, stuck");
    TOMOSLAB_RETURN_IF_ERROR(row.Bind(id).Bind(iteration).Step().status());
    losses = {static_cast<int>(row.Int(0)), static_cast<int>(row.Int(1))};
  }
  TOMOSLAB_RETURN_IF_ERROR(transaction.Commit());
  return losses;
}

absl::StatusOr<LineRanges> JobTable::SlicesDone(const std::string& name) {
  TOMOSLAB_ASSIGN_OR_RETURN(const std::int64_t id, JobId(name));
  Transaction transaction(database_);
  return LoadSlices(transaction, id);
}

}  // namespace tomoslab
