// tomoslab watch, fetch, cancel: what one does with a job that is there.
#include <cstdio>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/commands.h"
#include "client/exit_code.h"
#include "client/interrupt.h"
#include "client/job_run.h"
#include "worker/core/status.h"

namespace tomoslab {
namespace {

// "12:20" → [12, 20); either side may be missing.
absl::StatusOr<IndexRange> ParseSlices(const std::string& text, std::int64_t slices) {
  const std::vector<std::string> parts = absl::StrSplit(text, ':');
  IndexRange range{0, slices};
  const bool good = parts.size() == 2 &&
                    (parts[0].empty() || absl::SimpleAtoi(parts[0], &range.begin)) &&
                    (parts[1].empty() || absl::SimpleAtoi(parts[1], &range.end));
  if (good) return range;
  return absl::InvalidArgumentError(absl::StrCat(
      "--slices ", text,
      " is not a range; write BEGIN:END, e.g. 100:110 for the ten slices from 100 on"));
}

absl::Status Watch(const WatchOptions& options) {
  TOMOSLAB_RETURN_IF_ERROR(CheckOutputs(options.output));
  TOMOSLAB_ASSIGN_OR_RETURN(const std::unique_ptr<ReconstructionClient> client,
                            Reach(options.server));
  JobDisplay display(options.json ? DisplayMode::kJson : ModeOfStdout());
  const absl::StatusOr<v1::Job> job = Follow(*client, options.job, options.after_event, display);
  if (Interrupted())
    display.ShowLine(absl::StrCat("the job goes on; stop it with: tomoslab cancel ", options.job));
  TOMOSLAB_RETURN_IF_ERROR(job.status());
  TOMOSLAB_RETURN_IF_ERROR(StatusOf(*job));
  return WriteWithProgress(*client, *job, options.output, display);
}

absl::Status Fetch(FetchOptions options) {
  if (options.output.volume.empty() && options.output.png_folder.empty()) {
    return absl::InvalidArgumentError(
        "say where the volume goes: -o FILE.h5, -o FOLDER/ or --png FOLDER");
  }
  TOMOSLAB_ASSIGN_OR_RETURN(const std::unique_ptr<ReconstructionClient> client,
                            Reach(options.server));
  TOMOSLAB_ASSIGN_OR_RETURN(const v1::Job job, client->GetJob(options.job));
  TOMOSLAB_RETURN_IF_ERROR(CheckOutputs(options.output));
  if (!options.slices.empty()) {  // some may be there while the job still writes
    TOMOSLAB_ASSIGN_OR_RETURN(options.output.slices,
                              ParseSlices(options.slices, job.spec().volume().slices()));
  } else {
    TOMOSLAB_RETURN_IF_ERROR(StatusOf(job));
  }
  if (options.energy_kev) options.output.content.set_virtual_energy_kev(*options.energy_kev);
  if (!options.material.empty()) options.output.content.set_material(options.material);
  if (options.labels) options.output.content.set_labels(true);
  JobDisplay display(ModeOfStdout());
  return WriteWithProgress(*client, job, options.output, display);
}

absl::Status Cancel(const CancelOptions& options) {
  TOMOSLAB_ASSIGN_OR_RETURN(const std::unique_ptr<ReconstructionClient> client,
                            Reach(options.server));
  TOMOSLAB_ASSIGN_OR_RETURN(const v1::Job job, client->CancelJob(options.job));
  std::printf("%s: %s%s\n", job.name().c_str(), StateText(job.state()).c_str(),
              IsOver(job.state()) ? "" : ", it ends within one iteration");
  return absl::OkStatus();
}

}  // namespace

int RunWatch(const WatchOptions& options) { return ReportError(Watch(options)); }
int RunFetch(FetchOptions options) { return ReportError(Fetch(std::move(options))); }
int RunCancel(const CancelOptions& options) { return ReportError(Cancel(options)); }

}  // namespace tomoslab
