#include "server/job_rows.h"

#include <spdlog/spdlog.h>

#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "server/resource_name.h"
#include "server/stored_check.h"
#include "worker/core/status.h"

namespace tomoslab {

absl::StatusOr<v1::Job> JobFromRow(const Statement& row) {
  v1::Job job;
  if (!job.ParseFromString(row.Bytes(1)) || !IsPossible(job)) {
    return absl::DataLossError(
        absl::StrFormat("the database's entry of %s is damaged", JobName(row.Int(0))));
  }
  return job;
}

std::optional<v1::Job> WholeJobFromRow(const Statement& row) {
  absl::StatusOr<v1::Job> job = JobFromRow(row);
  if (job.ok()) return *std::move(job);
  spdlog::error("{}", std::string(job.status().message()));
  return std::nullopt;
}

absl::StatusOr<std::vector<v1::Job>> JobsFromRows(Statement& rows) {
  std::vector<v1::Job> jobs;
  while (true) {
    TOMOSLAB_ASSIGN_OR_RETURN(const bool more, rows.Step());
    if (!more) return jobs;
    if (std::optional<v1::Job> job = WholeJobFromRow(rows)) jobs.push_back(*std::move(job));
  }
}

absl::StatusOr<v1::Job> LoadJob(Transaction& transaction, std::int64_t id) {
  Statement row = transaction.Prepare("SELECT id, job FROM jobs WHERE id = ?");
  TOMOSLAB_ASSIGN_OR_RETURN(const bool found, row.Bind(id).Step());
  if (!found) return absl::NotFoundError(absl::StrFormat("there is no %s", JobName(id)));
  return JobFromRow(row);
}

}  // namespace tomoslab
