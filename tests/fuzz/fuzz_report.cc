// What a pool reports about its job and itself, and what the server computes from what it believed.
#include <cstdint>
#include <string>

#include "proto/plain_text.h"
#include "proto/volume_content.h"
#include "server/reported_event.h"
#include "tests/fuzz/quiet_protobuf.h"

namespace tomoslab {
namespace {

v1::Job SmallJob() {
  v1::Job job;
  job.set_name("jobs/1");
  job.mutable_spec()->mutable_algorithm()->mutable_dart();
  v1::VolumeGeometry* volume = job.mutable_spec()->mutable_volume();
  volume->set_columns(40);
  volume->set_rows(30);
  volume->set_slices(20);
  return job;
}

void ReadContents(const v1::Job& job) {
  v1::VolumeContent labels, energy, material;
  labels.set_labels(true);
  energy.set_virtual_energy_kev(50);
  material.set_material(job.materials().entry(1).name());
  for (const v1::VolumeContent& content : {labels, energy, material}) {
    const absl::StatusOr<ContentOfVolume> map = ContentOfVolume::Create(job, content);
    if (map.ok()) (void)map->Convert({-1.0f, 0.0f, 0.1f, 1e6f});
  }
}

void Use(const v1::ReportRequest& request) {
  v1::Job job = SmallJob();
  if (!CheckReport(request, job).ok()) return;
  for (v1::JobEvent event : request.event()) {
    MakePlain(&event);
    if (!IsPlainText(event.log().text()) || !IsPlainText(event.state_change().reason()))
      __builtin_trap();
    if (!event.has_materials()) continue;
    *job.mutable_materials() = event.materials();
    ReadContents(job);
  }
}

}  // namespace
}  // namespace tomoslab

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tomoslab;
  v1::ReportRequest report;
  if (report.ParseFromArray(data, static_cast<int>(size))) Use(report);
  v1::AttachRequest attach;
  if (attach.ParseFromArray(data, static_cast<int>(size)) && CheckAttach(attach).ok()) {
    for (v1::RankReport& rank : *attach.mutable_rank()) MakePlain(&rank);
  }
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string line = PlainLine(text, 100);
  if (line.size() > 100 || !IsPlainText(line) || (IsPlainText(text) && size <= 100 && line != text))
    __builtin_trap();
  return 0;
}
