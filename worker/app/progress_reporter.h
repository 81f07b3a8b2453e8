// Tells the server what a job does, and learns whether to go on.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <string>

#include "tomoslab/v1/pool.pb.h"
#include "worker/app/pool_client.h"
#include "worker/distributed/distributed_projector.h"
#include "worker/solvers/stopping.h"

namespace tomoslab {

/// Whether a job may go on; the same on every rank.
enum class Verdict : char {
  kGoOn = 0,
  kCancelled = 1,
  kLeaseLost = 2,
  kDrain = 3,  // leave a checkpoint and give the job back
};

/// One lease's voice. Rank 0 speaks; the other ranks hear what it heard. All calls are collective.
class ProgressReporter {
 public:
  /// ending: rank 0's; true when the pool was told to end. All outlive this.
  ProgressReporter(PoolClient* client, const v1::Lease* lease, const Communicator* ranks,
                   const std::atomic<bool>* ending);

  Verdict verdict() const { return verdict_; }
  /// Called on this thread, on every rank, whenever there is something to report.
  void OnReport(std::function<void()> call) { on_report_ = std::move(call); }
  /// Cancelled, or another pool's: what is under way is of no use to anybody.
  bool MustStop() const {
    return verdict_ == Verdict::kCancelled || verdict_ == Verdict::kLeaseLost;
  }
  void State(v1::JobState state, const std::string& reason);
  void Fail(const std::string& reason, bool permanent);
  /// Gives the job back. leaving: this pool takes no other.
  void GiveBack(const std::string& reason, bool leaving);
  void Log(v1::Severity severity, const std::string& text);
  /// The pool's ranks as they are, and what each holds for this job.
  void Pool(const DistributedProjector& A, const Accelerator* accelerator,
            const RankMemory& memory);
  /// An iteration's numbers, with the slowest rank's seconds since the last call, and previews when
  /// due.
  void Iteration(const DistributedProjector& A, const Progress& progress, const Field& x);
  /// The job goes on from a checkpoint.
  void Resumed(const v1::CheckpointReport& report);
  /// What the values of the image stand for.
  void Materials(const v1::MaterialReport& report);
  /// The verdict, asked for again when it is older than a second: for loops between two iterations.
  Verdict Poll();
  /// Previews of the result, unless they were sent for this iteration already.
  void Previews(const DistributedProjector& A, int iteration, const Field& x);

 private:
  void Send(v1::ReportRequest request);
  void SendState(v1::JobState state, const std::string& reason, bool permanent);
  v1::IterationReport Measure(const DistributedProjector& A, const Progress& progress);

  PoolClient* client_;
  const v1::Lease* lease_;
  const Communicator* ranks_;
  const std::atomic<bool>* ending_;
  std::function<void()> on_report_ = [] {};
  Verdict verdict_ = Verdict::kGoOn;
  std::int64_t reports_ = 0;
  std::chrono::steady_clock::time_point start_, last_, last_sent_;
  int last_preview_ = -1;
};

}  // namespace tomoslab
