// What a poly-BB iteration costs beside a BB iteration on the same scan.
//
//   poly_iteration_benchmark [size views iterations]     by default 160 180 7
// A cube of size³ voxels in cone beam with size² pixels. Medians over the iterations after the
// first; the ratio should be at most 1.1 times the number of materials.
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

void Compare(int size, int views, int iterations) {
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
  const BarzilaiBorweinOptions options{.stopping = {.iterations = iterations},
                                       .bounds = {.lower = 0, .upper = 1}};
  Fill(0, x);
  IterationTimes linear;
  BarzilaiBorwein(A, b, options, x, linear);
  for (const BeamModel& model :
       {testing::Aluminium(), testing::AluminiumAndIron(), ThreeMaterials()}) {
    Fill(0, x);
    IterationTimes polychromatic;
    PolychromaticObjective f(A, b, model, {});
    PolyBarzilaiBorwein(f, options, x, polychromatic);
    const int materials = static_cast<int>(model.materials.size());
    const double ratio = polychromatic.Median() / linear.Median();
    std::printf(
        "%d^3 voxels, %d views, %d material%s, %d energies: BB %.3f s, poly-BB %.3f s an "
        "iteration; ratio %.3f, at most %.1f %s\n",
        size, views, materials, materials == 1 ? "" : "s",
        static_cast<int>(model.energy_kev.size()), linear.Median(), polychromatic.Median(), ratio,
        1.1 * materials, ratio <= 1.1 * materials ? "ok" : "MISSED");
  }
}

}  // namespace
}  // namespace tomoslab::benchmarks

int main(int argc, char** argv) {
  const int size = argc > 1 ? std::atoi(argv[1]) : 160;
  const int views = argc > 2 ? std::atoi(argv[2]) : 180;
  const int iterations = argc > 3 ? std::atoi(argv[3]) : 7;
  tomoslab::benchmarks::Compare(size, views, iterations);
}
