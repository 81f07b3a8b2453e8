// The flat-field correction on an accelerator, by batches of raw lines as they come.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "worker/core/accelerator.h"
#include "worker/data/device_flat_field_bodies.h"
#include "worker/data/flat_field.h"

namespace tomoslab {

/// FlatField::Correct for raw samples; its line integrals go straight to their place.
class FlatFieldOnDevice {
 public:
  /// accelerator: outlives this.   to: `views` views [view][column][row], on the accelerator.
  ///   Memory: kBatchBytes on the host and as much on the accelerator, and there 8 bytes per pixel
  ///   for each position in the scan at which flats or darks were taken. Throws DeviceMemoryError.
  FlatFieldOnDevice(Accelerator* accelerator, const FlatField& flat_field, std::int64_t views,
                    const device::LineIntegrals& to);

  /// One detector row of one view, each once, in any order.
  ///   row: counted from the first of `to`.   samples: of FlatFieldOptions::sample_type.
  void Add(std::int64_t view, std::int64_t row, absl::Span<const char> samples);

  /// Corrects what is left, and reports on all lines.
  FlatFieldReport Finish();

  static constexpr std::int64_t kBatchBytes = std::int64_t{16} << 20;

 private:
  /// Flats or darks on the accelerator.
  struct Reference {
    DeviceArray<ReferenceShare> shares;
    DeviceArray<double> sums;
    float constant = 0;

    device::References pointers() const { return {shares.data(), sums.data(), constant}; }
  };
  Reference Upload(const ReferenceFrames& frames, double constant, std::int64_t views) const;
  void CorrectBatch();
  template <class Sample>
  device::CorrectBody<Sample> BodyOf(std::int64_t* faults) const;

  Accelerator* accelerator_;
  SampleCorrection correction_;
  float background_;
  device::LineIntegrals to_;
  std::int64_t line_bytes_, most_lines_;
  Reference darks_, flats_;
  std::vector<char> samples_;  // of the batch that is collected
  std::vector<device::LinePlace> places_;
  DeviceArray<char> samples_there_;
  DeviceArray<device::LinePlace> places_there_;
  FlatFieldReport report_;
};

}  // namespace tomoslab
