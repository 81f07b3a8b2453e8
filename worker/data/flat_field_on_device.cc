#include "worker/data/flat_field_on_device.h"

#include <algorithm>

#include "worker/core/check.h"
#include "worker/data/flat_field_kernels.h"
#include "worker/data/scan_description.h"

namespace tomoslab {
namespace {

constexpr std::int64_t kParts = 16384;  // threads of a batch

}  // namespace

FlatFieldOnDevice::FlatFieldOnDevice(Accelerator* accelerator, const FlatField& flat_field,
                                     std::int64_t views, const device::LineIntegrals& to)
    : accelerator_(accelerator),
      correction_(flat_field.correction()),
      background_(static_cast<float>(flat_field.options().background_offset)),
      to_(to),
      line_bytes_(to.columns * BytesPerSample(correction_.sample_type)),
      most_lines_(std::max<std::int64_t>(1, kBatchBytes / std::max<std::int64_t>(1, line_bytes_))),
      darks_(Upload(flat_field.darks(), 0, views)),
      flats_(Upload(flat_field.flats(), flat_field.options().reference_counts, views)),
      samples_there_(accelerator, most_lines_ * line_bytes_, "recorded lines"),
      places_there_(accelerator, most_lines_, "recorded lines") {
  samples_.reserve(most_lines_ * line_bytes_);
}

FlatFieldOnDevice::Reference FlatFieldOnDevice::Upload(const ReferenceFrames& frames,
                                                       double constant, std::int64_t views) const {
  Reference reference;
  reference.constant = static_cast<float>(constant);
  if (frames.empty() || correction_.quantity != Quantity::kCounts) return reference;
  std::vector<ReferenceShare> shares;
  for (std::int64_t view = 0; view < views; ++view) shares.push_back(frames.ShareOf(view));
  std::vector<double> sums;
  for (std::int64_t position = 0; position < frames.positions(); ++position)
    sums.insert(sums.end(), frames.Sums(position).begin(), frames.Sums(position).end());
  const auto numbers = static_cast<std::int64_t>(sums.size());
  reference.shares = DeviceArray<ReferenceShare>(accelerator_, views, "flats and darks");
  reference.shares.Upload(shares.data(), views);
  reference.sums = DeviceArray<double>(accelerator_, numbers, "flats and darks");
  reference.sums.Upload(sums.data(), numbers);
  return reference;
}

void FlatFieldOnDevice::Add(std::int64_t view, std::int64_t row, absl::Span<const char> samples) {
  TOMOSLAB_CHECK(static_cast<std::int64_t>(samples.size()) == line_bytes_);
  samples_.insert(samples_.end(), samples.begin(), samples.end());
  places_.push_back({view, row});
  if (static_cast<std::int64_t>(places_.size()) == most_lines_) CorrectBatch();
}

FlatFieldReport FlatFieldOnDevice::Finish() {
  if (!places_.empty()) CorrectBatch();
  return report_;
}

template <class Sample>
device::CorrectBody<Sample> FlatFieldOnDevice::BodyOf(std::int64_t* faults) const {
  return {correction_,
          darks_.pointers(),
          flats_.pointers(),
          reinterpret_cast<const Sample*>(samples_there_.data()),
          places_there_.data(),
          static_cast<std::int64_t>(places_.size()),
          kParts,
          to_,
          faults};
}

void FlatFieldOnDevice::CorrectBatch() {
  const auto lines = static_cast<std::int64_t>(places_.size());
  samples_there_.Upload(samples_.data(), lines * line_bytes_);
  places_there_.Upload(places_.data(), lines);
  constexpr std::int64_t kFaultBytes = kParts * kSampleFaults * sizeof(std::int64_t);
  auto* faults = static_cast<std::int64_t*>(accelerator_->Scratch(kFaultBytes));
  const FlatFieldKernels& kernels = FlatFieldKernelsOf(*accelerator_);
  void* stream = accelerator_->stream(Queue::kCompute);
  switch (correction_.sample_type) {
    case SampleType::kUint8:
      kernels.of_uint8(stream, BodyOf<std::uint8_t>(faults));
      break;
    case SampleType::kUint16:
      kernels.of_uint16(stream, BodyOf<std::uint16_t>(faults));
      break;
    case SampleType::kFloat32:
      kernels.of_float(stream, BodyOf<float>(faults));
  }
  kernels.finish_lines(stream, {places_there_.data(), background_, to_}, lines);
  std::vector<std::int64_t> counts(kParts * kSampleFaults);
  accelerator_->Download(faults, counts.data(), {.width = kFaultBytes});
  for (std::size_t i = 0; i < counts.size(); ++i)
    report_.Count(static_cast<SampleFault>(i % kSampleFaults), counts[i]);
  report_.samples += lines * to_.columns;
  samples_.clear();
  places_.clear();
}

}  // namespace tomoslab
