#include "worker/app/job_runner.h"

#include <memory>
#include <new>
#include <utility>

#include "absl/strings/str_format.h"
#include "proto/plan_job.h"
#include "proto/values.h"
#include "worker/app/heap.h"
#include "worker/app/load_projections.h"
#include "worker/app/prepare_scan.h"
#include "worker/app/progress_reporter.h"
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

class Attempt {
 public:
  Attempt(PoolClient& client, const Communicator& ranks, const v1::Lease& lease,
          Accelerator* accelerator)
      : client_(client),
        ranks_(ranks),
        lease_(lease),
        accelerator_(accelerator),
        reporter_(&client, &lease, &ranks) {}

  void Run() {
    const absl::Status status = RunPhases();
    if (reporter_.verdict() == Verdict::kCancelled) {
      reporter_.State(v1::CANCELLED, "cancelled on request");
    } else if (!status.ok()) {
      reporter_.Fail(std::string(status.message()), IsPermanent(status));
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
    const RankMemory memory = PlanRankMemory(
        A.plan(), A.scan(), volume, MemoryUseOf(lease_.spec()), ranks_.rank(),
        accelerator_ == nullptr ? 0 : accelerator_->limit_bytes() - accelerator_->used_bytes());
    planned_device_bytes_ = memory.device_bytes;
    reporter_.Pool(A, accelerator_, memory);
    TOMOSLAB_RETURN_IF_ERROR(Agree(
        ranks_, A.ComputeOn({.placement = memory.placement,
                             .accelerator = accelerator_,
                             .messages = Communicator::ReadsGpuMemory() &&
                                                 accelerator_ != nullptr && accelerator_->is_cuda()
                                             ? Messages::kDirect
                                             : Messages::kStaged})));
    if (!GoesOn()) return absl::OkStatus();
    TOMOSLAB_ASSIGN_OR_RETURN(Field b, LoadProjections(client_, lease_, A, reporter_));
    ReturnFreedHeap();
    if (!GoesOn()) return absl::OkStatus();
    return Reconstruct(A, b);
  }

  absl::Status Reconstruct(const DistributedProjector& A, const Field& b) {
    reporter_.State(v1::RUNNING, "");
    if (!GoesOn()) return absl::OkStatus();
    Field x = A.NewVolume();
    TOMOSLAB_RETURN_IF_ERROR(FillStart(A, b, x));
    ReturnFreedHeap();
    TOMOSLAB_ASSIGN_OR_RETURN(const SolveOutcome outcome, Solve(A, b, lease_.spec(), reporter_, x));
    if (!GoesOn()) return absl::OkStatus();
    reporter_.Previews(A, outcome.iteration, x);
    reporter_.State(v1::WRITING, outcome.summary);
    if (!GoesOn()) return absl::OkStatus();
    TOMOSLAB_RETURN_IF_ERROR(Agree(
        ranks_, A.slab().empty() ? absl::OkStatus() : DeliverSlab(client_, lease_.id(), A, x)));
    ReportDeviceMemory();
    reporter_.State(v1::SUCCEEDED, outcome.summary);
    return absl::OkStatus();
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
  const Communicator& ranks_;
  const v1::Lease& lease_;
  Accelerator* accelerator_;
  std::int64_t planned_device_bytes_ = 0;
  ProgressReporter reporter_;
};

}  // namespace

void RunLease(PoolClient& client, const Communicator& ranks, const v1::Lease& lease,
              Accelerator* accelerator) {
  Attempt(client, ranks, lease, accelerator).Run();
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
