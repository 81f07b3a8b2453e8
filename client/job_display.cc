#include "client/job_display.h"

#include <google/protobuf/util/json_util.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "proto/log_line.h"
#include "proto/plain_text.h"

namespace tomoslab {
namespace {

constexpr int kBarWidth = 30;
constexpr auto kBetweenLines = std::chrono::seconds(2);

std::string PoolText(const v1::PoolReport& pool) {
  std::string text =
      absl::StrFormat("%d rank%s%s%s:", pool.rank_size(), pool.rank_size() == 1 ? "" : "s",
                      pool.pool().empty() ? "" : " of pool ", pool.pool());
  for (const v1::RankReport& rank : pool.rank()) {
    absl::StrAppendFormat(&text, "\n  rank %d on %s (%s): %s, %s, %s", rank.rank(), rank.host(),
                          rank.device(), RangeText("slices", rank.slice_begin(), rank.slice_end()),
                          RangeText("detector rows", rank.row_begin(), rank.row_end()),
                          BytesText(static_cast<double>(rank.memory_bytes())));
    if (rank.device_memory_bytes() > 0) {
      absl::StrAppendFormat(&text, " and %s of the GPU's %s",
                            BytesText(static_cast<double>(rank.device_memory_bytes())),
                            BytesText(static_cast<double>(rank.device_limit_bytes())));
    }
    if (rank.streamed()) text += ", the slab in pieces";
  }
  return text;
}

std::string CheckpointText(const v1::CheckpointReport& report) {
  const bool resumed = report.kind() == v1::CheckpointReport::RESUMED;
  return absl::StrFormat("%s iteration %d (%s in %.1f s)",
                         resumed ? "going on from the checkpoint of" : "checkpoint of",
                         report.iteration(), BytesText(static_cast<double>(report.bytes())),
                         report.seconds());
}

const char* SeverityText(v1::Severity severity) {
  switch (severity) {
    case v1::WARNING:
      return "WARNING: ";
    case v1::ERROR:
      return "ERROR: ";
    default:
      return "";
  }
}

}  // namespace

DisplayMode ModeOfStdout() {
  return isatty(STDOUT_FILENO) != 0 ? DisplayMode::kTerminal : DisplayMode::kLines;
}

void JobDisplay::Show(const v1::JobEvent& event) {
  if (mode_ == DisplayMode::kJson) {
    std::fprintf(out_, "%s\n", JsonLine(event).c_str());
    std::fflush(out_);
    return;
  }
  switch (event.what_case()) {
    case v1::JobEvent::kStateChange:
      ShowLine(absl::StrCat(StateText(event.state_change().state()),
                            event.state_change().reason().empty() ? "" : ": ",
                            event.state_change().reason()));
      break;
    case v1::JobEvent::kIteration: {
      const v1::IterationReport& report = event.iteration();
      const std::string text = IterationText(report, iterations_planned_);
      if (mode_ == DisplayMode::kLines) {
        ShowLine(text);
      } else {
        const double fraction = iterations_planned_ > 0
                                    ? static_cast<double>(report.iteration()) / iterations_planned_
                                    : 0;
        ShowPassing(absl::StrCat(Bar(fraction), " ", text));
      }
      break;
    }
    case v1::JobEvent::kLog:
      ShowLine(absl::StrCat(SeverityText(event.log().severity()), event.log().text()));
      break;
    case v1::JobEvent::kPool:
      ShowLine(PoolText(event.pool()));
      break;
    case v1::JobEvent::kCheckpoint:
      if (event.checkpoint().kind() == v1::CheckpointReport::RESUMED) {
        ShowLine(CheckpointText(event.checkpoint()));
      } else {
        ShowPassing(CheckpointText(event.checkpoint()));
      }
      break;
    case v1::JobEvent::kSlicesReady:
      ShowPassing(absl::StrFormat("slices %d to %d are ready", event.slices_ready().begin(),
                                  event.slices_ready().end() - 1));
      break;
    default:
      break;  // previews are for `slices`
  }
}

void JobDisplay::ShowPassing(const std::string& text) {
  if (mode_ == DisplayMode::kJson) return;
  if (mode_ == DisplayMode::kTerminal) {
    std::fprintf(out_, "\r\x1b[K%s", text.c_str());
    passing_ = true;
  } else {
    const Clock::time_point now = Clock::now();
    if (now - last_passing_ < kBetweenLines) return;
    last_passing_ = now;
    std::fprintf(out_, "%s\n", text.c_str());
  }
  std::fflush(out_);
}

void JobDisplay::ShowLine(const std::string& text) {
  if (mode_ == DisplayMode::kJson) return;
  EndPassing();
  // What ranks and users wrote must not steer a terminal.
  for (const absl::string_view line : absl::StrSplit(text, '\n'))
    std::fprintf(out_, "%s\n", EscapedLine({line.data(), line.size()}, kLongestLogText).c_str());
  std::fflush(out_);
}

void JobDisplay::EndPassing() {
  if (passing_) std::fprintf(out_, "\n");
  passing_ = false;
}

std::string IterationText(const v1::IterationReport& report, int iterations_planned) {
  std::string text = absl::StrFormat("iteration %d", report.iteration());
  if (iterations_planned > 0) absl::StrAppendFormat(&text, "/%d", iterations_planned);
  absl::StrAppendFormat(&text, "  residual %.4g", report.relative_residual());
  if (report.step() != 0) absl::StrAppendFormat(&text, "  step %.3g", report.step());
  if (report.free_fraction() > 0) {
    absl::StrAppendFormat(&text, "  %d labels changed, %.3g %% of the voxels free",
                          report.changed_labels(), 100 * report.free_fraction());
  }
  if (report.iteration() <= 0) return text;
  const double each = report.elapsed_seconds() / report.iteration();
  absl::StrAppendFormat(&text, "  %.3g s each", each);
  if (iterations_planned > report.iteration()) {
    absl::StrAppend(&text, "  ", DurationText(each * (iterations_planned - report.iteration())),
                    " left");
  }
  return text;
}

std::string JsonLine(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.always_print_primitive_fields = true;
  std::string line;
  if (!google::protobuf::util::MessageToJsonString(message, &line, options).ok()) return "{}";
  return line;
}

std::string Bar(double fraction) {
  const int full = static_cast<int>(std::lround(std::clamp(fraction, 0.0, 1.0) * kBarWidth));
  return absl::StrCat("[", std::string(full, '#'), std::string(kBarWidth - full, '.'), "]");
}

std::string StateText(v1::JobState state) {
  return absl::AsciiStrToLower(v1::JobState_Name(state));
}

std::string RangeText(const char* what, std::int64_t begin, std::int64_t end) {
  if (end <= begin) return absl::StrCat("no ", what);
  return absl::StrFormat("%s %d to %d", what, begin, end - 1);
}

std::string BytesText(double bytes) {
  const char* const units[] = {"B", "kB", "MB", "GB", "TB"};
  int unit = 0;
  while (bytes >= 1000 && unit < 4) {
    bytes /= 1000;
    ++unit;
  }
  return unit == 0 ? absl::StrFormat("%.0f B", bytes)
                   : absl::StrFormat("%.3g %s", bytes, units[unit]);
}

std::string DurationText(double seconds) {
  const auto whole = static_cast<std::int64_t>(std::ceil(std::max(seconds, 0.0)));
  if (whole < 60) return absl::StrFormat("%d s", whole);
  if (whole < 3600) return absl::StrFormat("%d:%02d", whole / 60, whole % 60);
  return absl::StrFormat("%d:%02d:%02d", whole / 3600, whole / 60 % 60, whole % 60);
}

}  // namespace tomoslab
