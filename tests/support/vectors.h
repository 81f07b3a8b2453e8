// Vectors as tests of projectors need them.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "tests/support/geometries.h"
#include "worker/projector/joseph.h"

namespace tomoslab::testing {

inline ProjectionBand AllRows(const Scan& scan) {
  return {scan.views, scan.detector.columns, {0, scan.detector.rows}};
}

/// Noise(seed, 0), Noise(seed, 1), …
inline std::vector<float> Random(std::int64_t size, std::uint64_t seed) {
  std::vector<float> values(size);
  for (std::int64_t i = 0; i < size; ++i) values[i] = Noise(seed, i);
  return values;
}

inline double Dot(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i]) * b[i];
  return sum;
}

/// ‖a − b‖ / ‖a‖
inline double RelativeDifference(const std::vector<float>& a, const std::vector<float>& b) {
  double difference = 0, norm = 1e-30;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference += std::pow(static_cast<double>(a[i]) - b[i], 2);
    norm += std::pow(static_cast<double>(a[i]), 2);
  }
  return std::sqrt(difference / norm);
}

}  // namespace tomoslab::testing
