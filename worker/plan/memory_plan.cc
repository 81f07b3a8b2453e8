#include "worker/plan/memory_plan.h"

#include <algorithm>

#include "worker/geometry/filter_margins.h"
#include "worker/plan/footprint_path.h"

namespace tomoslab {
namespace {

/// Code, libraries, and what MPI, gRPC and OpenMP hold; measured (tests/acceptance/memory_plan.py).
constexpr std::int64_t kProgramBytes = std::int64_t{40} << 20;

/// Raw lines on a GPU, where they belong, and counts of bad samples (worker/data).
constexpr std::int64_t kDeviceLoadingBytes = (std::int64_t{17} << 20) + (std::int64_t{1} << 18);

/// Partial sums, counts and tables of kernels.
constexpr std::int64_t kDeviceTableBytes = std::int64_t{1} << 20;

/// What CUDA keeps of the host's memory, and the pinned memory that copies go through. The first
/// is a guess: no GPU was at hand.
constexpr std::int64_t kCudaHostBytes = (std::int64_t{400} << 20) + (std::int64_t{64} << 20);

VectorCounts BarzilaiBorweinPeak() {  // x, g, d, best; b, r, q; kept: x, g, best; r
  return {.volumes = 4, .projections = 3, .kept_volumes = 3, .kept_projections = 1};
}

VectorCounts PolyBarzilaiBorweinPeak(int sets) {  // x, g, g_prev, d, best, φ_m(x); b, P_m
  return {.volumes = 6, .projections = 1 + sets, .kept_volumes = 4};  // kept: x, g, d, best
}

/// A checkpoint of DART's loop: x, best.
void KeepImageAndBest(std::vector<VectorCounts>& peaks) {
  for (VectorCounts& peak : peaks) {
    if (peak.labels) peak.kept_volumes = 2;
  }
}

std::vector<VectorCounts> DartPeaks(const MemoryUse& use) {
  std::vector<VectorCounts> peaks;
  if (use.makes_start_image) peaks.push_back(BarzilaiBorweinPeak());
  switch (use.algorithm) {
    case AlgorithmKind::kDartWithBb:  // the best image, and BB's
      peaks.push_back({.volumes = 5, .projections = 3, .labels = true});
      break;
    case AlgorithmKind::kDartWithCgls:  // x, best, s, p; b, r, q
    default:                            // x, best, C, d; b, r, R
      peaks.push_back({.volumes = 4, .projections = 3, .labels = true});
  }
  // The fit: x, best, one material's voxels, and C; b, and the projections of each material.
  const int sirt = use.algorithm == AlgorithmKind::kDart ? 1 : 0;
  peaks.push_back({.volumes = 3 + sirt, .projections = 1 + use.materials, .labels = true});
  KeepImageAndBest(peaks);
  return peaks;
}

std::vector<VectorCounts> PolyDartPeaks(const MemoryUse& use) {
  const int sets = use.materials;
  const int sirt = use.algorithm == AlgorithmKind::kPolyDart ? 1 : 0;
  std::vector<VectorCounts> peaks;
  if (use.makes_start_image) peaks.push_back(PolyBarzilaiBorweinPeak(sets));
  if (sirt != 0) {  // x, best, C, d, φ_m(x); b, R, P_m
    peaks.push_back({.volumes = 5, .projections = 2 + sets, .labels = true});
  } else {  // the best image, and poly-BB's
    peaks.push_back({.volumes = 7, .projections = 1 + sets, .labels = true});
  }
  if (use.refines_densities) {  // x, best, C; b, the paths, residual and slopes of the fit
    peaks.push_back({.volumes = 2 + sirt, .projections = 2 + 2 * sets, .labels = true});
  }
  KeepImageAndBest(peaks);
  return peaks;
}

std::vector<VectorCounts> SolverPeaks(const MemoryUse& use) {
  switch (use.algorithm) {
    case AlgorithmKind::kFdk:
      return {{.volumes = 1, .projections = 1, .filtered = true}};  // x; b, filtered
    case AlgorithmKind::kSirt:
      return {{.volumes = 3, .projections = 3, .kept_volumes = 1}};  // x, C, d; b, R, r; kept: x
    case AlgorithmKind::kCgls:
      // x, s, p; b, r, q; kept: x, p; r
      return {{.volumes = 3, .projections = 3, .kept_volumes = 2, .kept_projections = 1}};
    case AlgorithmKind::kBarzilaiBorwein:
      return {BarzilaiBorweinPeak()};
    case AlgorithmKind::kPolyBarzilaiBorwein:
      return {PolyBarzilaiBorweinPeak(use.materials)};
    case AlgorithmKind::kPolySirt:  // SIRT's and φ_m(x); b, R, P_m
      return {{.volumes = 4, .projections = 2 + use.materials, .kept_volumes = 1}};
    case AlgorithmKind::kDart:
    case AlgorithmKind::kDartWithBb:
    case AlgorithmKind::kDartWithCgls:
      return DartPeaks(use);
    case AlgorithmKind::kPolyDart:
    case AlgorithmKind::kPolyDartWithBb:
      return PolyDartPeaks(use);
  }
  return {};
}

/// Bytes of one rank, piece by piece.
class Rank {
 public:
  Rank(const ExchangePlan& plan, const Scan& scan, const Volume& volume, int rank)
      : plan_(plan),
        scan_(scan),
        rank_(rank),
        slice_(std::int64_t{volume.columns} * volume.rows),
        slab_(volume.Slices(plan.slab[rank])) {}

