// Solvers and what they are made of, on an accelerator against the host.
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "tests/support/accelerators.h"
#include "tests/support/beam_models.h"
#include "tests/support/dense_operator.h"
#include "tests/support/geometries.h"
#include "tests/support/parallel_matrix.h"
#include "worker/solvers/dart.h"
#include "worker/solvers/fdk_weights.h"
#include "worker/solvers/poly_dart.h"

namespace tomoslab {
namespace {

using testing::AllGeometries;
using testing::AluminiumAndIron;
using testing::NamedGeometry;
using testing::Noise;

const LocalSum kSum;
const LocalHalo kAlone;
const auto kGoOn = [] { return true; };
const auto kNeverStop = [](const auto&...) { return false; };

Field There(const Field& x, Accelerator* accelerator) {
  Field there(x.outer(), x.inner(), x.inner_total(), x.sum(), accelerator);
  Copy(x, there);
  return there;
}
Field Here(const Field& x) {
  Field here(x.outer(), x.inner(), x.inner_total(), x.sum());
  Copy(x, here);
  return here;
}

/// ‖a − b‖ / ‖b‖
double Difference(const Field& a, const Field& b) {
  Field difference = Like(b);
  Subtract(Here(a), b, difference);
  return Norm(difference) / Norm(b);
}

/// A matrix whose vectors are on an accelerator; the host multiplies.
class OperatorThere {
 public:
  OperatorThere(const DenseFieldOperator* A, Accelerator* accelerator)
      : A_(A), accelerator_(accelerator) {}

  Field NewVolume() const { return There(A_->NewVolume(), accelerator_); }
  Field NewProjections() const { return There(A_->NewProjections(), accelerator_); }
  void Project(const Field& x, Field& y) const {
    Field made = A_->NewProjections();
    A_->Project(Here(x), made);
    Copy(made, y);
  }
  void Backproject(const Field& y, Field& x) const {
    Field made = A_->NewVolume();
    A_->Backproject(Here(y), made);
    Copy(made, x);
  }

 private:
  const DenseFieldOperator* A_;
  Accelerator* accelerator_;
};

constexpr int kSize = 24;
const VoxelGrid kGrid{
    .columns = kSize, .rows = kSize, .slices = 1, .slab = {0, 1}, .halo = &kAlone};

/// A disc of the first material with a hole, and a pin of the second.
int MaterialAt(int voxel) {
  const double x = voxel % kSize - 11.2, y = voxel / kSize - 11.9;
  if (std::hypot(x, y) > 9 || std::hypot(x + 3, y - 3) < 2.2) return 0;
  return std::hypot(x - 3, y + 2) < 1.8 ? 2 : 1;
}

class SolversOnDevice : public testing::OnAccelerator {
 protected:
  SolversOnDevice() : A_(testing::ParallelMatrix(kSize, 10, 1.5)), b_(A_.NewProjections()) {}

  OperatorThere AThere() const { return {&A_, accelerator()}; }

  Field Phantom(const std::vector<double>& values) const {
    Field image = A_.NewVolume();
    for (int i = 0; i < kSize * kSize; ++i) {
      const int material = MaterialAt(i);
      image.data()[i] = material == 0 ? 0.0f : static_cast<float>(values[material - 1]);
    }
    return image;
  }
  /// b_ ← the phantom's polychromatic line integrals.
  void Measure(const BeamModel& model) {
    PolychromaticProjection projection(A_, model);
    projection.Project(Phantom(NodesOf(model)));
    projection.LineIntegrals(0, b_.size(), b_.data());
  }

