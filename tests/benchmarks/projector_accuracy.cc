// How right the two projector models are, and what they cost (docs/accuracy.md).
//
//   projector_accuracy [size]
// A phantom of ellipsoids in size³ voxels (96), seen in cone and parallel beam by pixels of several
// sizes, against the exact line integrals averaged over the pixels. Prints a Markdown table.
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <numbers>
#include <vector>

#include "tests/support/ellipsoids.h"
#include "tests/support/pair_operator.h"
#include "tests/support/vectors.h"
#include "worker/solvers/barzilai_borwein.h"

namespace tomoslab::benchmarks {
namespace {

using testing::PairOperator;

constexpr double kBody = 0.02;   // 1/mm
constexpr int kSubRays = 8;      // per pixel and direction
constexpr int kSubSamples = 10;  // per voxel and direction

struct Setting {
  const char* name;
  Beam beam;
  double rotation_rad;  // of the detector; other than 0: the path for any view
};

/// A body with inserts of many sizes, off centre, in voxels of 1 mm. Fills 0.4 of the volume's
/// width on either side.
Ellipsoids PhantomOf(int size) {
  const double s = size;
  Ellipsoids phantom = {{{0.013 * s, -0.021 * s, 0.007 * s}, {0.37 * s, 0.33 * s, 0.36 * s}, kBody},
                        {{-0.11 * s, 0.09 * s, 0.03 * s}, {0.13 * s, 0.1 * s, 0.2 * s}, -kBody},
                        {{0.14 * s, -0.06 * s, -0.05 * s}, {0.08 * s, 0.12 * s, 0.09 * s}, kBody}};
  for (int i = 0; i < 8; ++i) {
    const double angle = 0.3 + 0.77 * i, radius = (0.012 + 0.004 * i) * s;
    phantom.push_back({{0.22 * s * std::cos(angle), 0.2 * s * std::sin(angle), 0.03 * s * (i - 3)},
                       {radius, 0.8 * radius, 1.3 * radius},
                       i % 2 == 0 ? 2 * kBody : -0.5 * kBody});
  }
  return phantom;
}

Volume VolumeOf(int size) {
  return {.columns = size,
          .rows = size,
          .slices = size,
          .voxel_width_mm = 1,
          .voxel_height_mm = 1,
          .center_mm = {}};
}

/// `ratio`: a voxel's shadow over a pixel, at the axis. Magnification 2 in cone beam, the source 4
/// volume widths from the axis.
Scan ScanOf(const Setting& setting, int size, double ratio, int views) {
  CircularOrbit orbit;
  orbit.beam = setting.beam;
  orbit.source_object_distance_mm = 4 * size;
  orbit.source_detector_distance_mm = 8 * size;
  orbit.detector_rotation_rad = setting.rotation_rad;
  const double turn = setting.beam == Beam::kCone ? 2 * std::numbers::pi : std::numbers::pi;
  for (int view = 0; view < views; ++view) orbit.angle_rad.push_back(turn * view / views);
  const double pixel = (setting.beam == Beam::kCone ? 2 : 1) / ratio;
  const int count = static_cast<int>(std::ceil(size * ratio));
  return *MakeCircularScan(
      {.rows = count, .columns = count, .pixel_width_mm = pixel, .pixel_height_mm = pixel}, orbit);
}

/// The mean attenuation in a voxel.
double VoxelMean(const Ellipsoids& phantom, const Volume& volume, Vec3 voxel) {
  const auto sample = [&](int s, int across) {
    const auto part = [&](int k) { return (k % across + 0.5) / across - 0.5; };
    return AttenuationAt(phantom, volume.VoxelCenter(voxel.x + part(s), voxel.y + part(s / across),
                                                     voxel.z + part(s / (across * across))));
  };
  const double first = sample(0, 4);
  bool uniform = true;  // where 4³ samples agree there is no surface but for slivers
  for (int s = 1; s < 64 && uniform; ++s) uniform = sample(s, 4) == first;
  if (uniform) return first;
  double sum = 0;
  const int samples = kSubSamples * kSubSamples * kSubSamples;
  for (int s = 0; s < samples; ++s) sum += sample(s, kSubSamples);
  return sum / samples;
}

std::vector<float> Voxelised(const Ellipsoids& phantom, const Volume& volume) {
  std::vector<float> x(volume.VoxelCount());
  ParallelFor(0, std::int64_t{volume.rows} * volume.columns, [&](std::int64_t cell) {
    for (int z = 0; z < volume.slices; ++z) {
      const Vec3 voxel{static_cast<double>(cell % volume.columns),
                       static_cast<double>(cell / volume.columns), static_cast<double>(z)};
      x[cell * volume.slices + z] = static_cast<float>(VoxelMean(phantom, volume, voxel));
    }
  });
  return x;
}

/// The line integrals averaged over the pixels [view][column][row].
std::vector<float> PixelMeans(const Ellipsoids& phantom, const Scan& scan) {
  const int rows = scan.detector.rows, columns = scan.detector.columns;
  std::vector<float> y(scan.PixelCount());
  ParallelFor(0, static_cast<std::int64_t>(scan.views.size()) * columns, [&](std::int64_t line) {
    const View& view = scan.views[line / columns];
    for (int row = 0; row < rows; ++row) {
      double sum = 0;
      for (int s = 0; s < kSubRays * kSubRays; ++s) {
        const double r = row + (s % kSubRays + 0.5) / kSubRays - 0.5;
        const double c =
            static_cast<double>(line % columns) + (s / kSubRays + 0.5) / kSubRays - 0.5;
        sum += LineIntegral(phantom, view.Pixel(r, c), view.Direction(r, c));
      }
      y[line * rows + row] = static_cast<float>(sum / (kSubRays * kSubRays));
    }
  });
  return y;
}

/// One setting's object, views and exact data.
struct Problem {
  Volume volume;
  Scan scan;
  std::vector<float> object, data;

