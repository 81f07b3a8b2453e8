#include "worker/distributed/distributed_projector.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "worker/core/status.h"

namespace tomoslab {
namespace {

class Stopwatch {
 public:
  explicit Stopwatch(double* total_s)
      : total_s_(total_s), start_(std::chrono::steady_clock::now()) {}
  ~Stopwatch() {
    *total_s_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;

 private:
  double* total_s_;
  std::chrono::steady_clock::time_point start_;
};

ProjectionBand BandOf(const Scan& scan, const ViewBatch& batch, int rank) {
  return {absl::MakeConstSpan(scan.views).subspan(batch.views.begin, batch.views.size()),
          scan.detector.columns, batch.shadow[rank]};
}

double WaitedSeconds(const std::array<RowExchange, 2>& exchange) {
  return exchange[0].waited_s() + exchange[1].waited_s();
}

/// A batch is projected in pieces of so many views, so that MPI can move the batch before it in
/// between.
constexpr std::int64_t kPieceViews = 64;

}  // namespace

DistributedProjector::DistributedProjector(Scan scan, const Volume& volume,
                                           const Communicator* ranks, ProjectorModel model)
    : scan_(std::move(scan)),
      volume_(volume),
      ranks_(ranks),
      model_(model),
      plan_(MakeExchangePlan(scan_, volume, ranks->size())) {
  slab_volume_ = volume.Slices(slab());
  // plan_ must not move any more: DistributedProjector is neither copied nor moved (RowExchange
  // points to it).
  state_.reset(new State{
      NewExchanges(scan_.detector.columns), MakeCpuProjector(slab_volume_, model), {}, 0});
}

absl::Status DistributedProjector::ComputeOn(const DeviceUse& use) {
  use_ = use;
  state_->exchange = NewExchanges(scan_.detector.columns);
  if (use.placement == Placement::kCpu || slab().empty()) {
    state_->local = MakeCpuProjector(slab_volume_, model_);
    return absl::OkStatus();
  }
  if (use.placement == Placement::kResident) {
    state_->local = MakeDeviceProjector(use.accelerator, slab_volume_, model_);
    return absl::OkStatus();
  }
  std::int64_t rows = 0;
  for (const ViewBatch& batch : plan_.batches)
    rows = std::max(rows, batch.shadow[ranks_->rank()].size());
  // FDK may widen the detector to twice its columns.
  const LargestView largest{2 * std::int64_t{scan_.detector.columns}, rows};
  const std::int64_t budget = use.accelerator->limit_bytes() - use.accelerator->used_bytes();
  try {
    state_->local = MakeStreamedProjector(use.accelerator, slab_volume_, model_, budget, largest);
  } catch (const DeviceMemoryError& error) {
    return absl::ResourceExhaustedError(error.what());
  }
  return absl::OkStatus();
}

Accelerator* DistributedProjector::FieldsOn() const {
  return use_.placement == Placement::kResident ? use_.accelerator : nullptr;
}

DistributedProjector::Exchanges DistributedProjector::NewExchanges(int columns) const {
  const auto store = [&] {
    return FieldsOn() == nullptr ? MakeHostRows() : MakeDeviceRows(FieldsOn(), use_.messages);
  };
  return {RowExchange(&plan_, columns, ranks_, store()),
          RowExchange(&plan_, columns, ranks_, store())};
}

Field DistributedProjector::NewVolume() const {
  return Field(std::int64_t{volume_.rows} * volume_.columns, slab(), volume_.slices, ranks_,
               FieldsOn());
}

Field DistributedProjector::NewProjections() const {
  return Field(static_cast<std::int64_t>(scan_.views.size()) * scan_.detector.columns, owned_rows(),
               scan_.detector.rows, ranks_, FieldsOn());
}

template <class Pass>
void DistributedProjector::TimeOnDevice(const Exchanges& exchange, double PhaseTotals::*phase_s,
                                        Pass&& pass) const {
  // What the host's clock says while the GPU works on its own means nothing: a pass is what it
  // takes as a whole, but for the messages it waited for.
  PhaseTotals totals = state_->totals;
  const double waited_s = WaitedSeconds(exchange);
  const auto start = std::chrono::steady_clock::now();
  pass();
  FieldsOn()->Wait(Queue::kCompute);
  const double all_s =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const double exchange_s = WaitedSeconds(exchange) - waited_s;
  totals.exchange_s += exchange_s;
  totals.*phase_s += all_s - exchange_s;
  state_->totals = totals;
}

void DistributedProjector::Project(const Field& x, Field& y) const {
  ++state_->totals.projections;
  if (FieldsOn() == nullptr) return ProjectBatches(x, y);
  TimeOnDevice(state_->exchange, &PhaseTotals::projection_s, [&] { ProjectBatches(x, y); });
}

void DistributedProjector::ProjectBatches(const Field& x, Field& y) const {
  auto& [exchange, local, totals, taken] = *state_;
  {
    const Stopwatch watch(&totals.projection_s);
    local->BeginProjection(x.address());
  }
  for (std::size_t k = 0; k < plan_.batches.size(); ++k) {
    const ViewBatch& batch = plan_.batches[k];
    RowExchange& current = exchange[k % 2];
    RowExchange& previous = exchange[(k + 1) % 2];
    const ProjectionBand band = BandOf(scan_, batch, ranks_->rank());
    float* shadow = current.shadow(batch);
    const std::int64_t views = batch.views.size();
    // An accelerator computes by itself, and keeps one geometry for both directions.
    const bool whole = ranks_->size() == 1 || FieldsOn() != nullptr;
    const std::int64_t step = whole ? views : kPieceViews;
    for (std::int64_t first = 0; first < views; first += step) {
      {
        const Stopwatch watch(&totals.projection_s);
        local->Project({band.views.subspan(first, step), band.columns, band.rows},
                       shadow + band.Offset(first, 0));
      }
      previous.Progress();
    }
    const Stopwatch watch(&totals.exchange_s);
    if (k > 0) previous.FinishReduce(y);
    current.StartReduce(batch);
  }
  const Stopwatch watch(&totals.exchange_s);
  if (!plan_.batches.empty()) exchange[(plan_.batches.size() + 1) % 2].FinishReduce(y);
}

void DistributedProjector::Backproject(const Field& y, Field& x) const {
  BackprojectWith(Kernel::kMatched, scan_, state_->exchange, y, x);
}

void DistributedProjector::BackprojectVoxelDriven(const Field& y, Field& x) const {
  BackprojectWith(Kernel::kVoxelDriven, scan_, state_->exchange, y, x);
}

void DistributedProjector::BackprojectVoxelDriven(const Scan& scan, const Field& y,
                                                  Field& x) const {
  const int columns = scan.detector.columns;
  Exchanges exchange = NewExchanges(columns);
  BackprojectWith(Kernel::kVoxelDriven, scan, exchange, y, x);
  state_->taken_bytes -= exchange[0].sent_bytes() + exchange[1].sent_bytes();
}

void DistributedProjector::BackprojectWith(Kernel kernel, const Scan& scan, Exchanges& exchange,
                                           const Field& y, Field& x) const {
  ++state_->totals.backprojections;
  if (FieldsOn() == nullptr) return BackprojectBatches(kernel, scan, exchange, y, x);
  TimeOnDevice(exchange, &PhaseTotals::backprojection_s,
               [&] { BackprojectBatches(kernel, scan, exchange, y, x); });
}

void DistributedProjector::BackprojectBatches(Kernel kernel, const Scan& scan, Exchanges& exchange,
                                              const Field& y, Field& x) const {
  PhaseTotals& totals = state_->totals;
  Fill(0, x);
  if (plan_.batches.empty()) return;
  LocalProjector& local = *state_->local;
  local.BeginBackprojection(x.address());
  {
    const Stopwatch watch(&totals.exchange_s);
    exchange[0].StartExpand(plan_.batches[0], y);
  }
  for (std::size_t k = 0; k < plan_.batches.size(); ++k) {
    const ViewBatch& batch = plan_.batches[k];
    RowExchange& current = exchange[k % 2];
    {
      const Stopwatch watch(&totals.exchange_s);
      current.FinishExpand(y);
      if (k + 1 < plan_.batches.size()) exchange[(k + 1) % 2].StartExpand(plan_.batches[k + 1], y);
    }
    const Stopwatch watch(&totals.backprojection_s);
    const ProjectionBand band = BandOf(scan, batch, ranks_->rank());
    if (kernel == Kernel::kMatched) {
      local.Backproject(band, current.shadow(batch));
    } else {
      local.BackprojectVoxels(band, current.shadow(batch));
    }
  }
  const Stopwatch watch(&totals.backprojection_s);
  local.FinishBackprojection();
}

PhaseTotals DistributedProjector::Take() const {
  PhaseTotals totals = std::exchange(state_->totals, {});
  const std::int64_t sent = state_->exchange[0].sent_bytes() + state_->exchange[1].sent_bytes();
  totals.sent_bytes = sent - std::exchange(state_->taken_bytes, sent);
  return totals;
}

}  // namespace tomoslab