  DenseFieldOperator A_;
  Field b_;
};

TEST_P(SolversOnDevice, PolychromaticMisfitsAndGradients) {
  Field x = Phantom({0.05, 0.4});
  for (std::int64_t i = 0; i < x.size(); ++i) x.data()[i] += 0.02f * Noise(1, i);
  Measure(AluminiumAndIron());
  const OperatorThere A_there = AThere();
  const Field x_there = There(x, accelerator()), b_there = There(b_, accelerator());
  for (const auto domain : {MisfitDomain::kLineIntegrals, MisfitDomain::kTransmissions}) {
    for (const auto weights : {MisfitWeights::kUnit, MisfitWeights::kStatistical}) {
      for (const bool linear : {false, true}) {
        if (linear && domain == MisfitDomain::kTransmissions) continue;
        const PolychromaticOptions options{domain, weights, linear};
        PolychromaticObjective f(A_, b_, AluminiumAndIron(), options);
        PolychromaticObjective f_there(A_there, b_there, AluminiumAndIron(), options);
        const double value = f.Value(x);
        EXPECT_NEAR(f_there.Value(x_there), value, 1e-5 * value);
        EXPECT_NEAR(f_there.DataNorm(), f.DataNorm(), 1e-6 * f.DataNorm());
        Field g = A_.NewVolume(), g_there = A_there.NewVolume();
        f.Gradient(x, g);
        f_there.Gradient(x_there, g_there);
        EXPECT_LT(Difference(g_there, g), 1e-5);
      }
    }
  }
}

TEST_P(SolversOnDevice, PolySirtAndPolyBb) {
  const BeamModel model = AluminiumAndIron();
  Measure(model);
  const OperatorThere A_there = AThere();
  const Field b_there = There(b_, accelerator());
  Field x = A_.NewVolume(), x_there = A_there.NewVolume();
  const SirtOptions sirt{.stopping = {.iterations = 10}, .bounds = PolychromaticBounds(model)};
  PolySirt(A_, b_, model, sirt, x, kNeverStop);
  PolySirt(A_there, b_there, model, sirt, x_there, kNeverStop);
  EXPECT_LT(Difference(x_there, x), 1e-5);

  const BarzilaiBorweinOptions bb{.stopping = {.iterations = 8},
                                  .bounds = PolychromaticBounds(model)};
  Fill(0, x);
  Fill(0, x_there);
  PolychromaticObjective f(A_, b_, model, {});
  PolychromaticObjective f_there(A_there, b_there, model, {});
  PolyBarzilaiBorwein(f, bb, x, kNeverStop);
  PolyBarzilaiBorwein(f_there, bb, x_there, kNeverStop);
  EXPECT_LT(Difference(x_there, x), 1e-3);  // BB's steps amplify rounding
}

/// The labels of an image, on the host.
std::vector<int> LabelsOf(const Field& x, const std::vector<double>& grey_values) {
  const Field here = Here(x);
  const MaterialBasis materials(grey_values);
  std::vector<int> labels;
  for (std::int64_t i = 0; i < here.size(); ++i) labels.push_back(materials.Label(here.data()[i]));
  return labels;
}

TEST_P(SolversOnDevice, Dart) {
  const std::vector<double> grey_values = {0.1, 0.25};
  A_.Project(Phantom(grey_values), b_);
  const OperatorThere A_there = AThere();
  const Field b_there = There(b_, accelerator());
  for (const DartInner inner : {DartInner::kSirt, DartInner::kCgls}) {
    for (const GreyValues rule : {GreyValues::kFixed, GreyValues::kFitted}) {
      Field x = A_.NewVolume();
      Cgls(A_, b_, {.stopping = {.iterations = 6}}, x, kNeverStop);
      Field x_there = There(x, accelerator());
      const DartInnerOptions options{.solver = inner, .iterations = 5};
      const DartLoopOptions loop{.stopping = {.iterations = 6}};
      LinearDart model(&A_, &b_, options, grey_values, rule);
      LinearDart model_there(&A_there, &b_there, options, grey_values, rule);
      const DartResult result = RunDart(kGrid, model, loop, x, kNeverStop, kGoOn);
      const DartResult there = RunDart(kGrid, model_there, loop, x_there, kNeverStop, kGoOn);
      EXPECT_EQ(LabelsOf(x_there, grey_values), LabelsOf(x, grey_values));
      EXPECT_EQ(there.state.counts.voxels, result.state.counts.voxels);
      EXPECT_EQ(there.state.counts.changed, result.state.counts.changed);
      EXPECT_EQ(there.state.progress.free_fraction, result.state.progress.free_fraction);
      for (int m = 0; m < 2; ++m)
        EXPECT_NEAR(there.state.grey_values[m], result.state.grey_values[m], 1e-5);
    }
  }
}

TEST_P(SolversOnDevice, PolyDartAndItsDensities) {
  const BeamModel model = AluminiumAndIron();
  Measure(model);
  const OperatorThere A_there = AThere();
  const Field b_there = There(b_, accelerator());
  for (const PolyDartInner inner :
       {PolyDartInner::kPolySirt, PolyDartInner::kPolyBarzilaiBorwein}) {
    Field x = Phantom(NodesOf(model));
    for (std::int64_t i = 0; i < x.size(); ++i) x.data()[i] *= 1 + 0.2f * Noise(4, i);
    Field x_there = There(x, accelerator());
    const PolyDartOptions options{
        .inner = inner, .inner_iterations = 4, .densities = Densities::kRefined};
    const DartLoopOptions loop{.stopping = {.iterations = 4}};
    PolychromaticDart dart(&A_, &b_, model, options);
    PolychromaticDart dart_there(&A_there, &b_there, model, options);
    const DartResult result = RunDart(kGrid, dart, loop, x, kNeverStop, kGoOn);
    const DartResult there = RunDart(kGrid, dart_there, loop, x_there, kNeverStop, kGoOn);
    EXPECT_EQ(LabelsOf(x_there, NodesOf(model)), LabelsOf(x, NodesOf(model)));
    for (int m = 0; m < 2; ++m)
      EXPECT_NEAR(there.state.density_factors[m], result.state.density_factors[m], 1e-4);
  }
}

TEST_P(SolversOnDevice, AllVoxelsAreFreeInAir) {
  VoxelLabels labels(kGrid, accelerator());
  const Field air = There(A_.NewVolume(), accelerator());
  const LabelCounts counts = Segment(kGrid, air, MaterialBasis({0.1}), labels);
  EXPECT_EQ(counts.voxels, (std::vector<std::int64_t>{kSize * kSize, 0}));
  EXPECT_EQ(CountLocal(kGrid, FreeVoxels(kGrid, labels, counts, {}, 0)), kSize * kSize);
}

TEST_P(SolversOnDevice, NeighbourhoodsInThreeDimensions) {
  const VoxelGrid grid{.columns = 9, .rows = 7, .slices = 70, .slab = {0, 70}, .halo = &kAlone};
  Field x(grid.outer(), grid.slab, grid.slices, &kSum);
  for (std::int64_t i = 0; i < x.size(); ++i) x.data()[i] = 0.5f + 0.6f * Noise(8, i / 5);
  Field x_there = There(x, accelerator());
  const MaterialBasis materials({0.3, 0.7});
  VoxelLabels labels(grid), labels_there(grid, accelerator());
  const LabelCounts counts = Segment(grid, x, materials, labels);
  EXPECT_EQ(Segment(grid, x_there, materials, labels_there).voxels, counts.voxels);
  const VoxelMask free = FreeVoxels(grid, labels, counts, {}, 2),
                  free_there = FreeVoxels(grid, labels_there, counts, {}, 2);
  EXPECT_EQ(CountLocal(grid, free_there), CountLocal(grid, free));
  FixToLabels(free, labels, materials, x);
  FixToLabels(free_there, labels_there, materials, x_there);
  EXPECT_EQ(Difference(x_there, x), 0);
  Smooth(grid, free, 0.3, x);
  Smooth(grid, free_there, 0.3, x_there);
  EXPECT_LT(Difference(x_there, x), 1e-6);
  KeepOnly(free, x);
  KeepOnly(free_there, x_there);
  EXPECT_LT(Difference(x_there, x), 1e-6);
}

TEST_P(SolversOnDevice, FdkWeights) {
  int weighted = 0;
  for (const NamedGeometry& g : AllGeometries()) {
    const absl::StatusOr<FdkWeights> weights = FdkWeights::Create(g.scan);
    if (!weights.ok()) continue;
    ++weighted;
    const auto views = static_cast<std::int64_t>(g.scan.views.size());
    Field b(views * g.scan.detector.columns, {0, g.scan.detector.rows}, g.scan.detector.rows,
            &kSum);
    for (std::int64_t i = 0; i < b.size(); ++i) b.data()[i] = 1 + Noise(3, i);
    EXPECT_EQ(Difference(weights->Apply(There(b, accelerator())), weights->Apply(b)), 0) << g.name;
  }
  EXPECT_GE(weighted, 5);
}

TOMOSLAB_ON_ACCELERATORS(SolversOnDevice);

}  // namespace
}  // namespace tomoslab
