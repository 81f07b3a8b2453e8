// Rows of the jobs' table as messages.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "server/database.h"
#include "tomoslab/v1/job.pb.h"

namespace tomoslab {

/// Row: id, job. DataLoss.
absl::StatusOr<v1::Job> JobFromRow(const Statement& row);
/// What is damaged is left out, so that it hides nothing else; asked for by name it is DataLoss.
std::optional<v1::Job> WholeJobFromRow(const Statement& row);
/// Steps through rows of id, job to the end, without those that are damaged.
absl::StatusOr<std::vector<v1::Job>> JobsFromRows(Statement& rows);
/// NotFound.
absl::StatusOr<v1::Job> LoadJob(Transaction& transaction, std::int64_t id);

}  // namespace tomoslab
