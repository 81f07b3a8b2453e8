// The projector of a whole volume that is cut into slabs over the ranks. Solvers see one linear
// operator.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "worker/distributed/communicator.h"
#include "worker/distributed/row_exchange.h"
#include "worker/geometry/scan.h"
#include "worker/operators/field.h"
#include "worker/operators/voxel_grid.h"
#include "worker/plan/exchange_plan.h"
#include "worker/plan/memory_plan.h"
#include "worker/projector/local_projector.h"

namespace tomoslab {

/// Where the time of a rank went, and what it sent; since the last Take.
struct PhaseTotals {
  double projection_s = 0, exchange_s = 0, backprojection_s = 0;
  std::int64_t sent_bytes = 0;
  int projections = 0, backprojections = 0;
};

/// What a rank computes on, and where its fields are.
struct DeviceUse {
  Placement placement = Placement::kCpu;
  Accelerator* accelerator = nullptr;  // unless kCpu; outlives the projector
  Messages messages = Messages::kStaged;
};

/// A = Reduce · A_local and Aᵀ = A_localᵀ · Expand (docs/internals.md). Volumes are fields [y ·
/// x][z] split by slab, projections fields [view · column][row] split by owner. All calls are
/// collective. Results repeat bit for bit on the same number of ranks.
class DistributedProjector {
 public:
  /// `ranks` outlives this.
  DistributedProjector(Scan scan, const Volume& volume, const Communicator* ranks,
                       ProjectorModel model = ProjectorModel::kJoseph);
  DistributedProjector(const DistributedProjector&) = delete;  // its exchanges point into it
  DistributedProjector& operator=(const DistributedProjector&) = delete;

  /// Computes so from now on; on the CPU at first. Fields made before are not for it any more. Not
  /// collective. ResourceExhausted, with figures, when the accelerator's memory is too small.
  absl::Status ComputeOn(const DeviceUse& use);

  Field NewVolume() const;
  Field NewProjections() const;
  void Project(const Field& x, Field& y) const;      // y = A x
  void Backproject(const Field& y, Field& x) const;  // x = Aᵀ y
  /// x = Σ_views y / depth² at the voxels' shadows, for FDK (worker/projector/voxel_backproject.h).
  void BackprojectVoxelDriven(const Field& y, Field& x) const;
  /// The same for projections of `scan`: this operator's, with a wider detector perhaps
  /// (worker/solvers/fdk.h).
  void BackprojectVoxelDriven(const Scan& scan, const Field& y, Field& x) const;

  const Scan& scan() const { return scan_; }
  const Volume& volume() const { return volume_; }
  const ExchangePlan& plan() const { return plan_; }
  const DeviceUse& device_use() const { return use_; }
  IndexRange slab() const { return plan_.slab[ranks_->rank()]; }
  IndexRange owned_rows() const { return plan_.owned[ranks_->rank()]; }
  const Communicator& ranks() const { return *ranks_; }

  /// How NewVolume's voxels lie, and whose slices are next to them.
  VoxelGrid grid() const { return {volume_.columns, volume_.rows, volume_.slices, slab(), ranks_}; }

  PhaseTotals Take() const;

 private:
  using Exchanges = std::array<RowExchange, 2>;
  /// Where fields are; nullptr = host memory.
  Accelerator* FieldsOn() const;
  Exchanges NewExchanges(int columns) const;
  enum class Kernel { kMatched, kVoxelDriven };
  void ProjectBatches(const Field& x, Field& y) const;
  template <class Pass>
  void TimeOnDevice(const Exchanges& exchange, double PhaseTotals::*phase_s, Pass&& pass) const;
  void BackprojectBatches(Kernel kernel, const Scan& scan, Exchanges& exchange, const Field& y,
                          Field& x) const;
  void BackprojectWith(Kernel kernel, const Scan& scan, Exchanges& exchange, const Field& y,
                       Field& x) const;

  Scan scan_;
  Volume volume_, slab_volume_;
  const Communicator* ranks_;
  ProjectorModel model_;
  ExchangePlan plan_;
  DeviceUse use_;
  struct State {  // buffers and clocks: not part of the operator's value
    Exchanges exchange;
    std::unique_ptr<LocalProjector> local;
    PhaseTotals totals;
    std::int64_t taken_bytes = 0;
  };
  std::unique_ptr<State> state_;
};

}  // namespace tomoslab
