// From one recorded sample to a line integral; for the host and a GPU. worker/data/flat_field.h
// says what it means.
#pragma once

#include <cmath>
#include <cstdint>

#include "worker/core/host_device.h"

namespace tomoslab {

enum class SampleType { kUint8, kUint16, kFloat32 };
enum class Quantity { kCounts, kTransmission, kLineIntegrals };

/// What was wrong with a sample.
enum class SampleFault { kNone, kLowCounts, kBadFlat, kNonFinite };
inline constexpr int kSampleFaults = 4;

struct CorrectedSample {
  float value;  // NaN where it must be filled in from its neighbours
  SampleFault fault;
};

struct SampleCorrection {
  Quantity quantity = Quantity::kCounts;
  SampleType sample_type = SampleType::kUint16;
  float least_transmission = 0;  // of transmissions

  /// dark, flat: of counts.
  TOMOSLAB_HOST_DEVICE CorrectedSample Of(float recorded, float dark, float flat) const {
    if (quantity == Quantity::kTransmission) return OfTransmission(recorded, least_transmission);
    if (quantity == Quantity::kLineIntegrals) {
      if (IsFinite(recorded)) return {recorded, SampleFault::kNone};
      return {NAN, SampleFault::kNonFinite};
    }
    const float open = flat - dark;
    if (!(open > 0) || !IsFinite(open)) return {NAN, SampleFault::kBadFlat};
    return OfTransmission((recorded - dark) / open, LeastOf(open));
  }

 private:
  TOMOSLAB_HOST_DEVICE static bool IsFinite(float value) { return fabsf(value) <= 3.4028235e38f; }

  /// Half a count, as a transmission.
  TOMOSLAB_HOST_DEVICE float LeastOf(float open) const {
    // Numbers that were scaled to about 1 are no counts, whatever they are called.
    const bool counted = open >= 50 || sample_type != SampleType::kFloat32;
    return counted ? fminf(0.5f, 0.5f / open) : 1e-6f;
  }

  TOMOSLAB_HOST_DEVICE static CorrectedSample OfTransmission(float transmission, float least) {
    if (!IsFinite(transmission)) return {NAN, SampleFault::kNonFinite};
    const bool low = transmission < least;
    return {-logf(low ? least : transmission), low ? SampleFault::kLowCounts : SampleFault::kNone};
  }
};

/// How the flats (or darks) of two positions in the scan make that of a view between them.
struct ReferenceShare {
  std::int64_t previous, next;  // positions
  double of_previous, of_next;  // of the sums over the frames taken there

  TOMOSLAB_HOST_DEVICE float Of(double previous_sum, double next_sum) const {
    return static_cast<float>(of_next == 0 ? of_previous * previous_sum
                                           : of_previous * previous_sum + of_next * next_sum);
  }
};

/// Replaces each run of NaN of a line, line[0], line[stride], …, by the straight line between its
/// neighbours; at an end by the neighbour; by 0 when there is none.
TOMOSLAB_HOST_DEVICE inline void FillInLine(float* line, std::int64_t size, std::int64_t stride) {
  for (std::int64_t begin = 0; begin < size; ++begin) {
    if (line[begin * stride] == line[begin * stride]) continue;
    std::int64_t end = begin;
    while (end < size && line[end * stride] != line[end * stride]) ++end;
    const float right = end < size  ? line[end * stride]
                        : begin > 0 ? line[(begin - 1) * stride]
                                    : 0;
    const float left = begin > 0 ? line[(begin - 1) * stride] : right;
    for (std::int64_t i = begin; i < end; ++i) {
      const float share = static_cast<float>(i - begin + 1) / static_cast<float>(end - begin + 1);
      line[i * stride] = left + share * (right - left);
    }
    begin = end;
  }
}

}  // namespace tomoslab
