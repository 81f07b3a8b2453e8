#include "worker/solvers/poly_dart.h"

#include <cmath>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/beam_models.h"
#include "tests/support/dense_operator.h"
#include "tests/support/parallel_matrix.h"
#include "worker/solvers/dart.h"

namespace tomoslab {
namespace {

using testing::Aluminium;
using testing::AluminiumAndIron;
using ::testing::HasSubstr;

constexpr int kSize = 24;
constexpr double kVoxelMm = 1.5;
const LocalHalo kAlone;
const VoxelGrid kGrid{
    .columns = kSize, .rows = kSize, .slices = 1, .slab = {0, 1}, .halo = &kAlone};
const auto kGoOn = [] { return true; };
const auto kNeverStop = [](const auto&...) { return false; };

/// A disc of the first material with a hole, and a pin of the second where there is one.
int MaterialAt(int voxel, int materials) {
  const double x = voxel % kSize - 11.2, y = voxel / kSize - 11.9;
  if (std::hypot(x, y) > 9) return 0;
  if (std::hypot(x + 3, y - 3) < 2.2) return 0;
  return materials == 2 && std::hypot(x - 3, y + 2) < 1.8 ? 2 : 1;
}

class PolyDart : public ::testing::Test {
 protected:
  PolyDart()
      : A_(testing::ParallelMatrix(kSize, 10, kVoxelMm)),
        b_(A_.NewProjections()),
        x_(A_.NewVolume()) {}

  /// b_ ← the line integrals of the phantom in these materials.
  void Measure(const BeamModel& model) {
    Field truth = A_.NewVolume();
    for (int i = 0; i < kSize * kSize; ++i) {
      const int material = MaterialAt(i, static_cast<int>(model.materials.size()));
      truth.data()[i] =
          material == 0 ? 0.0f : static_cast<float>(model.materials[material - 1].reference_per_mm);
    }
    PolychromaticProjection projection(A_, model);
    projection.Project(truth);
    projection.LineIntegrals(0, b_.size(), b_.data());
  }

  void StartWithPolyBb(const BeamModel& model) {
    Fill(0, x_);
    PolychromaticObjective f(A_, b_, model, {});
    PolyBarzilaiBorwein(f, {.stopping = {.iterations = 15}, .bounds = PolychromaticBounds(model)},
                        x_, kNeverStop);
  }

  int WrongLabels(const std::vector<double>& nodes) const {
    const MaterialBasis materials(nodes);
    int wrong = 0;
    for (int i = 0; i < kSize * kSize; ++i) {
      wrong += materials.Label(x_.data()[i]) != MaterialAt(i, materials.materials()) ? 1 : 0;
    }
    return wrong;
  }

  DenseFieldOperator A_;
  Field b_, x_;
};

TEST_F(PolyDart, ExplainsWhatDartCannot) {
  const BeamModel model = Aluminium();
  Measure(model);
  StartWithPolyBb(model);
  LinearDart linear(&A_, &b_, {}, NodesOf(model), GreyValues::kFitted);
  const DartResult without = RunDart(kGrid, linear, {}, x_, kNeverStop, kGoOn);
  for (const auto inner : {PolyDartInner::kPolySirt, PolyDartInner::kPolyBarzilaiBorwein}) {
    StartWithPolyBb(model);
    PolychromaticDart poly(&A_, &b_, model, {.inner = inner});
    const DartResult result = RunDart(kGrid, poly, {}, x_, kNeverStop, kGoOn);
    EXPECT_LE(WrongLabels(NodesOf(model)), 2);
    EXPECT_LT(result.state.progress.relative_residual,
              without.state.progress.relative_residual / 3);
  }
}

TEST_F(PolyDart, IsDartWhenThereIsOneEnergy) {
  const BeamModel mono{.reference_energy_kev = 60,
                       .energy_kev = {60},
                       .share = {1},
                       .materials = {{"light", 0.02, {0.02}}, {"dense", 0.05, {0.05}}}};
  Measure(mono);
  StartWithPolyBb(mono);
  Field expected = A_.NewVolume();
  Copy(x_, expected);
  PolychromaticDart poly(&A_, &b_, mono, {.inner_iterations = 4});
  LinearDart linear(&A_, &b_, {.iterations = 4}, {0.02, 0.05}, GreyValues::kFixed);
  const DartLoopOptions options{.stopping = {.iterations = 2}};
  const DartResult result = RunDart(kGrid, poly, options, x_, kNeverStop, kGoOn);
  const DartResult other = RunDart(kGrid, linear, options, expected, kNeverStop, kGoOn);
  EXPECT_NEAR(result.state.progress.relative_residual, other.state.progress.relative_residual,
              1e-4);
  EXPECT_EQ(result.state.counts.voxels, other.state.counts.voxels);
}

TEST_F(PolyDart, RefinesDensities) {
  for (const double density : {0.9, 1.1}) {
    Measure(WithDensities(Aluminium(), {density}));
    StartWithPolyBb(Aluminium());
    PolychromaticDart poly(&A_, &b_, Aluminium(), {.densities = Densities::kRefined});
    const DartResult result = RunDart(kGrid, poly, {}, x_, kNeverStop, kGoOn);
    EXPECT_NEAR(result.state.density_factors[0], density, 0.01);
    EXPECT_NEAR(result.state.grey_values[0], density * Aluminium().materials[0].reference_per_mm,
                0.001);
    EXPECT_LE(WrongLabels(result.state.grey_values), 3);
  }
}

TEST_F(PolyDart, DensitiesByHand) {
  // The data of densities 0.8 and 1.25, from the very paths that the fit gets.
  const BeamModel model = AluminiumAndIron();
  const LocalSum sum;
  std::vector<Field> paths;
  for (int m = 0; m < 2; ++m) paths.emplace_back(6, IndexRange{0, 1}, 1, &sum);
  Field b(6, {0, 1}, 1, &sum);
  for (int ray = 0; ray < 6; ++ray) {
    paths[0].data()[ray] = static_cast<float>(5 * ray);
    paths[1].data()[ray] = static_cast<float>(ray % 3);
    const double lengths[] = {0.8 * 5 * ray, 1.25 * (ray % 3)};
    b.data()[ray] = static_cast<float>(LineIntegralOf(model, lengths));
  }
  const DensityFit fit = FitDensities(model, paths, b);
  EXPECT_NEAR(fit.factors[0], 0.8, 1e-4);
  EXPECT_NEAR(fit.factors[1], 1.25, 1e-4);
  EXPECT_EQ(fit.warning, "");

  Scale(10, b);  // no densities explain that
  const DensityFit absurd = FitDensities(model, paths, b);
  EXPECT_EQ(absurd.factors, (std::vector<double>{1, 1}));
  EXPECT_THAT(absurd.warning, HasSubstr("not credible"));

  Copy(paths[0], paths[1]);
  Scale(2, paths[1]);
  const std::vector<Field> same = [&] {
    std::vector<Field> both;
    for (int m = 0; m < 2; ++m) {
      both.push_back(Like(paths[0]));
      Fill(m == 0 ? 1 : 0, both[m]);
    }
    return both;
  }();
  Fill(0.062129519, b);
  EXPECT_EQ(FitDensities(model, same, b).factors[1], 1) << "a material without voxels";
}

}  // namespace
}  // namespace tomoslab
