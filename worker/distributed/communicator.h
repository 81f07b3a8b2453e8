// The ranks of a pool. All of MPI that the rest needs, and the only place (with row_exchange) that
// includes mpi.h.
#pragma once

#include <mpi.h>

#include <cstdint>
#include <string>
#include <vector>

#include "worker/operators/ordered_sum.h"
#include "worker/operators/voxel_grid.h"

namespace tomoslab {

/// A group of ranks that call collectively. A failed MPI call ends the process (MPI's own default),
/// and with it the pool: its server leases the job again.
class Communicator : public OrderedSum, public SliceHalo {
 public:
  /// All ranks of MPI_COMM_WORLD; the single rank when MPI was not initialized.
  static Communicator World();
  /// This rank by itself, whatever the others do.
  static Communicator Alone();

  int rank() const { return rank_; }
  int size() const { return size_; }
  MPI_Comm comm() const { return comm_; }
  /// This rank's number among those of its host. Collective.
  int LocalRank() const;

  /// Whether messages may lie in a GPU's memory (MPIX_Query_cuda_support).
  static bool ReadsGpuMemory();

  // OrderedSum: partial sums of every index of the split axis, added in the order of the global
  // index: the same number on every rank, whatever the number of ranks.
  std::vector<double> Sum(absl::Span<const double> partials, int quantities, IndexRange local,
                          std::int64_t total) const override;
  double Max(double local) const override;

  // SliceHalo: from the nearest ranks below and above that hold slices.
  HaloBytes Exchange(absl::Span<const char> first, absl::Span<const char> last,
                     IndexRange local) const override;

  std::int64_t SumCounts(std::int64_t local) const;
  /// The bytes of rank `root` on every rank. Waits without burning a core: testing and sleeping in
  /// turns.
  std::string BroadcastPatiently(std::string bytes, int root) const;
  std::string Broadcast(std::string bytes, int root) const;
  /// Everyone's bytes on every rank, by rank.
  std::vector<std::string> Gather(const std::string& bytes) const;
  /// Everyone's numbers (any count per rank) concatenated by rank; on every rank.
  std::vector<float> GatherFloats(const std::vector<float>& local) const;

  /// Ends every rank of the pool at once, without waiting for anybody.
  [[noreturn]] void Abort() const;

 private:
  Communicator(MPI_Comm comm, int rank, int size) : comm_(comm), rank_(rank), size_(size) {}
  MPI_Comm comm_;
  int rank_, size_;
};

}  // namespace tomoslab
