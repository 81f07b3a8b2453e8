// From what a detector recorded to line integrals: dark, flat, −ln.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "worker/data/reference_frames.h"
#include "worker/data/scan_description.h"

namespace tomoslab {

/// Samples (one pixel of one view) that could not be taken as they are. Adds up over lines and
/// ranks.
struct FlatFieldReport {
  std::int64_t samples = 0;     // all of them
  std::int64_t low_counts = 0;  // darker than half a count; set to half a count
  std::int64_t bad_flat =
      0;  // where flat − dark is not positive: filled in from the neighbours in the line
  std::int64_t non_finite = 0;  // recorded as NaN or infinity: filled in likewise

  void Count(SampleFault fault, std::int64_t count);
  FlatFieldReport& operator+=(const FlatFieldReport& other);
  friend bool operator==(const FlatFieldReport&, const FlatFieldReport&) = default;
  /// What happened to how many samples; "" when nothing did.
  std::string ToString() const;
};

enum class LowCounts { kFloor, kReject };

/// FailedPrecondition when the policy is to reject and there were samples with low counts; says how
/// many.
absl::Status CheckLowCounts(const FlatFieldReport& report, LowCounts policy);

struct FlatFieldOptions {
  Quantity quantity = Quantity::kCounts;
  SampleType sample_type = SampleType::kUint16;
  double reference_counts = 0;   // the flat of a scan of counts that has none; 0 = none given
  double background_offset = 0;  // subtracted from every line integral
};

/// b = −ln((I − dark) / (flat − dark)) − offset for counts, −ln(I) − offset for transmissions, b −
/// offset for line integrals. A transmission below half a count, 0.5 / (flat − dark), is set to
/// that before the logarithm; where a count's size is not known (transmissions, and float32 counts
/// whose flat is below 50), to 1e-6. Transmissions above 1 are noise and stay. The result is always
/// finite.
class FlatField {
 public:
  /// flats, darks: of counts; may be empty. FailedPrecondition: counts with neither flats nor
  /// reference_counts.
  static absl::StatusOr<FlatField> Create(const FlatFieldOptions& options, ReferenceFrames flats,
                                          ReferenceFrames darks);

  /// One detector row of one view. `line` may be `recorded`. Thread-safe; `report` is added to.
  void Correct(std::int64_t view, std::int64_t row, absl::Span<const float> recorded,
               absl::Span<float> line, FlatFieldReport& report) const;

  const FlatFieldOptions& options() const { return options_; }
  const ReferenceFrames& flats() const { return flats_; }
  const ReferenceFrames& darks() const { return darks_; }
  /// What Correct does to each sample.
  SampleCorrection correction() const;

 private:
  FlatField(const FlatFieldOptions& options, ReferenceFrames flats, ReferenceFrames darks);
  FlatFieldOptions options_;
  ReferenceFrames flats_, darks_;
};

}  // namespace tomoslab
