// What a poly-BB iteration costs beside a BB iteration on the same scan.
//
//   poly_iteration_benchmark [size views rounds]     by default 160 180 5
// A cube of size³ voxels in cone beam with size² pixels. BB and poly-BB with one, two and three
// materials take turns, six iterations at a time; medians over the iterations after the first of
// each turn. The ratio should be at most 1.1 times the number of materials.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <numbers>
#include <vector>

#include "tests/support/beam_models.h"
#include "tests/support/joseph_operator.h"
#include "worker/geometry/scan.h"
#include "worker/solvers/poly_barzilai_borwein.h"
#include "worker/solvers/polychromatic_objective.h"

namespace tomoslab::benchmarks {
namespace {

double Median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// Seconds on the wall, and of the processor: a neighbour changes the former, hardly the latter.
struct Instant {
  std::chrono::duration<double> wall = std::chrono::steady_clock::now().time_since_epoch();
  double processor_s = static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
};

/// A watcher that keeps the seconds between images.
class IterationTimes {
 public:
  bool operator()(const Progress& progress, const Field&) {
    const Instant now;
    if (progress.iteration > 1) {
      wall_s_.push_back((now.wall - last_.wall).count());
      processor_s_.push_back(now.processor_s - last_.processor_s);
    }
    last_ = now;
    return false;
  }
  double Wall() const { return Median(wall_s_); }
  double Processor() const { return Median(processor_s_); }

 private:
  Instant last_;
  std::vector<double> wall_s_, processor_s_;
};

Scan ConeScan(int size, int views) {
  CircularOrbit orbit;
  orbit.beam = Beam::kCone;
  orbit.source_object_distance_mm = 4 * size;
  orbit.source_detector_distance_mm = 8 * size;
  for (int view = 0; view < views; ++view)
    orbit.angle_rad.push_back(2 * std::numbers::pi * view / views);
  return *MakeCircularScan(
      {.rows = size, .columns = size, .pixel_width_mm = 2, .pixel_height_mm = 2}, orbit);
}

/// Aluminium, iron, and a material that attenuates like their geometric mean.
BeamModel ThreeMaterials() {
  BeamModel model = testing::AluminiumAndIron();
  const BeamMaterial &light = model.materials[0], &dense = model.materials[1];
  BeamMaterial middle{
      .name = "middle",
      .reference_per_mm = std::sqrt(light.reference_per_mm * dense.reference_per_mm),
      .attenuation_per_mm = {}};
  for (std::size_t e = 0; e < model.energy_kev.size(); ++e) {
    middle.attenuation_per_mm.push_back(
        std::sqrt(light.attenuation_per_mm[e] * dense.attenuation_per_mm[e]));
  }
  model.materials.insert(model.materials.begin() + 1, middle);
  return model;
}

void Print(const BeamModel& model, const IterationTimes& bb, const IterationTimes& poly) {
  const int materials = static_cast<int>(model.materials.size());
  const double ratio = poly.Wall() / bb.Wall();
  std::printf(
      "%d material%s, %d energies: BB %.3f s, poly-BB %.3f s an iteration; ratio %.3f (of "
      "processor "
      "time %.3f), at most %.1f %s\n",
      materials, materials == 1 ? "" : "s", static_cast<int>(model.energy_kev.size()), bb.Wall(),
      poly.Wall(), ratio, poly.Processor() / bb.Processor(), 1.1 * materials,
      ratio <= 1.1 * materials ? "ok" : "MISSED");
}

void Compare(int size, int views, int rounds) {
  const Scan scan = ConeScan(size, views);
  const testing::JosephOperator A(scan, {.columns = size,
                                         .rows = size,
                                         .slices = size,
                                         .voxel_width_mm = 1,
                                         .voxel_height_mm = 1,
                                         .center_mm = {}});
  Field x = A.NewVolume(), b = A.NewProjections();
  Fill(0.01, x);
  A.Project(x, b);
  const BarzilaiBorweinOptions options{.stopping = {.iterations = 6},
                                       .bounds = {.lower = 0, .upper = 1}};
  const std::vector<BeamModel> models = {testing::Aluminium(), testing::AluminiumAndIron(),
                                         ThreeMaterials()};
  IterationTimes linear;
  std::vector<IterationTimes> polychromatic(models.size());
  for (int round = 0; round < rounds; ++round) {
    Fill(0, x);
    BarzilaiBorwein(A, b, options, x, linear);
    for (std::size_t i = 0; i < models.size(); ++i) {
      Fill(0, x);
      PolychromaticObjective f(A, b, models[i], {});
      PolyBarzilaiBorwein(f, options, x, polychromatic[i]);
    }
  }
  std::printf("%d^3 voxels, %d views\n", size, views);
  for (std::size_t i = 0; i < models.size(); ++i) Print(models[i], linear, polychromatic[i]);
}

}  // namespace
}  // namespace tomoslab::benchmarks

int main(int argc, char** argv) {
  const int size = argc > 1 ? std::atoi(argv[1]) : 160;
  const int views = argc > 2 ? std::atoi(argv[2]) : 180;
  const int rounds = argc > 3 ? std::max(1, std::atoi(argv[3])) : 5;
  tomoslab::benchmarks::Compare(size, views, rounds);
}
