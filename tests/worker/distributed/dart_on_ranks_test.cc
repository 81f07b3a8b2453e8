// DART on N ranks as on one: masks and smoothing exactly, the whole loop but for rounding.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/support/beam_models.h"
#include "tests/support/figure.h"
#include "tests/support/geometries.h"
#include "worker/distributed/distributed_projector.h"
#include "worker/solvers/dart.h"
#include "worker/solvers/poly_dart.h"

namespace tomoslab {
namespace {

using testing::NamedGeometry;

/// A11: at most 0.05 % of the voxels; a test volume has about 3,000: one and a half.
void ExpectSameLabels(const std::string& algorithm, std::int64_t different, const Volume& volume) {
  testing::ExpectAtMost(
      "A11 " + algorithm + ", small scans: labels that differ, 2, 3, 5 ranks against 1, %",
      100 * static_cast<double>(different) / static_cast<double>(volume.VoxelCount()), 0.05);
}

/// A ball with a denser core and a hole, off centre: 1/mm at a point.
float Phantom(Vec3 p) {
  if (Norm(p - Vec3{0.5, -0.3, 0.2}) > 4.5) return 0;
  if (Norm(p - Vec3{2, 1, 1}) < 1.2) return 0;
  return Norm(p - Vec3{-1, -1, -1}) < 1.5f ? 0.12f : 0.05f;
}

template <class Value>
void FillFrom(const Volume& volume, Field& x, Value&& value) {
  for (std::int64_t outer = 0; outer < x.outer(); ++outer) {
    for (std::int64_t z = x.inner().begin; z < x.inner().end; ++z)
      x.line(outer)[z - x.inner().begin] = value(outer % volume.columns, outer / volume.columns, z);
  }
}

Field PhantomImage(const DistributedProjector& A) {
  Field x = A.NewVolume();
  FillFrom(A.volume(), x, [&](std::int64_t column, std::int64_t row, std::int64_t slice) {
    return Phantom(A.volume().VoxelCenter(static_cast<double>(column), static_cast<double>(row),
                                          static_cast<double>(slice)));
  });
  return x;
}

struct MaskAndImage {
  VoxelMask mask;
  Field x;
};

/// The free voxels of the phantom's own labels, and a noisy image smoothed there.
MaskAndImage FreeAndSmoothed(const DistributedProjector& A) {
  const VoxelGrid grid = A.grid();
  VoxelLabels labels(grid);
  const LabelCounts counts = Segment(grid, PhantomImage(A), MaterialBasis({0.05, 0.12}), labels);
  MaskAndImage result{FreeVoxels(grid, labels, counts, {.free_fraction = 0.1, .seed = 3}, 2),
                      A.NewVolume()};
  FillFrom(A.volume(), result.x, [&](std::int64_t column, std::int64_t row, std::int64_t slice) {
    return testing::Noise(5, (slice * A.volume().rows + row) * A.volume().columns + column);
  });
  Smooth(grid, result.mask, 0.3, result.x);
  return result;
}

TEST(DartOnRanks, FreesTheSameVoxelsAndSmoothsThemToTheSameBits) {
  const Communicator world = Communicator::World(), alone = Communicator::Alone();
  for (const auto& [name, scan, volume] : testing::AllGeometries()) {
    const DistributedProjector A(scan, volume, &world), whole(scan, volume, &alone);
    const MaskAndImage mine = FreeAndSmoothed(A), expected = FreeAndSmoothed(whole);
    const IndexRange slab = A.slab();
    std::int64_t other_masks = 0, other_values = 0;
    for (std::int64_t outer = 0; outer < mine.x.outer(); ++outer) {
      for (std::int64_t z = slab.begin; z < slab.end; ++z) {
        other_masks +=
            mine.mask.Contains(outer, z - slab.begin) != expected.mask.Contains(outer, z);
        other_values += mine.x.line(outer)[z - slab.begin] != expected.x.line(outer)[z];
      }
    }
    testing::ExpectExactly("A11 free voxels that differ, small scans, 2, 3, 5 ranks against 1",
                           other_masks, 0);
    EXPECT_EQ(other_values, 0) << name;
  }
}

DartResult RunDartOn(const DistributedProjector& A, DartInner inner, Field& x) {
  Field b = A.NewProjections();
  A.Project(PhantomImage(A), b);
  Fill(0, x);
  BarzilaiBorwein(A, b, {.stopping = {.iterations = 15}, .bounds = {.lower = 0}}, x,
                  [](const Progress&, const Field&) { return false; });
  LinearDart model(&A, &b, {.solver = inner, .iterations = 5}, {0.055, 0.11}, GreyValues::kFitted);
  return RunDart(
      A.grid(), model, {.stopping = {.iterations = 8}}, x,
      [](const DartState&, const Field&, const std::vector<std::string>&) { return false; },
      [] { return true; });
}

/// Label differences of two results, of all ranks; `whole` is on one rank.
std::int64_t DifferentLabels(const DistributedProjector& A, const Field& x,
                             const DartResult& result, const Field& whole, const DartResult& one) {
  const MaterialBasis materials(result.state.grey_values), ones(one.state.grey_values);
  std::int64_t different = 0;
  for (std::int64_t outer = 0; outer < x.outer(); ++outer) {
    for (std::int64_t z = A.slab().begin; z < A.slab().end; ++z) {
      different +=
          materials.Label(x.line(outer)[z - A.slab().begin]) != ones.Label(whole.line(outer)[z]);
    }
  }
  return SumOverRanks(x, {different})[0];
}

class DartWithInner : public ::testing::TestWithParam<DartInner> {};

TEST_P(DartWithInner, EqualsOneRank) {
  const Communicator world = Communicator::World(), alone = Communicator::Alone();
  for (const auto& [name, scan, volume] : testing::AllGeometries(40)) {
    if (name != "cone" && name != "fan" && name != "parallel" && name != "half_fan") continue;
    const DistributedProjector A(scan, volume, &world), whole(scan, volume, &alone);
    Field x = A.NewVolume(), expected = whole.NewVolume();
    const DartResult result = RunDartOn(A, GetParam(), x);
    const DartResult one = RunDartOn(whole, GetParam(), expected);
    ASSERT_EQ(result.state.grey_values.size(), 2u);
    for (int m = 0; m < 2; ++m)
      EXPECT_NEAR(result.state.grey_values[m], one.state.grey_values[m], 2e-4 * 0.1) << name;
    const std::int64_t all = DifferentLabels(A, x, result, expected, one);
    ExpectSameLabels("DART", all, volume);
  }
}

INSTANTIATE_TEST_SUITE_P(Inner, DartWithInner,
                         ::testing::Values(DartInner::kSirt, DartInner::kBarzilaiBorwein,
                                           DartInner::kCgls));

DartResult RunPolyDartOn(const DistributedProjector& A, PolyDartInner inner, Field& x) {
  const BeamModel model = testing::AluminiumAndIron();
  // The ball's 0.05 and 0.12 become aluminium and iron.
  Field b = A.NewProjections(), truth = A.NewVolume();
  Discretize(PhantomImage(A), MaterialBasis({0.05, 0.12}), truth);
  FillFrom(A.volume(), truth, [&](std::int64_t column, std::int64_t row, std::int64_t slice) {
    const float value = truth.line(row * A.volume().columns + column)[slice - A.slab().begin];
    if (value == 0) return 0.0f;
    return static_cast<float>(model.materials[value > 0.1f ? 1 : 0].reference_per_mm);
  });
  PolychromaticProjection projection(A, model);
  projection.Project(truth);
  projection.LineIntegrals(0, b.size(), b.data());
  Fill(0, x);
  PolychromaticObjective f(A, b, model, {});
  const auto never = [](const auto&...) { return false; };
  PolyBarzilaiBorwein(f, {.stopping = {.iterations = 10}, .bounds = PolychromaticBounds(model)}, x,
                      never);
  PolychromaticDart poly(&A, &b, model,
                         {.inner = inner, .inner_iterations = 4, .densities = Densities::kRefined});
  return RunDart(A.grid(), poly, {.stopping = {.iterations = 4}}, x, never, [] { return true; });
}

TEST(PolyDartOnRanks, EqualsOneRank) {
  const Communicator world = Communicator::World(), alone = Communicator::Alone();
  for (const auto& [name, scan, volume] : testing::AllGeometries(40)) {
    if (name != "cone" && name != "fan") continue;
    for (const auto inner : {PolyDartInner::kPolySirt, PolyDartInner::kPolyBarzilaiBorwein}) {
      const DistributedProjector A(scan, volume, &world), whole(scan, volume, &alone);
      Field x = A.NewVolume(), expected = whole.NewVolume();
      const DartResult result = RunPolyDartOn(A, inner, x);
      const DartResult one = RunPolyDartOn(whole, inner, expected);
      const std::int64_t all = DifferentLabels(A, x, result, expected, one);
      ExpectSameLabels("poly-DART", all, volume);
      for (int m = 0; m < 2; ++m) {
        EXPECT_NEAR(result.state.density_factors[m], one.state.density_factors[m], 1e-3) << name;
      }
    }
  }
}

}  // namespace
}  // namespace tomoslab
