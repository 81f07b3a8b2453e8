#include "server/reported_event.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_format.h"
#include "proto/material_values.h"
#include "proto/plain_text.h"
#include "server/preview_store.h"
#include "worker/core/status.h"

namespace tomoslab {
namespace {

constexpr int kMostEvents = 1000, kMostRanks = 65536;
/// An event is kept in its job, and travels with it in one message.
constexpr std::size_t kLargestEvent = 1 << 20, kLargestAttach = 3 << 20;
constexpr std::size_t kLongestText = 8 << 10, kLongestRankText = 200, kLongestPool = 100;

absl::Status Nonsense(const char* what, double value) {
  return absl::InvalidArgumentError(absl::StrFormat("a pool reports %s = %g", what, value));
}

absl::Status CheckIteration(const v1::IterationReport& report) {
  if (report.iteration() < 0) return Nonsense("iteration", report.iteration());
  if (report.exchanged_bytes() < 0) return Nonsense("exchanged_bytes", report.exchanged_bytes());
  if (report.changed_labels() < 0) return Nonsense("changed_labels", report.changed_labels());
  if (!(report.elapsed_seconds() >= 0))
    return Nonsense("elapsed_seconds", report.elapsed_seconds());
  return absl::OkStatus();
}

absl::Status CheckRank(const v1::RankReport& rank) {
  if (rank.rank() < 0 || rank.rank() >= kMostRanks) return Nonsense("rank", rank.rank());
  const std::int64_t bytes =
      std::min({rank.memory_bytes(), rank.device_memory_bytes(), rank.device_limit_bytes()});
  if (bytes < 0) return Nonsense("a rank's bytes", static_cast<double>(bytes));
  return absl::OkStatus();
}

absl::Status CheckPool(const v1::PoolReport& report, const v1::VolumeGeometry& volume) {
  for (const v1::RankReport& rank : report.rank()) {
    TOMOSLAB_RETURN_IF_ERROR(CheckRank(rank));
    const bool slab = 0 <= rank.slice_begin() && rank.slice_begin() <= rank.slice_end() &&
                      rank.slice_end() <= volume.slices();
    if (!slab) return Nonsense("a rank's slice_end", rank.slice_end());
    if (rank.row_begin() < 0 || rank.row_end() < rank.row_begin())
      return Nonsense("a rank's row_end", rank.row_end());
  }
  return absl::OkStatus();
}

absl::Status CheckEvent(const v1::JobEvent& event, const v1::VolumeGeometry& volume) {
  if (event.ByteSizeLong() > kLargestEvent) {
    return absl::InvalidArgumentError(absl::StrFormat("an event of %d bytes is larger than %d",
                                                      event.ByteSizeLong(), kLargestEvent));
  }
  if (event.has_iteration()) return CheckIteration(event.iteration());
  if (event.has_preview_ready()) return CheckPreview(event.preview_ready(), volume);
  if (event.has_pool()) return CheckPool(event.pool(), volume);
  if (event.has_materials()) return CheckMaterials(event.materials());
  if (event.has_checkpoint()) {
    const v1::CheckpointReport& report = event.checkpoint();
    if (report.iteration() < 0) return Nonsense("checkpoint.iteration", report.iteration());
    if (report.bytes() < 0 || !(report.seconds() >= 0))
      return Nonsense("checkpoint.bytes or seconds",
                      std::min<double>(report.bytes(), report.seconds()));
  }
  return absl::OkStatus();
}

void MakePlain(std::string* text, std::size_t most_bytes) {
  if (text->size() > most_bytes || !IsPlainText(*text)) *text = PlainLine(*text, most_bytes);
}

void MakePlain(v1::LogMessage* log) {
  MakePlain(log->mutable_text(), kLongestText);
  log->set_rank(std::clamp(log->rank(), -1, kMostRanks));
  if (log->severity() < v1::INFO || log->severity() > v1::ERROR) log->set_severity(v1::WARNING);
}

}  // namespace

absl::Status CheckReport(const v1::ReportRequest& request, const v1::Job& job) {
  if (request.event_size() > kMostEvents) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "a report of %d events; at most %d are taken at once", request.event_size(), kMostEvents));
  }
  for (const v1::JobEvent& event : request.event())
    TOMOSLAB_RETURN_IF_ERROR(CheckEvent(event, job.spec().volume()));
  return absl::OkStatus();
}

void MakePlain(v1::JobEvent* event) {
  if (event->has_log()) MakePlain(event->mutable_log());
  if (event->has_state_change())
    MakePlain(event->mutable_state_change()->mutable_reason(), kLongestText);
  if (event->has_pool()) {
    for (v1::RankReport& rank : *event->mutable_pool()->mutable_rank()) MakePlain(&rank);
  }
}

void MakePlain(v1::RankReport* rank) {
  MakePlain(rank->mutable_host(), kLongestRankText);
  MakePlain(rank->mutable_device(), kLongestRankText);
}

absl::Status CheckAttach(const v1::AttachRequest& request) {
  if (request.pool().empty()) return absl::InvalidArgumentError("the pool has no name");
  TOMOSLAB_RETURN_IF_ERROR(CheckPlainText("pool", request.pool(), kLongestPool));
  if (!std::all_of(request.pool().begin(), request.pool().end(),
                   [](unsigned char c) { return c > 0x20 && c < 0x7F; })) {
    return absl::InvalidArgumentError("a pool's name has no blanks and no characters beyond ASCII");
  }
  TOMOSLAB_RETURN_IF_ERROR(CheckPlainText("instance", request.instance(), kLongestRankText));
  TOMOSLAB_RETURN_IF_ERROR(CheckPlainText("lease", request.lease(), kLongestRankText));
  if (request.rank_size() > kMostRanks || request.ByteSizeLong() > kLargestAttach) {
    return absl::InvalidArgumentError(
        absl::StrFormat("a pool of %d ranks, described in %d bytes; at most %d ranks and %d bytes",
                        request.rank_size(), request.ByteSizeLong(), kMostRanks, kLargestAttach));
  }
  if (request.memory_bytes_per_rank() < 0) {
    return Nonsense("memory_bytes_per_rank", static_cast<double>(request.memory_bytes_per_rank()));
  }
  for (const v1::RankReport& rank : request.rank()) TOMOSLAB_RETURN_IF_ERROR(CheckRank(rank));
  return absl::OkStatus();
}

}  // namespace tomoslab
