#include "proto/plan_job.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "proto/algorithm_values.h"
#include "proto/beam_model_values.h"
#include "proto/dart_values.h"
#include "proto/values.h"
#include "worker/core/status.h"
#include "worker/plan/exchange_plan.h"
#include "worker/plan/memory_plan.h"

namespace tomoslab {
namespace {

double Gib(std::int64_t bytes) { return static_cast<double>(bytes) / (1 << 30); }

/// "on GPUs", with the most that a rank takes of one, or how slabs go through.
std::string ExplainDevices(const v1::JobPlan& plan, std::int64_t device_bytes) {
  std::int64_t largest = 0;
  int streamed = 0;
  for (const v1::RankPlan& rank : plan.rank()) {
    largest = std::max(largest, rank.device_memory_bytes());
    streamed += rank.streamed() ? 1 : 0;
  }
  std::string text = absl::StrFormat("; on GPUs, up to %.3f of the %.3f GiB that a rank may use",
                                     Gib(largest), Gib(device_bytes));
  if (streamed > 0) {
    absl::StrAppendFormat(&text,
                          ": the slabs of %d rank%s do not fit and go through the GPU in pieces, "
                          "which more ranks or GPUs would save",
                          streamed, streamed == 1 ? "" : "s");
  }
  return text;
}

std::string Explain(const v1::JobPlan& plan, const v1::JobSpec& spec, std::int64_t largest,
                    const PoolSize& pool) {
  const v1::VolumeGeometry& v = plan.volume();
  std::string text = absl::StrFormat(
      "%s of %d x %d x %d voxels on %d rank%s: volume %.3f GiB, projections %.3f GiB, up to %.3f "
      "GiB per rank",
      AlgorithmName(spec.algorithm()), v.columns(), v.rows(), v.slices(), pool.ranks,
      pool.ranks == 1 ? "" : "s", Gib(plan.volume_bytes()), Gib(plan.projection_bytes()),
      Gib(largest));
  if (pool.memory_bytes_per_rank > 0) {
    absl::StrAppendFormat(&text, " of %.3f GiB there are", Gib(pool.memory_bytes_per_rank));
  }
  if (pool.device_bytes_per_rank > 0) text += ExplainDevices(plan, pool.device_bytes_per_rank);
  if (!plan.fits()) {
    text += ". It does not fit: use more ranks, larger voxels or fewer of them";
    if (spec.algorithm().has_bb()) text += ", or sirt, which keeps fewer volumes";
  }
  return text + ".";
}

AlgorithmKind KindOf(const v1::Algorithm& algorithm) {
  switch (algorithm.kind_case()) {
    case v1::Algorithm::kSirt:
      return AlgorithmKind::kSirt;
    case v1::Algorithm::kCgls:
      return AlgorithmKind::kCgls;
    case v1::Algorithm::kBb:
      return AlgorithmKind::kBarzilaiBorwein;
    case v1::Algorithm::kPolyBb:
      return AlgorithmKind::kPolyBarzilaiBorwein;
    case v1::Algorithm::kPolySirt:
      return AlgorithmKind::kPolySirt;
    case v1::Algorithm::kDart:
      if (algorithm.dart().loop().inner() == v1::DartLoop::BB) return AlgorithmKind::kDartWithBb;
      return algorithm.dart().loop().inner() == v1::DartLoop::CGLS ? AlgorithmKind::kDartWithCgls
                                                                   : AlgorithmKind::kDart;
    case v1::Algorithm::kPolyDart:
      return algorithm.poly_dart().loop().inner() == v1::DartLoop::BB
                 ? AlgorithmKind::kPolyDartWithBb
                 : AlgorithmKind::kPolyDart;
    default:
      return AlgorithmKind::kFdk;
  }
}

int MaterialsOf(const v1::JobSpec& spec) {
  return IsPolychromatic(spec.algorithm()) ? spec.beam_model().material_size()
                                           : spec.algorithm().dart().grey_value_per_mm_size();
}

/// Of an outer iteration of DART or poly-DART.
int DartPasses(const v1::DartLoop& loop, const v1::JobSpec& spec) {
  const bool poly = spec.algorithm().has_poly_dart(), bb = loop.inner() == v1::DartLoop::BB;
  const int projections = poly ? MaterialsOf(spec) : 1;
  const int backprojections = poly && bb ? MaterialsOf(spec) : 1;
  const int before = bb ? 2 * projections : 1;  // the first residual and step; 1_F, or the residual
  int fit = spec.algorithm().dart().fixed_grey_values() ? 1 : MaterialsOf(spec);
  if (spec.algorithm().poly_dart().refine_densities()) fit *= 2;
  return loop.inner_iterations() * (projections + backprojections) + before + fit;
}

/// Projections and backprojections in an iteration.
int PassesPerIteration(const v1::JobSpec& spec) {
  const v1::Algorithm& algorithm = spec.algorithm();
  if (const v1::DartLoop* loop = DartLoopOf(algorithm)) return DartPasses(*loop, spec);
  if (algorithm.has_poly_sirt() || algorithm.poly_bb().linear_adjoint())
    return MaterialsOf(spec) + 1;
  return algorithm.has_poly_bb() ? 2 * MaterialsOf(spec) : 2;
}

}  // namespace

MemoryUse MemoryUseOf(const v1::JobSpec& spec) {
  return {.algorithm = KindOf(spec.algorithm()),
          .materials = MaterialsOf(spec),
          .starts_from_fdk = spec.start().has_fdk(),
          .makes_start_image = DartStartIterations(spec) > 0,
          .refines_densities = spec.algorithm().poly_dart().refine_densities(),
          .footprints = spec.projector() == v1::FOOTPRINT,
          .checkpoints = spec.algorithm().has_fdk() || spec.checkpoint_every_seconds() < 0
                             ? CheckpointMemory::kNone
                             : CheckpointMemory::kCopy};
}

absl::StatusOr<v1::JobPlan> PlanJob(const v1::JobSpec& spec, const v1::Scan& scan,
                                    const PoolSize& pool) {
  TOMOSLAB_ASSIGN_OR_RETURN(const v1::JobSpec complete, CompleteJobSpec(spec, scan));
  TOMOSLAB_ASSIGN_OR_RETURN(const Scan geometry, ToScan(scan.geometry()));
  TOMOSLAB_ASSIGN_OR_RETURN(const Volume volume, ToVolume(complete.volume()));
  TOMOSLAB_ASSIGN_OR_RETURN(const std::string warning, CheckScanSeesVolume(geometry, volume));
  const ExchangePlan exchange = MakeExchangePlan(geometry, volume, pool.ranks);
  v1::JobPlan plan;
  *plan.mutable_volume() = complete.volume();
  plan.set_ranks(pool.ranks);
  plan.set_volume_bytes(4 * volume.VoxelCount());
  plan.set_projection_bytes(4 * geometry.PixelCount());
  plan.set_exchanged_bytes_per_iteration(
      PassesPerIteration(complete) * ExchangedBytesPerPass(exchange, geometry.detector.columns));
  MemoryUse use = MemoryUseOf(complete);
  use.host_limit_bytes = pool.memory_bytes_per_rank;
  bool copies = use.checkpoints == CheckpointMemory::kCopy;
  std::int64_t largest = 0;
  for (int rank = 0; rank < pool.ranks; ++rank) {
    v1::RankPlan* part = plan.add_rank();
    part->set_rank(rank);
    part->set_slice_begin(static_cast<int>(exchange.slab[rank].begin));
    part->set_slice_end(static_cast<int>(exchange.slab[rank].end));
    part->set_row_begin(static_cast<int>(exchange.owned[rank].begin));
    part->set_row_end(static_cast<int>(exchange.owned[rank].end));
    const RankMemory memory =
        PlanRankMemory(exchange, geometry, volume, use, rank, pool.device_bytes_per_rank);
    part->set_memory_bytes(memory.host_bytes);
    copies = copies && memory.checkpoints == CheckpointMemory::kCopy;
    part->set_device_memory_bytes(memory.device_bytes);
    part->set_streamed(memory.placement == Placement::kStreamed);
    largest = std::max(largest, part->memory_bytes());
  }
  plan.set_fits(pool.memory_bytes_per_rank == 0 || largest <= pool.memory_bytes_per_rank);
  plan.set_explanation(Explain(plan, complete, largest, pool));
  if (!warning.empty()) plan.add_warning(warning);
  if (use.checkpoints == CheckpointMemory::kCopy && !copies) {
    plan.add_warning(
        "there is no memory for a copy of the solver's state: the job waits while a checkpoint is "
        "sent");
  }
  if (complete.has_beam_model()) {
    TOMOSLAB_ASSIGN_OR_RETURN(const std::vector<std::string> doubts,
                              CheckBeamModel(complete.beam_model(), volume));
    for (const std::string& doubt : doubts) plan.add_warning(doubt);
  }
  if (pool.ranks > volume.slices) {
    plan.add_warning(
        absl::StrFormat("the volume has %d slice(s) for %d ranks: %d rank(s) will idle",
                        volume.slices, pool.ranks, pool.ranks - volume.slices));
  }
  return plan;
}

}  // namespace tomoslab
