// Which jobs are taken, and what a queued job waits for.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/plan_job.h"
#include "server/job_table.h"
#include "server/preview_store.h"
#include "server/scan_store.h"
#include "server/volume_store.h"

namespace tomoslab {

/// A pool that could take jobs.
struct PoolOffer {
  std::string name;
  PoolSize size;
};

class JobQueue {
 public:
  JobQueue(ScanStore& scans, JobTable& jobs, VolumeStore& volumes, PreviewStore& previews)
      : scans_(scans), jobs_(jobs), volumes_(volumes), previews_(previews) {}

  /// Validates, plans on the best of `offers` (never empty), and queues unless validate_only.
  /// ResourceExhausted: the job fits on none of them, with the plan's figures.
  absl::StatusOr<v1::CreateJobResponse> Create(const v1::CreateJobRequest& request,
                                               const std::vector<PoolOffer>& offers,
                                               const NewOwnership& ownership = {});
  /// With a status message that says what a queued job waits for.
  absl::StatusOr<v1::Job> Get(const std::string& name);
  absl::StatusOr<v1::ListJobsResponse> List(const v1::ListJobsRequest& request,
                                            const Caller& caller = {});
  /// The job with its volume and previews.
  absl::Status Delete(const std::string& name);
  /// Volumes of jobs whose deletion was cut off. Call once, at the start.
  absl::Status RemoveOrphans();

  /// What a queued job waits for besides a pool.
  struct Wait {
    std::string reason;     // "" = it is ready
    bool hopeless = false;  // it never will be
  };
  absl::StatusOr<Wait> WaitOf(const v1::Job& job);

  /// The plan of the job on the offer that suits it best: one where it fits, if there is any.
  absl::StatusOr<v1::JobPlan> Plan(const v1::JobSpec& spec, const v1::Scan& scan,
                                   const std::vector<PoolOffer>& offers) const;

 private:
  absl::Status CheckStart(const v1::JobSpec& complete);
  /// What scans still lack, by name; "" = nothing.
  using MissingOfScans = std::map<std::string, std::string>;
  absl::StatusOr<Wait> WaitOf(const v1::Job& job, MissingOfScans* known);
  absl::StatusOr<v1::Job> Describe(v1::Job job, MissingOfScans* known);

  ScanStore& scans_;
  JobTable& jobs_;
  VolumeStore& volumes_;
  PreviewStore& previews_;
};

}  // namespace tomoslab