  /// What a checkpoint keeps beside the solver.
  std::int64_t CheckpointBytes(const VectorCounts& count, CheckpointMemory memory) const {
    const std::int64_t plane = std::max(slice_, std::int64_t{scan_.detector.columns} *
                                                    static_cast<std::int64_t>(scan_.views.size()));
    if (memory == CheckpointMemory::kPlanes) return 4 * plane * kDeliveredSlices;
    if (memory == CheckpointMemory::kNone) return 0;
    return count.kept_volumes * SlabBytes() +
           count.kept_projections * ProjectionBytes(scan_.detector.columns);
  }

  std::int64_t Peak(const VectorCounts& count, bool footprints) const {
    const std::int64_t columns = scan_.detector.columns, filtered = columns + MarginColumns(scan_);
    return count.volumes * SlabBytes() + count.projections * ProjectionBytes(columns) +
           (count.filtered ? ProjectionBytes(filtered) : 0) + (count.labels ? LabelBytes() : 0) +
           (count.filtered ? OperatorBytes(filtered, 0)
                           : OperatorBytes(columns, ProjectorBytes(footprints)));
  }

  /// The same on a GPU, where the rows of both batches stay.
  std::int64_t DevicePeak(const VectorCounts& count, bool footprints) const {
    const std::int64_t columns = scan_.detector.columns, filtered = columns + MarginColumns(scan_);
    const BatchBytes batches = BatchesOf(count.filtered ? filtered : columns);
    return count.volumes * SlabBytes() + count.projections * ProjectionBytes(columns) +
           (count.filtered ? ProjectionBytes(filtered) + FilterBytes(filtered) : 0) +
           (count.labels ? DeviceLabelBytes() : 0) + batches.shadows + 2 * batches.travelling +
           DeviceGeometryBytes(footprints) + DotBytes() + kDeviceTableBytes;
  }

  /// The projections, and what corrects and transposes them as they come.
  std::int64_t DeviceLoadingBytes() const {
    constexpr std::int64_t kReferences = 2, kReferenceBytes = 8;  // means of flats and darks
    constexpr std::int64_t kPlaceBytes = 16;  // where a line belongs; lines of a byte a pixel
    return ProjectionBytes(scan_.detector.columns) + kDeviceLoadingBytes +
           kDeviceLoadingBytes / scan_.detector.columns * kPlaceBytes +
           kReferences * kReferenceBytes * scan_.detector.columns * plan_.owned[rank_].size();
  }

  /// Of the host's memory while all vectors are on a GPU: the projections on their way there, the
  /// rows that travel.
  std::int64_t HostBytesBesideDevice() const {
    const std::int64_t columns = scan_.detector.columns;
    return std::max(ProjectionBytes(columns),
                    WhileDelivering() - SlabBytes() - ProjectionBytes(columns)) +
           2 * BatchesOf(columns).travelling;
  }

