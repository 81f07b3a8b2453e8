#include "worker/app/job_runner.h"

#include <spdlog/spdlog.h>

#include <memory>
#include <new>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "proto/plan_job.h"
#include "proto/values.h"
#include "worker/app/checkpoints.h"
#include "worker/app/heap.h"
#include "worker/app/heart.h"
#include "worker/app/load_projections.h"
#include "worker/app/prepare_scan.h"
#include "worker/app/progress_reporter.h"
#include "worker/app/rank_log.h"
#include "worker/app/solve.h"
#include "worker/app/volume_transfer.h"
#include "worker/core/status.h"

namespace tomoslab {
namespace {

/// Another pool would fail in the same way.
bool IsPermanent(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kOutOfRange:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kDataLoss:
    case absl::StatusCode::kResourceExhausted:
      return true;
    default:
      return false;
  }
}

ProjectorModel ModelOf(const v1::JobSpec& spec) {
  return spec.projector() == v1::FOOTPRINT ? ProjectorModel::kFootprint : ProjectorModel::kJoseph;
}

/// The server has dropped the checkpoint that the job was to go on from: it begins again from the
/// one before.
bool IsDropped(const absl::Status& unusable) {
  return absl::IsDataLoss(unusable) || absl::IsNotFound(unusable);
}

class Attempt {
 public:
  Attempt(const PoolRank& pool, const v1::Lease& lease, Heart& heart)
      : client_(*pool.client),
        log_(*pool.log),
        ranks_(*pool.ranks),
        lease_(lease),
        accelerator_(pool.accelerator),
        memory_bytes_(pool.memory_bytes),
        reporter_(pool.client, &lease, pool.ranks, pool.ending) {
    if (accelerator_ == nullptr) return;
    reporter_.OnReport([this, &heart] { heart.NoteDeviceBytes(accelerator_->used_bytes()); });
  }

  void Run() {
    const absl::Status status = RunPhases();
    HandOverLogs();
    if (delivered_) {
      reporter_.State(v1::SUCCEEDED, *delivered_);
    } else if (reporter_.verdict() == Verdict::kCancelled) {
      reporter_.State(v1::CANCELLED, "cancelled on request");
    } else if (!status.ok()) {
      reporter_.Fail(std::string(status.message()), IsPermanent(status));
    } else if (given_back_ || reporter_.verdict() == Verdict::kDrain) {
      reporter_.GiveBack(given_back_ ? "queued again: its checkpoint is damaged"
                                     : "queued again: its pool is shutting down",
                         /*leaving=*/!given_back_);
    }
  }

 private:
  bool GoesOn() const { return reporter_.verdict() == Verdict::kGoOn; }

  absl::Status RunPhases() {
    reporter_.State(v1::LOADING, absl::StrFormat("%d rank%s fetch the projections", ranks_.size(),
                                                 ranks_.size() == 1 ? "" : "s"));
    if (!GoesOn()) return absl::OkStatus();
    TOMOSLAB_ASSIGN_OR_RETURN(const Volume volume, ToVolume(lease_.spec().volume()));
    TOMOSLAB_ASSIGN_OR_RETURN(Scan scan, PrepareScan(client_, ranks_, lease_, reporter_));
    DistributedProjector A(std::move(scan), volume, &ranks_, ModelOf(lease_.spec()));
    if (accelerator_ != nullptr) accelerator_->TakePeakBytes();  // of this job from now on
    MemoryUse use = MemoryUseOf(lease_.spec());
    use.host_limit_bytes = memory_bytes_;
    const RankMemory memory = PlanRankMemory(
        A.plan(), A.scan(), volume, use, ranks_.rank(),
        accelerator_ == nullptr ? 0 : accelerator_->limit_bytes() - accelerator_->used_bytes());
    planned_device_bytes_ = memory.device_bytes;
    if (memory.checkpoints != CheckpointMemory::kCopy) staging_ = Staging::kDirect;
    reporter_.Pool(A, accelerator_, memory);
    spdlog::info("slices {} to {}, detector rows {} to {}, {:.1f} MB", A.slab().begin, A.slab().end,
                 A.owned_rows().begin, A.owned_rows().end,
                 static_cast<double>(memory.host_bytes) / 1e6);
    TOMOSLAB_RETURN_IF_ERROR(Agree(
        ranks_, A.ComputeOn({.placement = memory.placement,
                             .accelerator = accelerator_,
                             .messages = Communicator::ReadsGpuMemory() &&
                                                 accelerator_ != nullptr && accelerator_->is_cuda()
                                             ? Messages::kDirect
                                             : Messages::kStaged})));
    if (!GoesOn()) return absl::OkStatus();
    TOMOSLAB_ASSIGN_OR_RETURN(Field b, LoadProjections(client_, lease_, A, reporter_));
    spdlog::info("the projections are there");
    ReturnFreedHeap();
    if (!GoesOn()) return absl::OkStatus();
    return Reconstruct(A, b);
  }

