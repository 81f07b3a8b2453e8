// The GPU's bodies of the flat-field correction, run over all samples on the host: the CPU's
// numbers and counts, bit for bit.
#include "worker/data/device_flat_field_bodies.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "tests/support/geometries.h"
#include "worker/data/flat_field.h"

namespace tomoslab {
namespace {

using testing::Noise;

constexpr int kViews = 7, kColumns = 13;
constexpr IndexRange kRows{3, 8};

/// Frames of about `level`, some of them at other times of the scan.
ReferenceFrames Frames(int frames, float level, const std::vector<int>& after) {
  ReferenceFrames result = ReferenceFrames::Create(kRows, kColumns, frames, after).value();
  for (int frame = 0; frame < frames; ++frame) {
    for (std::int64_t row = kRows.begin; row < kRows.end; ++row) {
      std::vector<float> line;
      for (int c = 0; c < kColumns; ++c)
        line.push_back(level * (1 + 0.1f * Noise(frame, row * kColumns + c)));
      if (level > 500 && row == 4) line[0] = line[6] = line[7] = 0;  // dead pixels
      if (level > 500 && row == 5) std::fill(line.begin(), line.end(), 0.0f);
      result.Add(frame, row, line);
    }
  }
  return result;
}

/// References as the bodies see them.
struct Table {
  std::vector<ReferenceShare> shares;
  std::vector<double> sums;
  float constant;

  Table(const ReferenceFrames& frames, double constant_) : constant(static_cast<float>(constant_)) {
    if (frames.empty()) return;
    for (int view = 0; view < kViews; ++view) shares.push_back(frames.ShareOf(view));
    for (std::int64_t p = 0; p < frames.positions(); ++p)
      sums.insert(sums.end(), frames.Sums(p).begin(), frames.Sums(p).end());
  }
  device::References references() const {
    return {shares.empty() ? nullptr : shares.data(), sums.data(), constant};
  }
};

template <class Sample>
void ExpectTheCpus(const FlatField& flat_field, float level) {
  const std::int64_t rows = kRows.size();
  std::vector<Sample> raw;
  std::vector<device::LinePlace> places;
  for (std::int64_t view = 0; view < kViews; ++view) {
    for (std::int64_t row = rows - 1; row >= 0; --row) {  // in any order
      places.push_back({view, row});
      for (int c = 0; c < kColumns; ++c) {
        const float noise = Noise(9, static_cast<std::int64_t>(raw.size()));
        raw.push_back(static_cast<Sample>(level * (0.45f + 0.5f * noise)));  // some below the dark
        if constexpr (std::is_same_v<Sample, float>) {
          if (raw.size() % 41 == 0) raw.back() = std::numeric_limits<float>::infinity();
          if (raw.size() % 53 < 3) raw.back() = std::numeric_limits<float>::quiet_NaN();
        }
      }
    }
  }
  const auto lines = static_cast<std::int64_t>(places.size());

  FlatFieldReport expected_report;
  std::vector<float> expected(raw.size()), line(kColumns);
  for (std::int64_t i = 0; i < lines; ++i) {
    const std::vector<float> recorded(raw.begin() + i * kColumns, raw.begin() + (i + 1) * kColumns);
    flat_field.Correct(places[i].view, kRows.begin + places[i].row, recorded, absl::MakeSpan(line),
                       expected_report);
    for (int c = 0; c < kColumns; ++c)
      expected[(places[i].view * kColumns + c) * rows + places[i].row] = line[c];
  }

  constexpr std::int64_t kParts = 10;
  const Table darks(flat_field.darks(), 0),
      flats(flat_field.flats(), flat_field.options().reference_counts);
  std::vector<float> values(raw.size());
  std::vector<std::int64_t> faults(kParts * kSampleFaults);
  const device::LineIntegrals to{kColumns, rows, values.data()};
  const device::CorrectBody<Sample> correct{flat_field.correction(),
                                            darks.references(),
                                            flats.references(),
                                            raw.data(),
                                            places.data(),
                                            lines,
                                            kParts,
                                            to,
                                            faults.data()};
  for (std::int64_t part = 0; part < kParts; ++part) correct(part);
  const device::FinishLineBody finish{
      places.data(), static_cast<float>(flat_field.options().background_offset), to};
  for (std::int64_t i = 0; i < lines; ++i) finish(i);

  FlatFieldReport report;
  for (std::int64_t i = 0; i < kParts * kSampleFaults; ++i) {
    report.samples += faults[i];
    report.Count(static_cast<SampleFault>(i % kSampleFaults), faults[i]);
  }
  EXPECT_EQ(report, expected_report) << report.ToString() << " | " << expected_report.ToString();
  EXPECT_EQ(values, expected);
}

TEST(DeviceFlatField, CountsAreTheCpus) {
  const FlatField flat_field =
      FlatField::Create({.background_offset = 0.03}, Frames(5, 1000, {0, 0, 3, 7, 7}),
                        Frames(2, 90, {0, 7}))
          .value();
  ExpectTheCpus<std::uint16_t>(flat_field, 1000);
  const FlatField bytes =
      FlatField::Create({.sample_type = SampleType::kUint8}, Frames(1, 200, {}), Frames(3, 9, {}))
          .value();
  ExpectTheCpus<std::uint8_t>(bytes, 200);
}

TEST(DeviceFlatField, FloatsWithNaNAreTheCpus) {
  const FlatFieldOptions options{.sample_type = SampleType::kFloat32};
  ExpectTheCpus<float>(FlatField::Create(options, Frames(2, 1000, {}), {}).value(), 1000);
  ExpectTheCpus<float>(FlatField::Create(options, Frames(2, 1.1f, {}), {}).value(), 1);
}

TEST(DeviceFlatField, OtherQuantitiesAreTheCpus) {
  ExpectTheCpus<std::uint16_t>(FlatField::Create({.reference_counts = 800}, {}, {}).value(), 900);
  ExpectTheCpus<float>(
      FlatField::Create({.quantity = Quantity::kTransmission, .background_offset = -0.1}, {}, {})
          .value(),
      1);
  ExpectTheCpus<float>(
      FlatField::Create({.quantity = Quantity::kTransmission, .reference_counts = 40}, {}, {})
          .value(),
      1);
  ExpectTheCpus<float>(FlatField::Create({.quantity = Quantity::kLineIntegrals}, {}, {}).value(),
                       3);
}

}  // namespace
}  // namespace tomoslab
