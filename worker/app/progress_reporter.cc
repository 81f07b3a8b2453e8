#include "worker/app/progress_reporter.h"

#include <algorithm>
#include <string_view>

#include "proto/chunking.h"
#include "worker/app/preview.h"
#include "worker/app/rank_info.h"

namespace tomoslab {
namespace {

double Seconds(std::chrono::steady_clock::duration d) {
  return std::chrono::duration<double>(d).count();
}

/// Phase by phase.
void KeepSlowest(const v1::PhaseSeconds& of_rank, v1::PhaseSeconds* slowest) {
  slowest->set_projection(std::max(slowest->projection(), of_rank.projection()));
  slowest->set_exchange(std::max(slowest->exchange(), of_rank.exchange()));
  slowest->set_backprojection(std::max(slowest->backprojection(), of_rank.backprojection()));
  slowest->set_update(std::max(slowest->update(), of_rank.update()));
}

absl::Status Deliver(PoolClient& client, const std::string& lease, const PreviewImage& image) {
  const std::int64_t bytes_per_row =
      image.header.columns() * static_cast<std::int64_t>(sizeof(float));
  std::int64_t row = 0;
  const auto give = [&](v1::PreviewChunk* chunk) {
    if (row == image.header.rows()) return false;
    const std::int64_t rows = std::min(LinesPerChunk(bytes_per_row), image.header.rows() - row);
    *chunk->mutable_preview() = image.header;
    FillChunk(
        row, bytes_per_row,
        std::string_view(reinterpret_cast<const char*>(image.values.data()) + row * bytes_per_row,
                         rows * bytes_per_row),
        chunk);
    row += rows;
    return true;
  };
  return RepeatWhileBroken([&] {
    row = 0;
    return client.DeliverPreviews(lease, give);
  });
}

}  // namespace

ProgressReporter::ProgressReporter(PoolClient* client, const v1::Lease* lease,
                                   const Communicator* ranks, const std::atomic<bool>* ending)
    : client_(client),
      lease_(lease),
      ranks_(ranks),
      ending_(ending),
      start_(std::chrono::steady_clock::now()),
      last_(start_),
      last_sent_(start_) {}

void ProgressReporter::Send(v1::ReportRequest request) {
  on_report_();
  if (ranks_->rank() == 0 && verdict_ != Verdict::kLeaseLost) {
    request.set_lease(lease_->id());
    request.set_number(++reports_);
    last_sent_ = std::chrono::steady_clock::now();
    const auto response = client_->Report(request);
    // Not answered, or ABORTED: the server has given the job back to its queue, or is gone.
    if (!response.ok()) {
      verdict_ = Verdict::kLeaseLost;
    } else if (response->cancel()) {
      verdict_ = Verdict::kCancelled;
    } else if (response->drain() || ending_->load()) {
      verdict_ = Verdict::kDrain;
    }
  }
  verdict_ =
      static_cast<Verdict>(ranks_->Broadcast(std::string(1, static_cast<char>(verdict_)), 0)[0]);
}

Verdict ProgressReporter::Poll() {
  // Rank 0's clock decides for all of them.
  const bool told = ending_->load() && verdict_ == Verdict::kGoOn;
  const bool due = told || Seconds(std::chrono::steady_clock::now() - last_sent_) > 1;
  if (ranks_->Broadcast(std::string(1, due ? 1 : 0), 0)[0] != 0) Send({});
  return verdict_;
}

void ProgressReporter::State(v1::JobState state, const std::string& reason) {
  SendState(state, reason, /*permanent=*/false);
}

void ProgressReporter::Fail(const std::string& reason, bool permanent) {
  SendState(v1::FAILED, reason, permanent);
}

void ProgressReporter::GiveBack(const std::string& reason, bool leaving) {
  SendState(v1::QUEUED, reason, leaving);
}

void ProgressReporter::SendState(v1::JobState state, const std::string& reason, bool permanent) {
  v1::ReportRequest request;
  v1::StateChange* change = request.add_event()->mutable_state_change();
  change->set_state(state);
  change->set_reason(reason);
  request.set_permanent(permanent);
  Send(std::move(request));
}

void ProgressReporter::Log(v1::Severity severity, const std::string& text) {
  v1::ReportRequest request;
  v1::LogMessage* log = request.add_event()->mutable_log();
  log->set_severity(severity);
  log->set_text(text);
  log->set_rank(0);
  Send(std::move(request));
}

void ProgressReporter::Pool(const DistributedProjector& A, const Accelerator* accelerator,
                            const RankMemory& memory) {
  v1::RankReport mine;
  mine.set_rank(ranks_->rank());
  mine.set_host(HostName());
  SetDevice(accelerator, &mine);
  mine.set_slice_begin(static_cast<int>(A.slab().begin));
  mine.set_slice_end(static_cast<int>(A.slab().end));
  mine.set_row_begin(static_cast<int>(A.owned_rows().begin));
  mine.set_row_end(static_cast<int>(A.owned_rows().end));
  mine.set_memory_bytes(memory.host_bytes);
  mine.set_device_memory_bytes(memory.device_bytes);
  mine.set_streamed(memory.placement == Placement::kStreamed);
  v1::ReportRequest request;
  v1::PoolReport* pool = request.add_event()->mutable_pool();
  for (const std::string& bytes : ranks_->Gather(mine.SerializeAsString()))
    pool->add_rank()->ParseFromString(bytes);
  Send(std::move(request));
}

v1::IterationReport ProgressReporter::Measure(const DistributedProjector& A,
                                              const Progress& progress) {
  const auto now = std::chrono::steady_clock::now();
  const PhaseTotals totals = A.Take();
  const double all_s = Seconds(now - last_);
  last_ = now;
  v1::IterationReport report;
  report.set_iteration(progress.iteration);
  report.set_misfit(progress.misfit);
  report.set_relative_residual(progress.relative_residual);
  report.set_step(progress.step);
  report.set_changed_labels(progress.changed_labels);
  report.set_free_fraction(progress.free_fraction);
  v1::RankTimes mine;
  mine.mutable_seconds()->set_projection(totals.projection_s);
  mine.mutable_seconds()->set_exchange(totals.exchange_s);
  mine.mutable_seconds()->set_backprojection(totals.backprojection_s);
  mine.mutable_seconds()->set_update(
      std::max(0.0, all_s - totals.projection_s - totals.exchange_s - totals.backprojection_s));
  mine.set_sent_bytes(totals.sent_bytes);
  for (const std::string& bytes : ranks_->Gather(mine.SerializeAsString())) {
    v1::RankTimes& of_rank = *report.add_rank();
    of_rank.ParseFromString(bytes);
    KeepSlowest(of_rank.seconds(), report.mutable_seconds());
    report.set_exchanged_bytes(report.exchanged_bytes() + of_rank.sent_bytes());
  }
  report.set_elapsed_seconds(Seconds(now - start_));
  return report;
}

void ProgressReporter::Iteration(const DistributedProjector& A, const Progress& progress,
                                 const Field& x) {
  v1::ReportRequest request;
  *request.add_event()->mutable_iteration() = Measure(A, progress);
  Send(std::move(request));
  const int every = lease_->spec().preview().every_iterations();
  if (!MustStop() && every > 0 && progress.iteration > 0 && progress.iteration % every == 0) {
    Previews(A, progress.iteration, x);
  }
}

void ProgressReporter::Resumed(const v1::CheckpointReport& report) {
  v1::ReportRequest request;
  *request.add_event()->mutable_checkpoint() = report;
  Send(std::move(request));
}

void ProgressReporter::Materials(const v1::MaterialReport& report) {
  v1::ReportRequest request;
  *request.add_event()->mutable_materials() = report;
  Send(std::move(request));
}

void ProgressReporter::Previews(const DistributedProjector& A, int iteration, const Field& x) {
  if (lease_->spec().preview().every_iterations() < 0 || iteration == last_preview_) return;
  last_preview_ = iteration;
  v1::ReportRequest request;
  for (v1::PreviewReady& plane : PreviewPlanes(lease_->spec().preview(), A.volume())) {
    plane.set_iteration(iteration);
    const PreviewImage image = TakePreview(A, x, plane);
    if (ranks_->rank() != 0) continue;
    // A preview that cannot be delivered is no reason to stop; the next report tells whether the
    // server is there.
    if (Deliver(*client_, lease_->id(), image).ok())
      *request.add_event()->mutable_preview_ready() = image.header;
  }
  Send(std::move(request));
}

}  // namespace tomoslab
