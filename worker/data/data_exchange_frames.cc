#include "worker/data/data_exchange_frames.h"

#include <utility>

#include "worker/core/status.h"

namespace tomoslab {
namespace {

constexpr const char* kView = "/exchange/data";
constexpr std::int64_t kWrap = 65536;  // some drivers count in 16 bits

}  // namespace

absl::StatusOr<std::optional<FrameLog>> ReadFrameLog(const Hdf5File& file) {
  FrameLog log;
  absl::StatusOr<std::vector<std::string>> location = file.Texts("/defaults/HDF5FrameLocation");
  if (!location.ok() && IsMissing(location.status())) return std::optional<FrameLog>();
  TOMOSLAB_RETURN_IF_ERROR(location.status());
  log.location = *std::move(location);
  const absl::StatusOr<std::vector<double>> ids = file.Numbers("/defaults/NDArrayUniqueId");
  if (!ids.ok() && !IsMissing(ids.status())) return ids.status();
  if (ids.ok() && ids->size() == log.location.size()) {
    std::int64_t wraps = 0, last = 0;
    for (const double id : *ids) {
      const auto number = static_cast<std::int64_t>(id);
      if (number < last) wraps += kWrap;
      last = number;
      log.unique_id.push_back(number + wraps);
    }
  }
  return std::optional<FrameLog>(std::move(log));
}

std::vector<int> AfterViews(const FrameLog& log, const std::string& location) {
  std::vector<int> after_views;
  int views = 0;
  for (const std::string& entry : log.location) {
    if (entry == location) after_views.push_back(views);
    if (entry == kView) ++views;
  }
  return after_views;
}

std::optional<std::vector<std::int64_t>> KeptViews(const FrameLog& log, std::int64_t views,
                                                   std::int64_t planned) {
  std::vector<std::int64_t> kept;
  std::int64_t first = -1;
  for (std::size_t i = 0; i < log.unique_id.size(); ++i) {
    if (log.location[i] != kView) continue;
    if (first < 0) first = log.unique_id[i];
    kept.push_back(log.unique_id[i] - first);
    if (kept.back() >= planned || (kept.size() > 1 && kept.back() <= kept[kept.size() - 2]))
      return std::nullopt;
  }
  if (static_cast<std::int64_t>(kept.size()) != views) return std::nullopt;
  return kept;
}

}  // namespace tomoslab
