// What the server does with a job before it queues it.
#pragma once

#include "proto/plan_job.h"
#include "proto/values.h"
#include "tests/fuzz/small_scan.h"

namespace tomoslab {

inline void UseJobSpec(const v1::JobSpec& spec) {
  if (!ValidateJobSpec(spec, SmallScan()).ok()) return;
  const absl::StatusOr<v1::JobSpec> complete = CompleteJobSpec(spec, SmallScan());
  if (!complete.ok()) return;
  if (!ToVolume(complete->volume()).ok()) __builtin_trap();  // what was accepted must be usable
  const absl::StatusOr<v1::JobPlan> plan =
      PlanJob(*complete, SmallScan(), {2, std::int64_t{1} << 30});
  if (plan.ok() && plan->volume_bytes() < 0) __builtin_trap();
}

}  // namespace tomoslab