  /// x, b and the slices that are transposed.
  std::int64_t WhileDelivering() const {
    return SlabBytes() + ProjectionBytes(scan_.detector.columns) +
           4 * slice_ * std::min<std::int64_t>(kDeliveredSlices, slab_.slices);
  }

  /// A plane of every orientation goes to the server: this rank's part, and the whole.
  std::int64_t PreviewBytes() const {
    const std::int64_t upright = std::int64_t{plan_.slab.back().end} * slab_.columns;
    return 2 * 4 * std::max(slice_, upright);
  }

 private:
  std::int64_t SlabBytes() const { return 4 * slice_ * slab_.slices; }
  std::int64_t ProjectionBytes(std::int64_t columns) const {
    return 4 * plan_.owned[rank_].size() * columns * static_cast<std::int64_t>(scan_.views.size());
  }
  std::int64_t LabelBytes() const {
    return slice_ * (slab_.slices + 8 * ((std::int64_t{slab_.slices} + 63) / 64));
  }

  /// A label and a mask, a byte each.
  std::int64_t DeviceLabelBytes() const { return 2 * slice_ * slab_.slices; }
  /// FDK's weights, the padded lines that are filtered together with their transforms, and as much
  /// for these to work in.
  std::int64_t FilterBytes(std::int64_t filtered) const {
    const auto views = static_cast<std::int64_t>(scan_.views.size());
    const std::int64_t rows = plan_.owned[rank_].size();
    const std::int64_t padded = 2 * filtered + filtered / 5 + 2;  // a good length, at most
    const std::int64_t lines = 4 * views * rows * (2 * padded + 2);
    return 8 * scan_.detector.columns * (views + rows) + 2 * std::min(lines, kRampGroupBytes);
  }

  /// The shadows of two batches (each buffer serves every second one), and the rows of one that
  /// travel.
  struct BatchBytes {
    std::int64_t shadows = 0, travelling = 0;
  };
  BatchBytes BatchesOf(std::int64_t columns) const {
    std::int64_t shadow[2] = {0, 0}, travelling = 0;
    for (std::size_t k = 0; k < plan_.batches.size(); ++k) {
      const ViewBatch& batch = plan_.batches[k];
      std::int64_t rows = 0;
      for (int other = 0; other < plan_.ranks; ++other) {
        if (other == rank_) continue;
        rows += plan_.Overlap(batch, rank_, other).size();  // packed for (or from) the owner
        rows += plan_.Overlap(batch, other, rank_).size();  // from (or for) the others
      }
      travelling = std::max(travelling, rows * batch.views.size());
      shadow[k % 2] = std::max(shadow[k % 2], batch.shadow[rank_].size() * batch.views.size());
    }
    return {4 * columns * (shadow[0] + shadow[1]), 4 * columns * travelling};
  }

  /// Those, and what the projector keeps for the batch that is projected meanwhile.
  std::int64_t OperatorBytes(std::int64_t columns, std::int64_t projector_bytes) const {
    const BatchBytes batches = BatchesOf(columns);
    return batches.shadows + (plan_.batches.size() > 1
                                  ? batches.travelling + projector_bytes
                                  : std::max(batches.travelling, projector_bytes));
  }

  std::int64_t DeviceGeometryBytes(bool footprints) const {
    std::int64_t bytes = 0;
    const std::int64_t of_column = kDeviceColumnBytes + (footprints ? kDeviceBeamBytes : 0);
    for (const View& view : scan_.views)
      bytes += kDeviceViewBytes + (IsAxisAligned(view) ? scan_.detector.columns * of_column : 0);
    return std::min(bytes, kMostDeviceGeometryBytes);
  }

  /// Sums per block and lane (worker/operators/field_kernels.h), double.
  std::int64_t DotBytes() const {
    constexpr std::int64_t kBlocks = 257, kLanes = 16;
    const std::int64_t longest =
        std::max<std::int64_t>({slab_.slices, plan_.owned[rank_].size(), std::int64_t{kLanes}});
    return 8 * kBlocks * longest;
  }