  Problem(const Setting& setting, int size, double ratio, int views)
      : volume(VolumeOf(size)),
        scan(ScanOf(setting, size, ratio, views)),
        object(Voxelised(PhantomOf(size), volume)),
        data(PixelMeans(PhantomOf(size), scan)) {}
};

/// What A of the voxelised phantom is off by: ‖A x − data‖ / ‖data‖.
double ForwardError(const Problem& problem, ProjectorModel model) {
  std::vector<float> y(problem.scan.PixelCount());
  Project(model, problem.volume, problem.object.data(), testing::AllRows(problem.scan), y.data());
  return testing::RelativeDifference(problem.data, y);
}

/// The ripple of Aᵀ1 where all views see it: the root mean square of its difference from the mean
/// over 5³ voxels, relative to the mean.
double Ripple(const Problem& problem, ProjectorModel model) {
  std::vector<float> y(problem.data.size(), 1.0f), x(problem.object.size(), 0.0f);
  Backproject(model, testing::AllRows(problem.scan), y.data(), problem.volume, x.data());
  const int size = problem.volume.columns;
  const auto at = [&](int ix, int iy, int iz) {
    return static_cast<double>(x[(std::int64_t{iy} * size + ix) * size + iz]);
  };
  double squares = 0, sum = 0;
  std::int64_t count = 0;
  const int first = size / 4, last = size - size / 4;
  for (int iy = first; iy < last; ++iy) {
    for (int ix = first; ix < last; ++ix) {
      for (int iz = first; iz < last; ++iz) {
        double mean = 0;
        for (int k = 0; k < 125; ++k)
          mean += at(ix + k % 5 - 2, iy + k / 5 % 5 - 2, iz + k / 25 - 2);
        const double ripple = at(ix, iy, iz) - mean / 125;
        squares += ripple * ripple;
        sum += at(ix, iy, iz);
        ++count;
      }
    }
  }
  return std::sqrt(squares / static_cast<double>(count)) / (sum / static_cast<double>(count));
}

/// RMSE of BB after 20 iterations from the exact data, against the voxelised truth, relative to the
/// body's attenuation.
double ReconstructionError(const Problem& problem, ProjectorModel model) {
  const PairOperator A(model, problem.scan, problem.volume);
  Field b = A.NewProjections(), x = A.NewVolume();
  std::copy(problem.data.begin(), problem.data.end(), b.data());
  BarzilaiBorwein(A, b, {.stopping = {.iterations = 20}, .bounds = {.lower = 0}}, x,
                  [](const Progress&, const Field&) { return false; });
  double squares = 0;
  for (std::size_t i = 0; i < problem.object.size(); ++i) {
    squares += std::pow(static_cast<double>(x.data()[i]) - problem.object[i], 2);
  }
  return std::sqrt(squares / static_cast<double>(problem.object.size())) / kBody;
}

struct Seconds {
  double forward, back;
};

/// The best of three.
Seconds TimeOf(const Problem& problem, ProjectorModel model) {
  const ProjectionBand band = testing::AllRows(problem.scan);
  std::vector<float> x(problem.object.size(), 1.0f), y(problem.data.size(), 1.0f);
  const auto seconds = [](auto&& body) {
    const auto begin = std::chrono::steady_clock::now();
    body();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  };
  Seconds best{1e30, 1e30};
  for (int repetition = 0; repetition < 3; ++repetition) {
    best.forward = std::min(
        best.forward, seconds([&] { Project(model, problem.volume, x.data(), band, y.data()); }));
    best.back = std::min(
        best.back, seconds([&] { Backproject(model, band, y.data(), problem.volume, x.data()); }));
    std::fill(y.begin(), y.end(), 1.0f);
  }
  return best;
}

void PrintRow(const Setting& setting, int size, double ratio) {
  constexpr auto kJoseph = ProjectorModel::kJoseph, kFootprint = ProjectorModel::kFootprint;
  const bool any_view = setting.rotation_rad != 0;  // slow: fewer views, no reconstruction
  const Problem problem(setting, size, ratio, any_view ? 12 : 60);
  const auto both = [&](auto&& measure) {
    std::printf(" %.2f | %.2f |", 100 * measure(problem, kJoseph),
                100 * measure(problem, kFootprint));
    std::fflush(stdout);
  };
  std::printf("| %s, %.1f |", setting.name, ratio);
  both(ForwardError);
  both(Ripple);
  any_view ? (void)std::printf(" – | – |") : both(ReconstructionError);
  const Seconds joseph = TimeOf(problem, kJoseph), footprint = TimeOf(problem, kFootprint);
  std::printf(" %.1f | %.1f |\n", footprint.forward / joseph.forward, footprint.back / joseph.back);
}

}  // namespace
}  // namespace tomoslab::benchmarks

int main(int argc, char** argv) {
  using tomoslab::Beam;
  const int size = argc > 1 ? std::atoi(argv[1]) : 96;
  if (size < 16) {
    std::fprintf(stderr, "projector_accuracy: the size must be 16 or more\n");
    return 2;
  }
  std::printf(
      "| shadow : pixel | forward, Joseph | footprint | ripple, Joseph | footprint | BB, Joseph | "
      "footprint | time forward | back |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- "
      "|\n");
  for (const tomoslab::benchmarks::Setting& setting :
       {tomoslab::benchmarks::Setting{"cone", Beam::kCone, 0},
        tomoslab::benchmarks::Setting{"parallel", Beam::kParallel, 0},
        tomoslab::benchmarks::Setting{"cone, rotated detector", Beam::kCone, 0.05}}) {
    for (const double ratio : {0.5, 0.7, 1.0, 1.4, 2.0}) {
      tomoslab::benchmarks::PrintRow(setting, size, ratio);
    }
  }
}
