// What one GPU thread computes of the flat-field correction (worker/data/flat_field.h), as plain
// functors that the host can call too: a batch of raw detector lines, in the order they came, into
// line integrals as a rank holds them, [view][column][row].
#pragma once

#include <cstdint>

#include "worker/data/sample_correction.h"

namespace tomoslab::device {

/// Where a raw line belongs.
struct LinePlace {
  std::int64_t view, row;  // the row counted from the rank's first
};

/// The numbers that lines go to.
struct LineIntegrals {
  std::int64_t columns, rows;
  float* values;  // [view][column][row]

  TOMOSLAB_HOST_DEVICE float* Line(const LinePlace& place) const {
    return values + place.view * columns * rows + place.row;
  }
};

/// Flats or darks at the time of each view.
struct References {
  const ReferenceShare* shares;  // [view]; nullptr: `constant` everywhere
  const double* sums;            // [position][row][column]
  float constant;

  TOMOSLAB_HOST_DEVICE float At(const LineIntegrals& to, const LinePlace& place,
                                std::int64_t column) const {
    if (shares == nullptr) return constant;
    const ReferenceShare& share = shares[place.view];
    const std::int64_t frame = to.rows * to.columns, at = place.row * to.columns + column;
    return share.Of(sums[share.previous * frame + at], sums[share.next * frame + at]);
  }
};

/// Part p of `parts` corrects samples p, p + parts, … of the batch, [column][line], and counts
/// their faults: faults[part][SampleFault]. NaN where a sample must be filled in.
template <class Sample>
struct CorrectBody {
  SampleCorrection correction;
  References darks, flats;
  const Sample* samples;  // [line][column]
  const LinePlace* places;
  std::int64_t lines, parts;
  LineIntegrals to;
  std::int64_t* faults;

  TOMOSLAB_HOST_DEVICE void operator()(std::int64_t part) const {
    std::int64_t of_part[kSampleFaults] = {};
    for (std::int64_t i = part; i < lines * to.columns; i += parts) {
      const std::int64_t column = i / lines, line = i % lines;
      const LinePlace place = places[line];
      const CorrectedSample sample =
          correction.Of(static_cast<float>(samples[line * to.columns + column]),
                        darks.At(to, place, column), flats.At(to, place, column));
      for (int fault = 0; fault < kSampleFaults; ++fault)
        of_part[fault] += static_cast<int>(sample.fault) == fault ? 1 : 0;
      to.Line(place)[column * to.rows] = sample.value;
    }
    for (int fault = 0; fault < kSampleFaults; ++fault)
      faults[part * kSampleFaults + fault] = of_part[fault];
  }
};

/// Fills in the NaN of one line of the batch, and subtracts the background.
struct FinishLineBody {
  const LinePlace* places;
  float background;
  LineIntegrals to;

  TOMOSLAB_HOST_DEVICE void operator()(std::int64_t line) const {
    float* values = to.Line(places[line]);
    FillInLine(values, to.columns, to.rows);
    for (std::int64_t column = 0; column < to.columns; ++column)
      values[column * to.rows] -= background;
  }
};

}  // namespace tomoslab::device