  absl::Status Reconstruct(const DistributedProjector& A, const Field& b) {
    reporter_.State(v1::RUNNING, "");
    if (!GoesOn()) return absl::OkStatus();
    Field x = A.NewVolume();
    Checkpoints checkpoints(&client_, &lease_, &ranks_, &reporter_, staging_);
    if (checkpoints.phase().empty()) TOMOSLAB_RETURN_IF_ERROR(FillStart(A, b, x));
    ReturnFreedHeap();
    TOMOSLAB_ASSIGN_OR_RETURN(const SolveOutcome outcome,
                              Solve({A, b, lease_.spec(), reporter_, checkpoints}, x));
    spdlog::info("the solver stopped after iteration {}", outcome.iteration);
    given_back_ = IsDropped(checkpoints.unusable());
    if (given_back_) return absl::OkStatus();
    TOMOSLAB_RETURN_IF_ERROR(checkpoints.unusable());
    if (reporter_.MustStop() || checkpoints.stopped()) return absl::OkStatus();
    return Deliver(A, outcome, x);
  }

  /// What is done is delivered, also to a server that shuts down.
  absl::Status Deliver(const DistributedProjector& A, const SolveOutcome& outcome, const Field& x) {
    reporter_.Previews(A, outcome.iteration, x);
    reporter_.State(v1::WRITING, outcome.summary);
    if (reporter_.MustStop()) return absl::OkStatus();
    TOMOSLAB_RETURN_IF_ERROR(Agree(
        ranks_, A.slab().empty() ? absl::OkStatus() : DeliverSlab(client_, lease_.id(), A, x)));
    spdlog::info("the slices are with the server");
    ReportDeviceMemory();
    delivered_ = outcome.summary;
    return absl::OkStatus();
  }

  /// Before the job's end, with which its log ends for those who follow it.
  void HandOverLogs() {
    log_.Flush();
    ranks_.Gather("");
  }

  /// What the plan said of the GPUs, and what it was.
  void ReportDeviceMemory() {
    const bool here = accelerator_ != nullptr;
    const double held = ranks_.Max(here ? static_cast<double>(accelerator_->TakePeakBytes()) : 0);
    const double planned = ranks_.Max(static_cast<double>(planned_device_bytes_));
    if (planned == 0) return;  // on all ranks
    reporter_.Log(v1::INFO, absl::StrFormat("GPU memory: a rank held up to %.1f MB, %.1f planned",
                                            held / 1e6, planned / 1e6));
  }

  absl::Status FillStart(const DistributedProjector& A, const Field& b, Field& x) {
    const v1::Start& start = lease_.spec().start();
    if (start.has_fdk()) return StartFromFdk(A, b, lease_.spec(), reporter_, x);
    if (start.from_case() == v1::Start::kJob)
      return Agree(ranks_, FetchSlab(client_, lease_, A, x));
    return absl::OkStatus();
  }

  PoolClient& client_;
  RankLog& log_;
  const Communicator& ranks_;
  const v1::Lease& lease_;
  Accelerator* accelerator_;
  std::int64_t planned_device_bytes_ = 0;
  const std::int64_t memory_bytes_;
  ProgressReporter reporter_;
  Staging staging_ = Staging::kCopy;
  bool given_back_ = false;
  std::optional<std::string> delivered_;  // and how the solver ended
};

}  // namespace

void RunLease(const PoolRank& pool, const v1::Lease& lease) {
  Heart heart(pool.client, lease.id(), pool.ranks->rank());
  Attempt(pool, lease, heart).Run();
}

absl::Status Agree(const Communicator& ranks, const absl::Status& status) {
  std::string mine;
  if (!status.ok()) mine = static_cast<char>(status.code()) + std::string(status.message());
  const std::vector<std::string> all = ranks.Gather(mine);
  for (std::size_t rank = 0; rank < all.size(); ++rank) {
    if (all[rank].empty()) continue;
    return absl::Status(static_cast<absl::StatusCode>(all[rank][0]),
                        absl::StrFormat("rank %d: %s", rank, all[rank].substr(1)));
  }
  return absl::OkStatus();
}

}  // namespace tomoslab
