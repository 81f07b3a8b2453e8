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
#include <numbers>
#include <vector>

#include "tests/support/beam_models.h"
#include "tests/support/joseph_operator.h"
#include "worker/geometry/scan.h"
#include "worker/solvers/poly_barzilai_borwein.h"
#include "worker/solvers/polychromatic_objective.h"

namespace tomoslab::benchmarks {
namespace {

using Clock = std::chrono::steady_clock;

/// A watcher that keeps the seconds between images.
class IterationTimes {
 public:
  bool operator()(const Progress& progress, const Field&) {
    const Clock::time_point now = Clock::now();
    if (progress.iteration > 1) {
      seconds_.push_back(std::chrono::duration<double>(now - last_).count());
    }
    last_ = now;
    return false;
  }
  double Median() {
    std::nth_element(seconds_.begin(), seconds_.begin() + seconds_.size() / 2, seconds_.end());
    return seconds_[seconds_.size() / 2];
  }

 private:
  Clock::time_point last_;
  std::vector<double> seconds_;
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

void Print(const BeamModel& model, double bb_s, double poly_s) {
  const int materials = static_cast<int>(model.materials.size());
  const double ratio = poly_s / bb_s;
  std::printf(
      "%d material%s, %d energies: BB %.3f s, poly-BB %.3f s an iteration; ratio %.3f, at most "
      "%.1f %s\n",
      materials, materials == 1 ? "" : "s", static_cast<int>(model.energy_kev.size()), bb_s, poly_s,
      ratio, 1.1 * materials, ratio <= 1.1 * materials ? "ok" : "MISSED");
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
  for (std::size_t i = 0; i < models.size(); ++i)
    Print(models[i], linear.Median(), polychromatic[i].Median());
}

}  // namespace
}  // namespace tomoslab::benchmarks

int main(int argc, char** argv) {
  const int size = argc > 1 ? std::atoi(argv[1]) : 160;
  const int views = argc > 2 ? std::atoi(argv[2]) : 180;
  const int rounds = argc > 3 ? std::max(1, std::atoi(argv[3])) : 5;
  tomoslab::benchmarks::Compare(size, views, rounds);
}