  /// What the projector keeps during a call.
  std::int64_t ProjectorBytes(bool footprints) const {
    std::int64_t most = 0;
    for (const ViewBatch& batch : plan_.batches)
      most = std::max(most, ProjectorBytes(batch, footprints));
    return most;
  }

  std::int64_t ProjectorBytes(const ViewBatch& batch, bool footprints) const {
    const std::int64_t columns = scan_.detector.columns,
                       per_view = batch.shadow[rank_].size() * columns;
    std::int64_t level = 0, rays = 0;  // views that the column projectors take, and others
    for (std::int64_t view = batch.views.begin; view < batch.views.end; ++view) {
      const View& v = scan_.views[view];
      const bool takes =
          footprints ? FootprintTakesColumns(slab_, v, scan_.detector.columns) : IsAxisAligned(v);
      ++(takes ? level : rays);
    }
    const std::int64_t columns_bytes =
        level * columns * (footprints ? kBeamBytes : kRayColumnBytes);
    if (!footprints) return columns_bytes;
    return std::max(columns_bytes,
                    4 * std::min(rays * per_view, std::max(kFootprintScratchFloats, per_view)));
  }

  const ExchangePlan& plan_;
  const Scan& scan_;
  int rank_;
  std::int64_t slice_;  // voxels
  Volume slab_;
};

}  // namespace

std::vector<VectorCounts> PeaksOf(const MemoryUse& use) {
  std::vector<VectorCounts> peaks = SolverPeaks(use);
  if (use.starts_from_fdk) peaks.push_back({.volumes = 1, .projections = 1, .filtered = true});
  return peaks;
}

std::int64_t RankBytes(const ExchangePlan& plan, const Scan& scan, const Volume& volume,
                       const MemoryUse& use, int rank) {
  const Rank bytes(plan, scan, volume, rank);
  std::int64_t most = bytes.WhileDelivering();
  for (const VectorCounts& count : PeaksOf(use))
    most = std::max(
        most, bytes.Peak(count, use.footprints) + bytes.CheckpointBytes(count, use.checkpoints));
  return kProgramBytes + most + bytes.PreviewBytes();
}

namespace {

RankMemory PlaceRank(const ExchangePlan& plan, const Scan& scan, const Volume& volume,
                     const MemoryUse& use, int rank, std::int64_t device_bytes) {
  const std::int64_t on_host = RankBytes(plan, scan, volume, use, rank);
  if (device_bytes == 0) return {Placement::kCpu, on_host, 0, use.checkpoints};
  const Rank bytes(plan, scan, volume, rank);
  std::int64_t most = bytes.DeviceLoadingBytes(), kept = 0;
  for (const VectorCounts& count : PeaksOf(use)) {
    most = std::max(most, bytes.DevicePeak(count, use.footprints));
    kept = std::max(kept, bytes.CheckpointBytes(count, use.checkpoints));
  }
  if (most > device_bytes) {
    return {Placement::kStreamed, on_host + kCudaHostBytes, device_bytes, use.checkpoints};
  }
  const std::int64_t host_bytes =
      kProgramBytes + kCudaHostBytes + bytes.HostBytesBesideDevice() + bytes.PreviewBytes() + kept;
  return {Placement::kResident, host_bytes, most, use.checkpoints};
}

}  // namespace

RankMemory PlanRankMemory(const ExchangePlan& plan, const Scan& scan, const Volume& volume,
                          const MemoryUse& use, int rank, std::int64_t device_bytes) {
  RankMemory memory = PlaceRank(plan, scan, volume, use, rank, device_bytes);
  const bool fits = use.host_limit_bytes == 0 || memory.host_bytes <= use.host_limit_bytes;
  if (fits || use.checkpoints != CheckpointMemory::kCopy) return memory;
  MemoryUse smaller = use;
  smaller.checkpoints = CheckpointMemory::kPlanes;
  return PlaceRank(plan, scan, volume, smaller, rank, device_bytes);
}

}  // namespace tomoslab
