#include "worker/data/flat_field.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "worker/core/check.h"

namespace tomoslab {
namespace {

constexpr float kBad = std::numeric_limits<float>::quiet_NaN();

/// Replaces each run of NaN by the straight line between its neighbours; at an end by the
/// neighbour; by 0 when there is none.
void FillIn(absl::Span<float> line) {
  const std::size_t size = line.size();
  for (std::size_t begin = 0; begin < size; ++begin) {
    if (!std::isnan(line[begin])) continue;
    std::size_t end = begin;
    while (end < size && std::isnan(line[end])) ++end;
    const float right = end < size ? line[end] : begin > 0 ? line[begin - 1] : 0;
    const float left = begin > 0 ? line[begin - 1] : right;
    for (std::size_t i = begin; i < end; ++i) {
      const float share = static_cast<float>(i - begin + 1) / static_cast<float>(end - begin + 1);
      line[i] = left + share * (right - left);
    }
    begin = end;
  }
}

}  // namespace

FlatFieldReport& FlatFieldReport::operator+=(const FlatFieldReport& other) {
  samples += other.samples;
  low_counts += other.low_counts;
  bad_flat += other.bad_flat;
  non_finite += other.non_finite;
  return *this;
}

std::string FlatFieldReport::ToString() const {
  std::vector<std::string> parts;
  const auto add = [&](std::int64_t count, const char* what) {
    if (count == 0) return;
    parts.push_back(
        absl::StrFormat("%d of %d samples (%.2g %%) %s", count, samples,
                        100.0 * static_cast<double>(count) / static_cast<double>(samples), what));
  };
  add(low_counts, "were darker than half a count and were set to half a count");
  add(bad_flat,
      "lie where the flat is not brighter than the dark and were filled in from their neighbours");
  add(non_finite, "were recorded as NaN or infinity and were filled in from their neighbours");
  return absl::StrJoin(parts, "; ");
}

absl::Status CheckLowCounts(const FlatFieldReport& report, LowCounts policy) {
  if (policy == LowCounts::kFloor || report.low_counts == 0) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrFormat(
      "%d of %d samples are darker than half a count, and the job rejects such data "
      "(preprocessing.low_counts = REJECT); check darks and flats, or choose FLOOR to set them to "
      "half a count",
      report.low_counts, report.samples));
}

absl::StatusOr<FlatField> FlatField::Create(const FlatFieldOptions& options, ReferenceFrames flats,
                                            ReferenceFrames darks) {
  if (options.quantity == Quantity::kCounts && flats.empty() && !(options.reference_counts > 0)) {
    return absl::FailedPreconditionError(
        "the scan holds counts, but neither flats nor reference_counts (the counts without an "
        "object): without one of them there are no line integrals");
  }
  return FlatField(options, std::move(flats), std::move(darks));
}

FlatField::FlatField(const FlatFieldOptions& options, ReferenceFrames flats, ReferenceFrames darks)
    : options_(options), flats_(std::move(flats)), darks_(std::move(darks)) {}

float FlatField::LeastTransmission(float open) const {
  // Numbers that were scaled to about 1 are no counts, whatever they are called.
  const bool counted = open >= 50 || options_.sample_type != SampleType::kFloat32;
  return counted ? std::min(0.5f, 0.5f / open) : 1e-6f;
}

float FlatField::OfTransmission(float transmission, float least, FlatFieldReport& report) const {
  if (!std::isfinite(transmission)) {
    ++report.non_finite;
    return kBad;
  }
  if (transmission < least) ++report.low_counts;
  return -std::log(std::max(transmission, least));
}

float FlatField::OfCounts(float counts, float dark, float flat, FlatFieldReport& report) const {
  const float open = flat - dark;
  if (!(open > 0) || !std::isfinite(open)) {
    ++report.bad_flat;
    return kBad;
  }
  return OfTransmission((counts - dark) / open, LeastTransmission(open), report);
}

void FlatField::Correct(std::int64_t view, std::int64_t row, absl::Span<const float> recorded,
                        absl::Span<float> line, FlatFieldReport& report) const {
  TOMOSLAB_CHECK(recorded.size() == line.size());
  const std::size_t columns = line.size();
  report.samples += static_cast<std::int64_t>(columns);
  if (options_.quantity == Quantity::kCounts) {
    std::vector<float> dark(columns), flat(columns, static_cast<float>(options_.reference_counts));
    darks_.Line(view, row, absl::MakeSpan(dark));
    if (!flats_.empty()) flats_.Line(view, row, absl::MakeSpan(flat));
    for (std::size_t c = 0; c < columns; ++c) {
      line[c] = OfCounts(recorded[c], dark[c], flat[c], report);
    }
  } else if (options_.quantity == Quantity::kTransmission) {
    const double reference = options_.reference_counts;
    const float least = reference > 0 ? static_cast<float>(0.5 / reference) : 1e-6f;
    for (std::size_t c = 0; c < columns; ++c) line[c] = OfTransmission(recorded[c], least, report);
  } else {
    for (std::size_t c = 0; c < columns; ++c) {
      const bool good = std::isfinite(recorded[c]);
      if (!good) ++report.non_finite;
      line[c] = good ? recorded[c] : kBad;
    }
  }
  FillIn(line);
  const auto offset = static_cast<float>(options_.background_offset);
  for (float& value : line) value -= offset;
}

}  // namespace tomoslab
