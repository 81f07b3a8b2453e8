#include "server/job_table.h"

#include <google/protobuf/util/message_differencer.h>
#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "proto/algorithm_values.h"
#include "proto/values.h"
#include "server/job.h"
#include "server/ownership.h"
#include "server/resource_name.h"
#include "server/stored_check.h"
#include "server/volume_file.h"
#include "worker/core/status.h"

namespace tomoslab {
namespace {

using google::protobuf::util::TimeUtil;

constexpr std::size_t kBatchBytes = 1 << 20;

/// Row: id, job.
absl::StatusOr<v1::Job> FromRow(const Statement& row) {
  v1::Job job;
  if (!job.ParseFromString(row.Bytes(1)) || !IsPossible(job)) {
    return absl::DataLossError(
        absl::StrFormat("the database's entry of %s is damaged", JobName(row.Int(0))));
  }
  return job;
}

absl::StatusOr<v1::Job> Load(Transaction& transaction, std::int64_t id) {
  Statement row = transaction.Prepare("SELECT id, job FROM jobs WHERE id = ?");
  TOMOSLAB_ASSIGN_OR_RETURN(const bool found, row.Bind(id).Step());
  if (!found) return absl::NotFoundError(absl::StrFormat("there is no %s", JobName(id)));
  return FromRow(row);
}

/// What is damaged is left out, so that it hides nothing else; asked for by name it is DataLoss.
absl::StatusOr<std::vector<v1::Job>> LoadAll(Statement& rows) {
  std::vector<v1::Job> jobs;
  while (true) {
    TOMOSLAB_ASSIGN_OR_RETURN(const bool more, rows.Step());
    if (!more) return jobs;
    absl::StatusOr<v1::Job> job = FromRow(rows);
    if (job.ok()) {
      jobs.push_back(*std::move(job));
    } else {
      spdlog::error("{}", std::string(job.status().message()));
    }
  }
}

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
    TOMOSLAB_RETURN_IF_ERROR(Load(transaction, start).status());
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
  TOMOSLAB_ASSIGN_OR_RETURN(v1::Job job, FromRow(row));
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
      : transaction_(transaction), id_(id), job_(job), now_(TimeUtil::GetCurrentTime()) {}

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
  TOMOSLAB_ASSIGN_OR_RETURN(const v1::Job job, Load(transaction, id));
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

/// States are numbers, so no text gets into the SQL.
std::string StateFilter(const v1::ListJobsRequest& request) {
  if (request.state().empty()) return "";
  std::set<int> states;
  for (const int state : request.state()) {
    if (v1::JobState_IsValid(state)) states.insert(state);  // no job is in another one
  }
  return absl::StrCat(" AND state IN (", absl::StrJoin(states, ", "), ")");
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
  *job.mutable_create_time() = TimeUtil::GetCurrentTime();
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
  return Load(transaction, id);
}

absl::StatusOr<v1::ListJobsResponse> JobTable::List(const v1::ListJobsRequest& request,
                                                    const Caller& caller) {
  TOMOSLAB_ASSIGN_OR_RETURN(const Page page, ToPage(request.page_size(), request.page_token()));
  v1::ListJobsResponse response;
  Transaction transaction(database_);
  Statement rows = transaction.Prepare(
      absl::StrCat("SELECT id, job FROM jobs WHERE id < ?", StateFilter(request), " AND ",
                   VisibleCondition(caller, Collection::kJobs), " ORDER BY id DESC LIMIT ?")
          .c_str());
  rows.Bind(page.below);
  BindVisible(caller, rows);
  TOMOSLAB_ASSIGN_OR_RETURN(std::vector<v1::Job> jobs, LoadAll(rows.Bind(page.size + 1)));
  std::size_t bytes = 0;
  for (v1::Job& job : jobs) {
    if (response.job_size() == page.size || bytes > kPageBytes) {
      response.set_next_page_token(PageToken(*JobId(response.job().rbegin()->name())));
      break;
    }
    bytes += job.ByteSizeLong();
    *response.add_job() = std::move(job);
  }
  return response;
}

absl::Status JobTable::Delete(const std::string& name) {
  TOMOSLAB_ASSIGN_OR_RETURN(const std::int64_t id, JobId(name));
  {
    Transaction transaction(database_);
    TOMOSLAB_RETURN_IF_ERROR(CheckDeletable(transaction, id));
    TOMOSLAB_RETURN_IF_ERROR(transaction.Prepare("DELETE FROM jobs WHERE id = ?").Bind(id).Run());
    TOMOSLAB_RETURN_IF_ERROR(transaction.Commit());
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
    TOMOSLAB_ASSIGN_OR_RETURN(job, Load(transaction, id));
    Appender appender(transaction, id, &job);
    for (v1::JobEvent& event : events) {
      TOMOSLAB_RETURN_IF_ERROR(appender.Append(&event, pool));
    }
    TOMOSLAB_RETURN_IF_ERROR(Store(transaction, id, job));
    TOMOSLAB_RETURN_IF_ERROR(transaction.Commit());
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

absl::StatusOr<std::vector<v1::Job>> JobTable::Queued() {
  Transaction transaction(database_);
  Statement rows =
      transaction.Prepare("SELECT id, job FROM jobs WHERE state = ? ORDER BY priority DESC, id");
  return LoadAll(rows.Bind(v1::QUEUED));
}

absl::StatusOr<std::vector<v1::Job>> JobTable::Leased() {
  Transaction transaction(database_);
  Statement rows =
      transaction.Prepare("SELECT id, job FROM jobs WHERE state > ? AND state < ? ORDER BY id");
  return LoadAll(rows.Bind(v1::QUEUED).Bind(v1::SUCCEEDED));
}

absl::StatusOr<int> JobTable::CountQueued() {
  Transaction transaction(database_);
  Statement row = transaction.Prepare("SELECT COUNT(*) FROM jobs WHERE state = ?");
  TOMOSLAB_RETURN_IF_ERROR(row.Bind(v1::QUEUED).Step().status());
  return static_cast<int>(row.Int(0));
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
  TOMOSLAB_RETURN_IF_ERROR(Load(transaction, id).status());
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
