#include "worker/app/checkpoints.h"

#include <atomic>
#include <new>

#include "absl/strings/str_format.h"
#include "proto/state_chunks.h"
#include "worker/app/job_runner.h"

namespace tomoslab {
namespace {

double Seconds(std::chrono::steady_clock::duration d) {
  return std::chrono::duration<double>(d).count();
}

}  // namespace

Checkpoints::Checkpoints(PoolClient* client, const v1::Lease* lease, const Communicator* ranks,
                         ProgressReporter* reporter, Staging staging)
    : client_(client),
      lease_(lease),
      ranks_(ranks),
      reporter_(reporter),
      staging_(staging),
      sender_(client, lease->id()),
      last_(std::chrono::steady_clock::now()) {
  if (lease->checkpoint_size() > 0) phase_ = lease->checkpoint(0).phase();
}

int Checkpoints::IterationsBefore() const {
  if (phase_.empty()) return 0;
  for (const v1::StateValue& value : lease_->checkpoint(0).value()) {
    if (value.name() == "iterations_before" && value.integer_size() == 1)
      return static_cast<int>(value.integer(0));
  }
  return 0;
}

bool Checkpoints::Due() {
  // Rank 0's clock decides for all of them.
  const double every = lease_->spec().checkpoint_every_seconds();
  const bool due = Seconds(std::chrono::steady_clock::now() - last_) >= every;
  if (ranks_->Broadcast(std::string(1, due ? 1 : 0), 0)[0] == 0) return false;
  return ranks_->SumCounts(sender_.busy() ? 1 : 0) == 0;
}

Checkpoints::Decision Checkpoints::Decide(int iteration) {
  if (!unusable_.ok()) return Decision::kStop;
  const Verdict verdict = reporter_->Poll();
  const bool never = lease_->spec().checkpoint_every_seconds() < 0;
  const bool news = !never && iteration > last_iteration_;
  switch (verdict) {
    case Verdict::kCancelled:
    case Verdict::kLeaseLost:
      return Decision::kStop;
    case Verdict::kDrain:
      if (news) return Decision::kKeepAndStop;
      ReportFailure();  // waits for the one that is on its way
      return Decision::kStop;
    case Verdict::kGoOn:
      break;
  }
  return news && Due() ? Decision::kKeep : Decision::kGoOn;
}

void Checkpoints::Keep(const StateTaker& taker) {
  ReportFailure();  // of the last one; waits for it when the server drains
  last_iteration_ = taker.description.iteration();
  last_ = std::chrono::steady_clock::now();
  if (staging_ == Staging::kCopy) {
    try {
      sender_.Start(StatePlanes::CopyOf(taker));
    } catch (const std::bad_alloc&) {
      direct_ = absl::ResourceExhaustedError("there is no memory for a copy of the solver's state");
    }
  } else {
    StatePlanes planes = StatePlanes::ViewOf(taker);
    direct_ = DeliverState(*client_, lease_->id(), planes, std::atomic<bool>(false));
  }
  if (stopped_) ReportFailure();
}

void Checkpoints::ReportFailure() {
  absl::Status mine = sender_.Wait();
  mine.Update(std::exchange(direct_, absl::OkStatus()));
  const absl::Status all = Agree(*ranks_, mine);
  if (all.ok() || absl::IsAborted(all)) return;  // aborted: the next report says so
  reporter_->Log(v1::WARNING,
                 absl::StrFormat("the checkpoint of iteration %d was not kept: %s; the job goes on",
                                 last_iteration_, all.message()));
}

absl::Status Checkpoints::Fetch(int part, Field& x) {
  return FetchPart(*client_, lease_->id(), lease_->checkpoint(0), part, x);
}

void Checkpoints::NoteRestored(const absl::Status& status,
                               std::chrono::steady_clock::duration took) {
  const v1::Checkpoint& kept = lease_->checkpoint(0);
  const absl::Status all = Agree(*ranks_, status);
  if (!all.ok()) {
    unusable_ = all;
    return;
  }
  last_iteration_ = kept.iteration();
  last_ = std::chrono::steady_clock::now();
  v1::CheckpointReport report;
  report.set_kind(v1::CheckpointReport::RESUMED);
  report.set_iteration(kept.iteration());
  report.set_bytes(StateBytes(kept));
  report.set_seconds(Seconds(took));
  reporter_->Resumed(report);
}

}  // namespace tomoslab
