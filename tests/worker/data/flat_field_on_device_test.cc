// The flat-field correction of raw lines on an accelerator against that on the host.
#include "worker/data/flat_field_on_device.h"

#include <cmath>
#include <cstring>
#include <vector>

#include "tests/support/accelerators.h"
#include "tests/support/geometries.h"

namespace tomoslab {
namespace {

using testing::Noise;

class FlatFieldThere : public testing::OnAccelerator {};

/// Frames of about `level`, of all rows; some dead pixels.
ReferenceFrames Frames(IndexRange rows, int columns, int count, float level) {
  ReferenceFrames frames = ReferenceFrames::Create(rows, columns, count, {}).value();
  for (int frame = 0; frame < count; ++frame) {
    for (std::int64_t row = rows.begin; row < rows.end; ++row) {
      std::vector<float> line;
      for (int c = 0; c < columns; ++c)
        line.push_back(c % 97 == 5 ? 0 : level * (1 + 0.1f * Noise(frame, row * columns + c)));
      frames.Add(frame, row, line);
    }
  }
  return frames;
}

TEST_P(FlatFieldThere, ManyBatchesAreTheHosts) {
  constexpr std::int64_t kViews = 5;
  constexpr IndexRange kRows{2, 902};
  constexpr int kColumns = 2100;  // 18 MiB of samples: more than a batch
  const FlatField flat_field =
      FlatField::Create({.background_offset = 0.02}, Frames(kRows, kColumns, 2, 900),
                        Frames(kRows, kColumns, 1, 80))
          .value();
  const std::int64_t rows = kRows.size(), count = kViews * kColumns * rows;
  DeviceArray<float> b(accelerator(), count, "the test's line integrals");
  FlatFieldOnDevice there(accelerator(), flat_field, kViews, {kColumns, rows, b.data()});
  std::vector<float> expected(count), recorded(kColumns), line(kColumns);
  FlatFieldReport report;
  for (std::int64_t view = 0; view < kViews; ++view) {
    for (std::int64_t row = 0; row < rows; ++row) {
      std::vector<std::uint16_t> raw(kColumns);
      for (int c = 0; c < kColumns; ++c) {
        raw[c] = static_cast<std::uint16_t>(500 + 450 * Noise(view, row * kColumns + c));
        recorded[c] = raw[c];
      }
      there.Add(view, row,
                absl::MakeConstSpan(reinterpret_cast<const char*>(raw.data()), 2 * raw.size()));
      flat_field.Correct(view, kRows.begin + row, recorded, absl::MakeSpan(line), report);
      for (int c = 0; c < kColumns; ++c) expected[(view * kColumns + c) * rows + row] = line[c];
    }
  }
  EXPECT_EQ(there.Finish(), report);
  EXPECT_GT(report.bad_flat, 0);
  EXPECT_GT(report.low_counts, 0);
  std::vector<float> values(count);
  accelerator()->Download(b.data(), values.data(),
                          {.width = count * static_cast<std::int64_t>(sizeof(float))});
  for (std::int64_t i = 0; i < count; ++i)
    ASSERT_NEAR(values[i], expected[i], 1e-5 * std::abs(expected[i]) + 1e-6) << i;
}

TOMOSLAB_ON_ACCELERATORS(FlatFieldThere);

}  // namespace
}  // namespace tomoslab
