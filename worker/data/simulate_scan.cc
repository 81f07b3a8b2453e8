#include "worker/data/simulate_scan.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <random>

#include "worker/core/parallel.h"

namespace tomoslab {
namespace {

Ray RayThrough(const View& view, double row, double column) {
  const Vec3 direction = view.Direction(row, column);
  const Vec3 origin = view.beam == Beam::kCone ? view.source : view.Pixel(row, column);
  return {origin, (1 / Norm(direction)) * direction};
}

double Transmission(const FullSpectrum& beam, const std::vector<double>& lengths) {
  double sum = 0;
  for (std::size_t e = 0; e < beam.spectrum.share.size(); ++e) {
    double exponent = 0;
    for (std::size_t m = 0; m < lengths.size(); ++m)
      exponent += beam.attenuation_per_mm[m][e] * lengths[m];
    sum += beam.spectrum.share[e] * std::exp(-exponent);
  }
  return sum;
}

// The mean over the pixel's sub-rays; `lengths` is room for one number per material.
double PixelTransmission(const PhantomCase& phantom_case, const View& view, int row, int column,
                         std::vector<double>& lengths) {
  const int sub = phantom_case.subrays_per_cell;
  const int sub_rows = phantom_case.dimensions == 3 ? sub : 1;
  double sum = 0;
  for (int i = 0; i < sub_rows; ++i) {
    const double r = row + (i - (sub_rows - 1) / 2.0) / sub_rows;
    for (int j = 0; j < sub; ++j) {
      const double c = column + (j - (sub - 1) / 2.0) / sub;
      PathLengths(phantom_case.phantom, RayThrough(view, r, c), absl::MakeSpan(lengths));
      const bool empty =
          std::all_of(lengths.begin(), lengths.end(), [](double l) { return l == 0; });
      sum += empty ? 1.0 : Transmission(phantom_case.beam, lengths);
    }
  }
  return sum / (sub_rows * sub);
}

}  // namespace

std::vector<double> SimulateTransmission(const PhantomCase& phantom_case, const View& view) {
  const Detector& detector = phantom_case.scan.detector;
  const std::int64_t pixels = std::int64_t{detector.rows} * detector.columns;
  const std::int64_t block = 64;  // pixels per task
  std::vector<double> transmission(pixels);
  ParallelFor(0, (pixels + block - 1) / block, [&](std::int64_t task) {
    std::vector<double> lengths(phantom_case.phantom.materials.size());
    for (std::int64_t p = task * block; p < std::min(pixels, (task + 1) * block); ++p) {
      transmission[p] =
          PixelTransmission(phantom_case, view, static_cast<int>(p / detector.columns),
                            static_cast<int>(p % detector.columns), lengths);
    }
  });
  return transmission;
}

void AddPhotonNoise(double counts, std::uint64_t seed, std::int64_t view_index,
                    std::vector<double>& transmission) {
  std::seed_seq sequence = {static_cast<std::uint32_t>(seed),
                            static_cast<std::uint32_t>(seed >> 32),
                            static_cast<std::uint32_t>(view_index)};
  std::mt19937_64 generator(sequence);
  for (double& value : transmission) {
    const auto photons = std::poisson_distribution<std::int64_t>(value * counts)(generator);
    value = std::max(static_cast<double>(photons), 0.5) / counts;
  }
}

}  // namespace tomoslab
