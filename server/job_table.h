// Jobs and their event logs, in the database: nothing of them is kept in memory.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/line_ranges.h"
#include "server/caller.h"
#include "server/database.h"
#include "server/event_tail.h"
#include "server/watchers.h"
#include "tomoslab/v1/reconstruction.pb.h"

namespace tomoslab {

/// Of attempts at one job.
struct Losses {
  int same_iteration = 0;    // in a row, at the iteration of the last
  int without_progress = 0;  // in a row, none of which came further than those before
};

/// Behind a job of this priority and number; as created, the queue's front.
struct QueuePlace {
  std::int64_t priority = std::numeric_limits<std::int64_t>::max();
  std::int64_t id = 0;
};

/// Hears what happens to jobs, from the thread that did it, once it is in the database.
class JobObserver {
 public:
  virtual ~JobObserver() = default;
  /// `job` is as it is after the events.
  virtual void Appended(const v1::Job& job, const std::vector<v1::JobEvent>& events) = 0;
  virtual void Deleted(const std::string& job) = 0;
};

class JobTable {
 public:
  explicit JobTable(Database& database) : database_(database) {}

  /// Queues a job whose complete spec is `spec` and which `request` asked for. The same request_id
  /// again returns the same job; AlreadyExists when the request differs. NotFound: the scan or the
  /// start job is gone.
  /// ResourceExhausted: its volume does not fit into the owner's quota, or he has too many jobs in
  /// the queue.
  absl::StatusOr<v1::Job> Create(const v1::CreateJobRequest& request, const v1::JobSpec& spec,
                                 const NewOwnership& ownership = {});
  /// The job an earlier call of the owner's with this request_id made; NotFound. AlreadyExists when
  /// that request differs.
  absl::StatusOr<v1::Job> FindRequest(const v1::CreateJobRequest& request,
                                      const std::string& owner);

  absl::StatusOr<v1::Job> Get(const std::string& name);
  /// What the caller may see.
  absl::StatusOr<v1::ListJobsResponse> List(const v1::ListJobsRequest& request,
                                            const Caller& caller = {});
  /// Removes the job's rows. FailedPrecondition: it is not over, or a job that is not over starts
  /// from it.
  absl::Status Delete(const std::string& name);

  /// Appends events in order, all or none, and applies them to the job (job.h); then wakes its
  /// watchers. A change to LOADING counts an attempt on `pool`; SlicesReady events and changes to
  /// LOADING keep the slices' record.
  absl::StatusOr<v1::Job> Append(const std::string& name, std::vector<v1::JobEvent> events,
                                 Durability durability = Durability::kNow,
                                 const std::string& pool = "");

  /// Up to `most` events after `after`, ascending, about 128 KiB of them at most.
  absl::StatusOr<std::vector<v1::JobEvent>> EventsAfter(const std::string& name, std::int64_t after,
                                                        int most);

  /// The next jobs in QUEUED, some dozens, in the order in which they should run: those whose scan
  /// is complete and whose start job is over. Moves `place` behind them; none: the queue's end.
  absl::StatusOr<std::vector<v1::Job>> ReadyAfter(QueuePlace* place);
  /// Jobs that a pool has (or had, when the server died).
  absl::StatusOr<std::vector<v1::Job>> Leased();
  absl::StatusOr<int> CountQueued();
  absl::StatusOr<std::map<v1::JobState, int>> CountByState();

  /// Remembers that cancelling was asked for, across restarts.
  absl::Status NoteCancel(const std::string& name);
  absl::StatusOr<bool> CancelNoted(const std::string& name);

  /// Counts an attempt that was lost at this iteration; −1 = before the first.
  absl::StatusOr<Losses> CountLoss(const std::string& name, int iteration);

  /// The slices that can be read.
  absl::StatusOr<LineRanges> SlicesDone(const std::string& name);

  /// The next events for a watcher: mostly from memory.
  absl::StatusOr<SharedEvents> NextEvents(const std::string& name, std::int64_t after);
  absl::StatusOr<JobProgress> ProgressOf(const std::string& name);

  Watchers& watchers() { return watchers_; }
  /// Before any other call. The observer outlives this, and calls nothing that changes jobs.
  void Observe(JobObserver* observer) { observers_.push_back(observer); }

 private:
  Database& database_;
  Watchers watchers_;
  EventTail tail_;
  std::vector<JobObserver*> observers_;
};

}  // namespace tomoslab
