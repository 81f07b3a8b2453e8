// How many bytes a rank holds, by algorithm.
#pragma once

#include <cstdint>
#include <vector>

#include "worker/plan/exchange_plan.h"

namespace tomoslab {

/// What a rank keeps at one moment of a job: copies of its slab and of its owned projections,
/// float32; a set of projections as FDK filters it; and for every voxel its label (a byte) and
/// whether it is free (a bit), when the algorithm is a discrete one.
struct VectorCounts {
  int volumes = 1, projections = 1;
  int kept_volumes = 0, kept_projections = 0;  // in a checkpoint's copy that is on its way
  bool filtered = false;
  bool labels = false;
};

enum class AlgorithmKind {
  kFdk,
  kSirt,
  kCgls,
  kBarzilaiBorwein,
  kPolyBarzilaiBorwein,
  kPolySirt,
  kDart,
  kDartWithBb,
  kDartWithCgls,
  kPolyDart,
  kPolyDartWithBb,
};

/// What checkpoints of a solver's state hold.
enum class CheckpointMemory {
  kNone,    // none are left
  kPlanes,  // a few planes at a time: the solver waits until they are sent
  kCopy,    // of the whole state: the solver goes on
};

/// A job as far as its memory goes.
struct MemoryUse {
  AlgorithmKind algorithm = AlgorithmKind::kFdk;
  int materials = 0;  // of the polychromatic and the discrete algorithms
  bool starts_from_fdk = false;
  bool makes_start_image = false;                          // DART: by BB; poly-DART: by poly-BB
  bool refines_densities = false;                          // poly-DART
  bool footprints = false;                                 // instead of Joseph's rays
  CheckpointMemory checkpoints = CheckpointMemory::kNone;  // the most that they may hold
  std::int64_t host_limit_bytes = 0;  // of a rank; 0 = unknown. A copy is made where it fits
};

/// The moments at which a job may hold the most: which one does depends on the shapes. Volumes and
/// projections are those that the headers of worker/solvers state, start image and data included.
std::vector<VectorCounts> PeaksOf(const MemoryUse& use);

/// The most that one rank holds: vectors, shadows and rows that travel, what the projector keeps
/// per view, the slices on their way to the server, and the program itself. The threads' tiles, a
/// few MiB per thread beyond the second, come on top. Reference frames do not count: what averages
/// of flats and darks take is there only before the first volume is.
std::int64_t RankBytes(const ExchangePlan& plan, const Scan& scan, const Volume& volume,
                       const MemoryUse& use, int rank);

/// Where a rank's vectors are and what computes on them.
enum class Placement {
  kCpu,       // host memory, the CPU
  kResident,  // all on the GPU
  kStreamed,  // host memory; the slab goes through the GPU in pieces
};

struct RankMemory {
  Placement placement = Placement::kCpu;
  std::int64_t host_bytes = 0, device_bytes = 0;
  CheckpointMemory checkpoints = CheckpointMemory::kNone;
};

/// What a rank holds where, and so how it computes: on the GPU if everything fits into it, else in
/// pieces.
///   device_bytes: of a GPU that the rank may use; 0 = there is none.
RankMemory PlanRankMemory(const ExchangePlan& plan, const Scan& scan, const Volume& volume,
                          const MemoryUse& use, int rank, std::int64_t device_bytes);

/// Bytes of a view's geometry on a GPU: per detector column, with the footprint model besides, and
/// per view.
inline constexpr std::int64_t kDeviceColumnBytes = 40, kDeviceBeamBytes = 24,
                              kDeviceViewBytes = 240;
/// The most of it that is kept for the next iteration.
inline constexpr std::int64_t kMostDeviceGeometryBytes = std::int64_t{256} << 20;

/// Of a GPU's memory, for lines that FDK filters together: padded, and their transforms.
inline constexpr std::int64_t kRampGroupBytes = std::int64_t{128} << 20;

/// Slices that a rank transposes at a time when it delivers its slab.
inline constexpr std::int64_t kDeliveredSlices = 16;

}  // namespace tomoslab
