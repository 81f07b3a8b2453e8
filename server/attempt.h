// What becomes of a job when an attempt at it reports or ends: the events to append.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/job_table.h"
#include "tomoslab/v1/pool.pb.h"

namespace tomoslab {

/// One pool's try at a job.
struct Attempt {
  v1::Job job;          // as it was leased
  bool cancel = false;  // somebody has asked for it
};

/// The pool was lost: the job is queued again, given up after too many attempts (job.h), or
/// CANCELLED when that was asked for.
std::vector<v1::JobEvent> LostEvents(JobTable& jobs, const Attempt& attempt,
                                     const std::string& why);

/// What a pool's report adds to the log. States the job is in already are left out; QUEUED hands
/// the job back, which is no failure; a FAILED that another try may mend becomes QUEUED; a
/// SUCCEEDED without all slices on disk counts as a failure. InvalidArgument: events a pool does
/// not report.
absl::StatusOr<std::vector<v1::JobEvent>> ReportedEvents(JobTable& jobs, const Attempt& attempt,
                                                         const v1::ReportRequest& request);

}  // namespace tomoslab
