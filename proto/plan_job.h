// What a job would need on a pool: bytes per rank, bytes exchanged, and whether it fits.
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "tomoslab/v1/job.pb.h"
#include "tomoslab/v1/scan.pb.h"
#include "worker/plan/memory_plan.h"

namespace tomoslab {

struct PoolSize {
  int ranks = 1;
  std::int64_t memory_bytes_per_rank = 0;  // 0 = unknown: everything fits
  std::int64_t device_bytes_per_rank = 0;  // of a GPU; 0 = ranks compute on the CPU
};

/// What of a complete job decides about its memory; as FDK when no algorithm is set.
MemoryUse MemoryUseOf(const v1::JobSpec& spec);

/// Fails only when spec or scan is invalid; a job that does not fit is a plan with fits = false and
/// an explanation.
absl::StatusOr<v1::JobPlan> PlanJob(const v1::JobSpec& spec, const v1::Scan& scan,
                                    const PoolSize& pool);

}  // namespace tomoslab
