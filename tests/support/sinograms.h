// The mid-plane sinogram of a scan file, or of a phantom.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/ellipsoids.h"
#include "worker/data/flat_field.h"
#include "worker/data/projection_reader.h"

namespace tomoslab {

struct Sinogram {
  Detector detector;  // one row
  CircularOrbit orbit;
  std::vector<float> values;  // [view][column]
};

inline Sinogram SinogramOf(const Ellipsoids& phantom, const Detector& detector,
                           const CircularOrbit& orbit) {
  const LocalSum sum;
  const Field projections =
      AnalyticProjections(phantom, MakeCircularScan(detector, orbit).value(), &sum);
  const auto values = projections.values();
  return {detector, orbit, std::vector<float>(values.begin(), values.end())};
}

inline std::vector<float> ReadLine(ProjectionReader& reader, FrameKind kind, std::int64_t line) {
  const ScanDescription& scan = reader.description();
  std::vector<std::byte> bytes(static_cast<std::size_t>(scan.BytesPerLine()));
  EXPECT_TRUE(reader.ReadLines(kind, line, line + 1, absl::MakeSpan(bytes)).ok());
  std::vector<float> values(scan.scan.detector.columns);
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (scan.sample_type == SampleType::kFloat32) {
      std::memcpy(&values[i], bytes.data() + 4 * i, 4);
    } else {
      std::uint16_t value;
      std::memcpy(&value, bytes.data() + 2 * i, 2);
      values[i] = value;
    }
  }
  return values;
}

/// Row 0 of a scan file, as line integrals.
inline Sinogram SinogramOfFile(const std::string& path) {
  auto reader = OpenHdf5Scan(path, {}).value();
  const ScanDescription& scan = reader->description();
  const int rows = scan.scan.detector.rows, columns = scan.scan.detector.columns;
  const auto frames = [&](FrameKind kind, const std::vector<int>& after_views) {
    const std::int64_t count = scan.FrameCount(kind);
    ReferenceFrames result = ReferenceFrames::Create({0, 1}, columns, count, after_views).value();
    for (std::int64_t i = 0; i < count; ++i) result.Add(i, 0, ReadLine(*reader, kind, i * rows));
    return result;
  };
  const FlatField flat_field =
      FlatField::Create({.quantity = scan.quantity, .sample_type = scan.sample_type},
                        frames(FrameKind::kFlat, scan.flat_after_views),
                        frames(FrameKind::kDark, scan.dark_after_views))
          .value();
  Sinogram sinogram{scan.scan.detector, scan.scan.orbit.value(), {}};
  sinogram.detector.rows = 1;
  FlatFieldReport report;
  for (std::size_t view = 0; view < scan.scan.views.size(); ++view) {
    const auto v = static_cast<std::int64_t>(view);
    std::vector<float> line = ReadLine(*reader, FrameKind::kProjection, v * rows);
    flat_field.Correct(v, 0, line, absl::MakeSpan(line), report);
    sinogram.values.insert(sinogram.values.end(), line.begin(), line.end());
  }
  return sinogram;
}

}  // namespace tomoslab
