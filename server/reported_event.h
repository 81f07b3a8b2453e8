// What a pool says about its job, before it is believed: every size, index, number and text.
#pragma once

#include "absl/status/status.h"
#include "tomoslab/v1/pool.pb.h"

namespace tomoslab {

/// InvalidArgument: too many or too large events, or one that names no slice, rank or material that
/// the job can have. States are not looked at (job.h).
absl::Status CheckReport(const v1::ReportRequest& request, const v1::Job& job);

/// Its texts as people's terminals and logs take them: plain lines of bounded length.
void MakePlain(v1::JobEvent* event);

/// What a pool says about itself. InvalidArgument: names, counts or sizes that no pool has.
absl::Status CheckAttach(const v1::AttachRequest& request);
void MakePlain(v1::RankReport* rank);

}  // namespace tomoslab
