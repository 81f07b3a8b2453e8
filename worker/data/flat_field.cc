#include "worker/data/flat_field.h"

#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "worker/core/check.h"

namespace tomoslab {

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

SampleCorrection FlatField::correction() const {
  const double reference = options_.reference_counts;
  return {options_.quantity, options_.sample_type,
          reference > 0 ? static_cast<float>(0.5 / reference) : 1e-6f};
}

void FlatFieldReport::Count(SampleFault fault, std::int64_t count) {
  if (fault == SampleFault::kLowCounts) low_counts += count;
  if (fault == SampleFault::kBadFlat) bad_flat += count;
  if (fault == SampleFault::kNonFinite) non_finite += count;
}

void FlatField::Correct(std::int64_t view, std::int64_t row, absl::Span<const float> recorded,
                        absl::Span<float> line, FlatFieldReport& report) const {
  TOMOSLAB_CHECK(recorded.size() == line.size());
  const std::size_t columns = line.size();
  report.samples += static_cast<std::int64_t>(columns);
  const bool counts = options_.quantity == Quantity::kCounts;
  std::vector<float> dark(columns), flat(columns, static_cast<float>(options_.reference_counts));
  if (counts) darks_.Line(view, row, absl::MakeSpan(dark));
  if (counts && !flats_.empty()) flats_.Line(view, row, absl::MakeSpan(flat));
  const SampleCorrection correct = correction();
  for (std::size_t c = 0; c < columns; ++c) {
    const auto [value, fault] = correct.Of(recorded[c], dark[c], flat[c]);
    line[c] = value;
    report.Count(fault, 1);
  }
  FillInLine(line.data(), static_cast<std::int64_t>(columns), 1);
  const auto offset = static_cast<float>(options_.background_offset);
  for (float& value : line) value -= offset;
}

}  // namespace tomoslab
