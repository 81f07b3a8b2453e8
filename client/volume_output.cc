#include "client/volume_output.h"

#include <google/protobuf/util/json_util.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <memory>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/job_display.h"
#include "proto/algorithm_values.h"
#include "proto/values.h"
#include "worker/core/status.h"
#include "worker/data/slice_image.h"

namespace tomoslab {
namespace {

absl::Status MakeFolder(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (std::filesystem::is_directory(folder) && access(folder.c_str(), W_OK) == 0)
    return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(folder, ": is no folder to write into", error ? ": " : "", error.message()));
}

absl::Status WriteMiddleSlices(const MiddlePlanes& planes, const std::string& unit,
                               const std::string& folder,
                               const std::function<void(const std::string&)>& show) {
  TOMOSLAB_RETURN_IF_ERROR(MakeFolder(folder));
  const GreyWindow window =
      PercentileWindow({&planes.axial(), &planes.coronal(), &planes.sagittal()});
  const std::array<std::pair<const char*, const SliceImage*>, 3> images = {
      {{"axial", &planes.axial()},
       {"coronal", &planes.coronal()},
       {"sagittal", &planes.sagittal()}}};
  for (const auto& [name, image] : images) {
    const std::string path = (std::filesystem::path(folder) / absl::StrCat(name, ".png")).string();
    TOMOSLAB_RETURN_IF_ERROR(WritePng(path, *image, window));
    show(absl::StrFormat("%s: middle %s slice, %d x %d pixels, black %.4g, white %.4g %s", path,
                         name, image->columns, image->rows, window.low, window.high, unit));
  }
  return absl::OkStatus();
}

// How many ranks worked on the job last; 0 = its log does not say.
absl::StatusOr<int> RanksOf(ReconstructionClient& client, const v1::Job& job) {
  int ranks = 0;
  if (job.last_event() == 0) return ranks;
  TOMOSLAB_RETURN_IF_ERROR(client.Watch(job.name(), 0, [&](const v1::JobEvent& event) {
    if (event.has_pool()) ranks = event.pool().rank_size();
    return event.sequence() < job.last_event();
  }));
  return ranks;
}

/// What the numbers are, where they are not the attenuation.
void Describe(const v1::VolumeContent& content, VolumeRecord* record) {
  if (content.labels()) {
    record->numbers = VolumeNumbers::kUint8;
    record->unit = "label";
    record->provenance.emplace_back("content", "labels: which material, 0 = air");
  } else if (content.has_material()) {
    record->unit = "1";
    record->provenance.emplace_back("content", absl::StrCat("amount of ", content.material(),
                                                            ", as a fraction of its density"));
  } else if (content.has_virtual_energy_kev()) {
    record->provenance.emplace_back(
        "content", absl::StrFormat("attenuation at %g keV", content.virtual_energy_kev()));
  }
}

}  // namespace

absl::StatusOr<VolumeRecord> RecordOf(const v1::Job& job, const v1::Scan& scan, int ranks) {
  VolumeRecord record;
  TOMOSLAB_ASSIGN_OR_RETURN(record.volume, ToVolume(job.spec().volume()));
  std::string spec;
  (void)google::protobuf::util::MessageToJsonString(job.spec(), &spec);
  record.provenance = {{"version", TOMOSLAB_VERSION},
                       {"job", job.name()},
                       {"algorithm", AlgorithmName(job.spec().algorithm())},
                       {"job_spec_json", spec},
                       {"pool", job.pool()},
                       {"scan", scan.display_name()}};
  for (const auto& [what, value] : scan.provenance())
    record.provenance.emplace_back(absl::StrCat("scan: ", what), value);
  record.figures = {{"iterations", job.last_iteration().iteration()},
                    {"relative_residual", job.last_iteration().relative_residual()},
                    {"elapsed_seconds", job.last_iteration().elapsed_seconds()},
                    {"ranks", ranks},
                    {"attempts", job.attempts()}};
  return record;
}

absl::Status CheckOutputs(const OutputOptions& options) {
  if (!options.png_folder.empty()) TOMOSLAB_RETURN_IF_ERROR(MakeFolder(options.png_folder));
  if (options.volume.empty()) return absl::OkStatus();
  // A writer that is made and never finished leaves nothing behind.
  VolumeRecord record;
  TOMOSLAB_ASSIGN_OR_RETURN(record.volume, Volume::Create({1, 1, 1, 1, 1, {}}));
  return MakeVolumeWriter(options.volume, record).status();
}

absl::Status WriteOutputs(
    ReconstructionClient& client, const v1::Job& job, const OutputOptions& options,
    const std::function<void(std::int64_t done, std::int64_t total)>& on_progress,
    const std::function<void(const std::string&)>& show) {
  TOMOSLAB_ASSIGN_OR_RETURN(const v1::Scan scan, client.GetScan(job.spec().scan()));
  TOMOSLAB_ASSIGN_OR_RETURN(const int ranks, RanksOf(client, job));
  TOMOSLAB_ASSIGN_OR_RETURN(VolumeRecord record, RecordOf(job, scan, ranks));
  const Volume whole = record.volume;
  const IndexRange slices = options.slices.value_or(IndexRange{0, whole.slices});
  if (slices.begin < 0 || slices.empty() || slices.end > whole.slices) {
    return absl::InvalidArgumentError(
        absl::StrFormat("slices %d to %d were asked for; the volume has 0 to %d", slices.begin,
                        slices.end - 1, whole.slices - 1));
  }
  record.volume = whole.Slices(slices);
  Describe(options.content, &record);
  std::unique_ptr<VolumeWriter> writer;
  if (!options.volume.empty()) {
    TOMOSLAB_ASSIGN_OR_RETURN(writer, MakeVolumeWriter(options.volume, record));
  }
  MiddlePlanes planes(record.volume);
  const std::int64_t first = slices.begin * whole.rows, total = slices.size() * whole.rows;
  TOMOSLAB_RETURN_IF_ERROR(client.ReadSlices(
      {job.name(), whole, slices, options.content},
      [&](std::int64_t line, absl::Span<const float> lines) {
        if (writer != nullptr) TOMOSLAB_RETURN_IF_ERROR(writer->Append(lines));
        if (!options.png_folder.empty()) planes.Add(line - first, lines);
        on_progress(line - first + static_cast<std::int64_t>(lines.size()) / whole.columns, total);
        return absl::OkStatus();
      }));
  if (writer != nullptr) {
    TOMOSLAB_RETURN_IF_ERROR(writer->Finish());
    show(absl::StrCat(options.volume, ": ", record.volume.ToString(), ", ",
                      record.numbers == VolumeNumbers::kUint8 ? "uint8" : "float32", ", ",
                      record.unit));
  }
  return options.png_folder.empty()
             ? absl::OkStatus()
             : WriteMiddleSlices(planes, record.unit, options.png_folder, show);
}

}  // namespace tomoslab
