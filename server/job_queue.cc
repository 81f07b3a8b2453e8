#include "server/job_queue.h"

#include <google/protobuf/util/message_differencer.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "proto/values.h"
#include "server/job.h"
#include "server/resource_name.h"
#include "worker/core/status.h"

namespace tomoslab {
namespace {

bool Suits(const PoolOffer& offer, const v1::JobSpec& spec) {
  return spec.pool().empty() || spec.pool() == offer.name;
}

bool IsBetter(const v1::JobPlan& a, const v1::JobPlan& b) {
  return a.fits() != b.fits() ? a.fits() : a.ranks() > b.ranks();
}

}  // namespace

absl::StatusOr<v1::JobPlan> JobQueue::Plan(const v1::JobSpec& spec, const v1::Scan& scan,
                                           const std::vector<PoolOffer>& offers) const {
  v1::JobPlan best;
  for (const PoolOffer& offer : offers) {
    if (!Suits(offer, spec)) continue;
    TOMOSLAB_ASSIGN_OR_RETURN(v1::JobPlan plan, PlanJob(spec, scan, offer.size));
    if (best.ranks() == 0 || IsBetter(plan, best)) best = std::move(plan);
  }
  if (best.ranks() > 0) return best;
  // Its pool is not attached: how much memory that has will be seen when it comes.
  return PlanJob(spec, scan, PoolSize{});
}

absl::Status JobQueue::CheckStart(const v1::JobSpec& complete) {
  if (!complete.start().has_job()) return absl::OkStatus();
  TOMOSLAB_ASSIGN_OR_RETURN(const v1::Job start, jobs_.Get(complete.start().job()));
  if (start.state() == v1::FAILED || start.state() == v1::CANCELLED) {
    return absl::FailedPreconditionError(
        absl::StrFormat("start.job = %s has no volume to start from: it is %s", start.name(),
                        v1::JobState_Name(start.state())));
  }
  if (google::protobuf::util::MessageDifferencer::Equals(start.spec().volume(),
                                                         complete.volume())) {
    return absl::OkStatus();
  }
  TOMOSLAB_ASSIGN_OR_RETURN(const Volume there, ToVolume(start.spec().volume()));
  TOMOSLAB_ASSIGN_OR_RETURN(const Volume here, ToVolume(complete.volume()));
  return absl::InvalidArgumentError(absl::StrFormat(
      "start.job = %s has another voxel grid (%s) than this job (%s); use the same volume",
      start.name(), there.ToString(), here.ToString()));
}

absl::StatusOr<v1::CreateJobResponse> JobQueue::Create(const v1::CreateJobRequest& request,
                                                       const std::vector<PoolOffer>& offers,
                                                       const NewOwnership& ownership) {
  TOMOSLAB_RETURN_IF_ERROR(CheckRequestId(request.request_id()));
  TOMOSLAB_ASSIGN_OR_RETURN(const v1::Scan scan, scans_.Get(request.spec().scan()));
  TOMOSLAB_RETURN_IF_ERROR(ValidateJobSpec(request.spec(), scan));
  TOMOSLAB_ASSIGN_OR_RETURN(const v1::JobSpec complete, CompleteJobSpec(request.spec(), scan));
  v1::CreateJobResponse response;
  TOMOSLAB_ASSIGN_OR_RETURN(*response.mutable_plan(), Plan(complete, scan, offers));
  if (request.validate_only()) {
    TOMOSLAB_RETURN_IF_ERROR(CheckStart(complete));
    return response;
  }
  if (!request.request_id().empty()) {
    absl::StatusOr<v1::Job> found = jobs_.FindRequest(request, ownership.ownership.owner);
    if (!absl::IsNotFound(found.status())) {
      TOMOSLAB_ASSIGN_OR_RETURN(*response.mutable_job(), std::move(found));
      return response;
    }
  }
  TOMOSLAB_RETURN_IF_ERROR(CheckStart(complete));
  if (!response.plan().fits()) return absl::ResourceExhaustedError(response.plan().explanation());
  TOMOSLAB_ASSIGN_OR_RETURN(*response.mutable_job(), jobs_.Create(request, complete, ownership));
  return response;
}

absl::StatusOr<JobQueue::Wait> JobQueue::WaitOf(const v1::Job& job) {
  MissingOfScans missing;
  return WaitOf(job, &missing);
}

absl::StatusOr<JobQueue::Wait> JobQueue::WaitOf(const v1::Job& job, MissingOfScans* known) {
  const auto [it, unknown] = known->try_emplace(job.spec().scan());
  if (unknown) {
    TOMOSLAB_ASSIGN_OR_RETURN(it->second, scans_.Missing(job.spec().scan()));
  }
  const std::string& missing = it->second;
  if (!missing.empty()) return Wait{absl::StrCat("waits for ", missing)};
  if (!job.spec().start().has_job()) return Wait{};
  TOMOSLAB_ASSIGN_OR_RETURN(const v1::Job start, jobs_.Get(job.spec().start().job()));
  if (start.state() == v1::SUCCEEDED) return Wait{};
  if (!IsOver(start.state())) return Wait{absl::StrCat("waits for ", start.name())};
  return Wait{absl::StrFormat("%s, from whose volume it was to start, is %s", start.name(),
                              v1::JobState_Name(start.state())),
              true};
}

absl::StatusOr<v1::Job> JobQueue::Describe(v1::Job job, MissingOfScans* known) {
  if (job.state() != v1::QUEUED) return job;
  TOMOSLAB_ASSIGN_OR_RETURN(const Wait wait, WaitOf(job, known));
  if (!wait.reason.empty()) {
    job.set_status_message(wait.reason);
  } else if (job.status_message().empty()) {
    job.set_status_message(job.spec().pool().empty()
                               ? "waits for a free pool"
                               : absl::StrCat("waits for the pool ", job.spec().pool()));
  }
  return job;
}

absl::StatusOr<v1::Job> JobQueue::Get(const std::string& name) {
  TOMOSLAB_ASSIGN_OR_RETURN(v1::Job job, jobs_.Get(name));
  MissingOfScans missing;
  return Describe(std::move(job), &missing);
}

absl::StatusOr<v1::ListJobsResponse> JobQueue::List(const v1::ListJobsRequest& request,
                                                    const Caller& caller) {
  TOMOSLAB_ASSIGN_OR_RETURN(v1::ListJobsResponse response, jobs_.List(request, caller));
  MissingOfScans missing;
  for (v1::Job& job : *response.mutable_job()) {
    TOMOSLAB_ASSIGN_OR_RETURN(job, Describe(std::move(job), &missing));
  }
  return response;
}

absl::Status JobQueue::Delete(const std::string& name) {
  // Its rows first: no job can be made meanwhile that starts from a volume that is gone.
  TOMOSLAB_RETURN_IF_ERROR(jobs_.Delete(name));
  TOMOSLAB_RETURN_IF_ERROR(volumes_.Remove(name));
  return previews_.RemoveAll(name);
}

absl::Status JobQueue::RemoveOrphans() {
  TOMOSLAB_ASSIGN_OR_RETURN(const std::vector<std::string> names, volumes_.Jobs());
  for (const std::string& name : names) {
    if (!absl::IsNotFound(jobs_.Get(name).status())) continue;
    TOMOSLAB_RETURN_IF_ERROR(volumes_.Remove(name));
    TOMOSLAB_RETURN_IF_ERROR(previews_.RemoveAll(name));
  }
  return absl::OkStatus();
}

}  // namespace tomoslab
