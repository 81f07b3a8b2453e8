// tomoslab slices: previews of a running job as images.
#include <array>
#include <cstdio>
#include <filesystem>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/commands.h"
#include "client/exit_code.h"
#include "client/job_run.h"
#include "worker/core/status.h"
#include "worker/data/slice_image.h"

namespace tomoslab {
namespace {

struct PlaneName {
  const char* name;
  v1::Plane plane;
};
constexpr std::array<PlaneName, 3> kPlanes = {
    {{"axial", v1::AXIAL}, {"coronal", v1::CORONAL}, {"sagittal", v1::SAGITTAL}}};

const char* NameOf(v1::Plane plane) {
  for (const PlaneName& known : kPlanes) {
    if (known.plane == plane) return known.name;
  }
  return "plane";
}

absl::StatusOr<std::vector<v1::Plane>> WantedPlanes(const std::string& name) {
  std::vector<v1::Plane> planes;
  for (const PlaneName& known : kPlanes) {
    if (name.empty() || name == known.name) planes.push_back(known.plane);
  }
  if (!planes.empty()) return planes;
  return absl::InvalidArgumentError(
      absl::StrCat("--plane ", name, " is none of axial, coronal, sagittal"));
}

absl::Status Save(ReconstructionClient& client, const v1::ReadPreviewRequest& request,
                  const std::string& folder) {
  TOMOSLAB_ASSIGN_OR_RETURN(const auto preview, client.ReadPreview(request));
  const v1::PreviewReady& what = preview.first;
  const SliceImage image{what.rows(), what.columns(), preview.second};
  const GreyWindow window = PercentileWindow({&image});
  const std::string path = (std::filesystem::path(folder) /
                            absl::StrFormat("iteration_%05d_%s_%05d.png", what.iteration(),
                                            NameOf(what.plane()), what.index()))
                               .string();
  TOMOSLAB_RETURN_IF_ERROR(WritePng(path, image, window));
  std::printf("%s: black %.4g, white %.4g 1/mm\n", path.c_str(), window.low, window.high);
  std::fflush(stdout);
  return absl::OkStatus();
}

// Every preview as it comes, until the job is over.
absl::Status FollowPreviews(ReconstructionClient& client, const SlicesOptions& options,
                            const std::vector<v1::Plane>& planes) {
  absl::Status saved;
  TOMOSLAB_RETURN_IF_ERROR(client.Watch(options.job, 0, [&](const v1::JobEvent& event) {
    const v1::PreviewReady& ready = event.preview_ready();
    if (!event.has_preview_ready() ||
        std::find(planes.begin(), planes.end(), ready.plane()) == planes.end())
      return true;
    v1::ReadPreviewRequest request;
    request.set_job(options.job);
    request.set_iteration(ready.iteration());
    request.set_plane(ready.plane());
    request.set_index(ready.index());
    saved = Save(client, request, options.folder);
    if (saved.code() == absl::StatusCode::kNotFound)
      saved = absl::OkStatus();  // an old one that is no longer kept
    return saved.ok();
  }));
  return saved;
}

absl::Status Slices(const SlicesOptions& options) {
  TOMOSLAB_ASSIGN_OR_RETURN(const std::vector<v1::Plane> planes, WantedPlanes(options.plane));
  std::error_code error;
  std::filesystem::create_directories(options.folder, error);
  TOMOSLAB_ASSIGN_OR_RETURN(const std::unique_ptr<ReconstructionClient> client,
                            Reach(options.server));
  if (options.follow) return FollowPreviews(*client, options, planes);
  for (const v1::Plane plane : planes) {
    v1::ReadPreviewRequest request;
    request.set_job(options.job);
    request.set_iteration(options.iteration);
    request.set_plane(plane);
    TOMOSLAB_RETURN_IF_ERROR(Save(*client, request, options.folder));
  }
  return absl::OkStatus();
}

}  // namespace

int RunSlices(const SlicesOptions& options) { return ReportError(Slices(options)); }

}  // namespace tomoslab
