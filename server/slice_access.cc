#include "server/slice_access.h"

#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "worker/core/status.h"

namespace tomoslab {
namespace {

std::string Describe(const LineRanges& done) {
  if (done.empty()) return "none";
  std::string text;
  for (const IndexRange range : done.Ranges()) {
    if (text.size() > 100) return text + ", ...";
    absl::StrAppendFormat(&text, "%s%d .. %d", text.empty() ? "" : ", ", range.begin,
                          range.end - 1);
  }
  return text;
}

absl::Status CheckThere(const Stores& stores, const v1::Job& job, IndexRange slices) {
  const int count = job.spec().volume().slices();
  if (slices.begin < 0 || slices.begin > slices.end || slices.end > count) {
    return absl::OutOfRangeError(absl::StrFormat("slices %d .. %d lie outside the %d slices of %s",
                                                 slices.begin, slices.end - 1, count, job.name()));
  }
  TOMOSLAB_ASSIGN_OR_RETURN(const LineRanges done, stores.jobs.SlicesDone(job.name()));
  if (done.Contains(slices)) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrFormat(
      "slices %d .. %d of %s are not all there; the job is %s and has finished slices %s",
      slices.begin, slices.end - 1, job.name(), v1::JobState_Name(job.state()), Describe(done)));
}

absl::StatusOr<VolumeReader> Open(const Stores& stores, const v1::Job& job, IndexRange slices,
                                  const v1::VolumeContent& wanted = {}) {
  TOMOSLAB_RETURN_IF_ERROR(CheckThere(stores, job, slices));
  TOMOSLAB_ASSIGN_OR_RETURN(ContentOfVolume content, ContentOfVolume::Create(job, wanted));
  TOMOSLAB_ASSIGN_OR_RETURN(VolumeFile file, stores.volumes.Open(job));
  return VolumeReader(std::move(file), slices, std::move(content));
}

}  // namespace

absl::StatusOr<VolumeReader> ReadSlices(const Stores& stores,
                                        const v1::ReadSlicesRequest& request) {
  TOMOSLAB_ASSIGN_OR_RETURN(const v1::Job job, stores.jobs.Get(request.job()));
  const std::int64_t first = request.first_slice();
  const std::int64_t end =
      request.slice_count() == 0 ? job.spec().volume().slices() : first + request.slice_count();
  return Open(stores, job, {first, end}, request.content());
}

absl::StatusOr<PlaneReader> ReadPlane(const Stores& stores, const v1::ReadPreviewRequest& request) {
  TOMOSLAB_ASSIGN_OR_RETURN(const v1::Job job, stores.jobs.Get(request.job()));
  const v1::VolumeGeometry& volume = job.spec().volume();
  TOMOSLAB_ASSIGN_OR_RETURN(const v1::PreviewReady plane, PlaneOfVolume(volume, request));
  TOMOSLAB_RETURN_IF_ERROR(CheckThere(stores, job, SlicesOf(plane, volume)));
  TOMOSLAB_ASSIGN_OR_RETURN(VolumeFile file, stores.volumes.Open(job));
  return PlaneReader(std::move(file), plane);
}

absl::StatusOr<VolumeReader> ReadStartVolume(const Stores& stores, const v1::Job& job,
                                             const v1::FetchStartVolumeRequest& request) {
  if (!job.spec().start().has_job()) {
    return absl::NotFoundError(absl::StrFormat("%s starts from no other job", job.name()));
  }
  TOMOSLAB_ASSIGN_OR_RETURN(const v1::Job start, stores.jobs.Get(job.spec().start().job()));
  return Open(stores, start, {request.slice_begin(), request.slice_end()});
}

}  // namespace tomoslab
