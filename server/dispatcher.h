// Pools and leases: which pool works on which job. Jobs and events live in the job table; what is
// here dies with the process.
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/beats.h"
#include "server/checkpoint_store.h"
#include "server/job_queue.h"
#include "server/lease_logs.h"
#include "tomoslab/v1/pool.pb.h"

namespace tomoslab {

/// The way to an attached pool's rank 0. Neither call may block or call the dispatcher.
class PoolLink {
 public:
  virtual ~PoolLink() = default;
  virtual void Send(const v1::PoolCommand& command) = 0;
  /// Ends the pool's stream with this status.
  virtual void Break(const absl::Status& why) = 0;
};

/// What a rank with a living lease works on.
struct LeasedJob {
  v1::Job job;
  std::shared_ptr<OpenScan> scan;
  std::shared_ptr<VolumeInProgress> volume;
  std::shared_ptr<CheckpointSession> checkpoints;
};

struct Stores {
  ScanStore& scans;
  JobTable& jobs;
  VolumeStore& volumes;
  PreviewStore& previews;
  JobQueue& queue;
  CheckpointStore& checkpoints;
  JobLogs* logs = nullptr;  // none are kept
};

/// How long a pool with a lease is waited for.
struct PoolPatience {
  std::chrono::milliseconds silence{600'000};      // of all ranks, with nothing reported
  std::chrono::milliseconds cancel_grace{60'000};  // to stop after a cancel
  std::chrono::milliseconds beat{7'000};           // of any rank, without a beat
  std::chrono::milliseconds reattach{0};           // of rank 0, after its connection broke
};

class Dispatcher {
 public:
  using Clock = std::chrono::steady_clock;

  /// `expected`: the size of the pools that will attach, for planning before they have.
  Dispatcher(Stores stores, std::vector<PoolOffer> expected, const PoolPatience& patience = {})
      : stores_(stores),
        expected_(std::move(expected)),
        patience_(patience),
        lease_logs_(stores.logs) {}

  /// Queues again what pools had when the server ended. Call once, before any pool attaches.
  absl::Status Recover();

  // --- pools ---
  /// A pool whose connection broke keeps the lease that it names. AlreadyExists: a pool of this
  /// name is attached. Unavailable: the server drains.
  /// `token`: whose leases it gets are; no other token may use them.
  absl::Status Attach(const v1::AttachRequest& request, std::shared_ptr<PoolLink> link,
                      const std::string& token = "");
  /// The link broke: ends the pool's lease and queues its job again, once the pool has had its time
  /// to attach again. Other links of the same name are left alone.
  void Detach(const std::string& pool, const PoolLink* link, const std::string& why);
  /// The process of a local pool ended: as Detach, and its last job's log says how it ended.
  void NoteExit(const std::string& instance, const std::string& how);
  /// A pool of this instance is there, or is waited for.
  bool Knows(const std::string& instance) const;
  std::vector<v1::PoolInfo> Pools() const;
  std::vector<PoolOffer> Offers() const;

  // --- jobs ---
  /// Gives ready jobs to idle pools. Call when a scan or a pool has become ready: looks at the
  /// whole queue.
  void Dispatch();
  /// The same for one new job: idle pools have seen all the others.
  void DispatchNew(const std::string& job);
  /// A queued job is over at once, a leased one within an iteration.
  absl::StatusOr<v1::Job> Cancel(const std::string& job);

  // --- leases; Aborted when the lease has ended ---
  absl::StatusOr<v1::ReportResponse> Report(const v1::ReportRequest& request);
  absl::StatusOr<LeasedJob> Find(const std::string& lease);
  /// The token of the pool that has it; nullopt: it has ended.
  std::optional<std::string> TokenOf(const std::string& lease) const;
  /// A sign of life of a rank that is streaming.
  absl::Status Touch(const std::string& lease);
  /// A sign of life of one rank; never waits for a disk.
  absl::Status Beat(const v1::BeatRequest& beat) { return beats_.Note(beat, Clock::now()); }
  /// What a rank wrote about its job; as LeaseLogs.
  absl::Status ReportLog(const v1::ReportLogRequest& request) {
    return lease_logs_.Report(request, Clock::now());
  }
  /// Appends the event of a checkpoint that counts.
  absl::Status AddCheckpoint(const std::string& lease, const v1::CheckpointReport& report);
  /// The store found a checkpoint damaged: it is dropped, and the job's log says so.
  void NoteDamage(const std::string& job, const std::string& checkpoint, const std::string& how);
  /// Appends the event of slices that are on disk.
  absl::Status AddSlices(const std::string& lease, const std::vector<IndexRange>& slices);

  /// Pools that have been silent with a lease for too long, that lost a rank or their connection,
  /// or do not react to a cancel. Call it several times a second.
  struct Stuck {
    std::string pool, instance, why;
  };
  std::vector<Stuck> StuckPools(Clock::time_point now);
  /// Goes on where the server's disk had failed: writes how attempts ended that could not be
  /// written then, and gives held jobs to pools again when they are due. Call it several times a
  /// second.
  void GoOnAfterFailures(Clock::time_point now);
  /// Ends the lease of a stuck pool and its stream.
  void Break(const std::string& pool, const std::string& why);

  /// No more leases. Pools are asked to leave a checkpoint and give their jobs back; those that
  /// have not after `patience` lose them. Then pools are told to end.
  void Drain(Clock::duration patience = {});
  bool draining() const;

 private:
  struct Pool {
    v1::AttachRequest request;
    std::shared_ptr<PoolLink> link;
    std::string lease;  // "" = idle
    std::string token;
    std::optional<Clock::time_point> cut;  // since when its link is broken
    bool leaving = false;                  // it is about to end, and gets no other lease
    PoolSize Size() const;
  };
  struct Lease {
    std::string pool;
    LeasedJob work;
    Clock::time_point last_sign;
    bool cancel = false;
    Clock::time_point cancel_time;
    std::int64_t reports = 0;  // the number of the last one
  };
  using Leases = std::map<std::string, Lease>;

  // All of these with mutex_ held.
  absl::StatusOr<Lease*> LivingLease(const std::string& id);
  std::vector<std::string> IdlePools() const;
  /// Gives the job to one of `idle`, which it leaves; its lease, or "".
  std::string LeaseTo(std::vector<std::string>* idle, const v1::Job& job);
  /// The next part of the queue; the leases that it has begun. Nothing: the queue's end.
  std::optional<std::vector<std::string>> LeaseNext(QueuePlace* place);
  absl::StatusOr<bool> Suits(const Pool& pool, const v1::Job& job);
  absl::StatusOr<std::string> Begin(const std::string& pool_name, const v1::Job& job);
  void EndLease(const std::string& id);
  void LoseLease(const std::string& id, const std::string& why);
  /// How an attempt ended. What cannot be written now is owed: without it the job would be
  /// nobody's.
  void AppendEnd(const std::string& job, std::vector<v1::JobEvent> events);
  bool WriteOwed();
  /// The disk failed when an attempt was to begin: the job is queued again, and left alone for a
  /// while.
  void Hold(const std::string& job, const std::string& why);
  bool IsHeld(const std::string& job) const;
  void Detached(const std::string& pool, const std::string& why);
  /// A pool that attaches under a name that a cut one has.
  bool TakesUpLease(const v1::AttachRequest& request, std::shared_ptr<PoolLink> link,
                    const std::string& token);
  /// "" = it is not. silent_rank: −1 = none.
  std::string WhyStuck(const Lease& lease, const Pool& pool, Clock::time_point now,
                       const Beats::Silence* silence) const;
  /// Of a job that is over.
  void RemoveCheckpoints(const v1::Job& job);
  absl::StatusOr<v1::Job> AppendReport(const Lease& lease, const v1::ReportRequest& request);

  // Without mutex_: laying out a volume may take long.
  /// False: the job failed by it, so that its pool is idle again.
  bool Prepare(const std::string& lease);
  absl::StatusOr<LeasedJob> OpenStores(const v1::Job& job);
  absl::StatusOr<v1::PoolCommand> LeaseCommand(const std::string& id, const v1::Job& job);

  const Stores stores_;
  const std::vector<PoolOffer> expected_;
  const PoolPatience patience_;
  Beats beats_;
  LeaseLogs lease_logs_;
  mutable std::mutex mutex_;
  std::map<std::string, Pool> pools_;            // by name
  Leases leases_;                                // by id
  std::map<std::string, std::string> last_job_;  // by instance, of local pools
  struct Held {
    Clock::time_point until;
    Clock::duration pause{};
    bool due = false;  // Dispatch has been told
  };
  std::map<std::string, Held> held_;                       // by job
  std::map<std::string, std::vector<v1::JobEvent>> owed_;  // by job
  bool draining_ = false;
  bool look_again_ = false;  // at the whole queue, when the next job is made
  std::condition_variable lease_ended_;
};

}  // namespace tomoslab
