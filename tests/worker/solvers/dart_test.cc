#include "worker/solvers/dart.h"

#include <cmath>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/dense_operator.h"

namespace tomoslab {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr int kSize = 20;
const LocalHalo kAlone;
const VoxelGrid kGrid{
    .columns = kSize, .rows = kSize, .slices = 1, .slab = {0, 1}, .halo = &kAlone};

/// Sums along rows, columns, diagonals and the lines of two knight's moves.
Matrix LineSums() {
  const std::pair<int, int> normals[] = {{0, 1}, {1, 0}, {1, 1}, {1, -1}, {1, 2}, {2, 1}};
  Matrix lines;
  for (const auto& [p, q] : normals) {
    Matrix sums(6 * kSize, std::vector<double>(kSize * kSize, 0.0));
    for (int voxel = 0; voxel < kSize * kSize; ++voxel)
      sums[p * (voxel % kSize) + q * (voxel / kSize) + 2 * kSize][voxel] = std::hypot(p, q);
    lines.insert(lines.end(), sums.begin(), sums.end());
  }
  return lines;
}

/// A disc with a denser inset and a hole, off centre.
int MaterialAt(int voxel) {
  const double x = voxel % kSize - 8.7, y = voxel / kSize - 9.4;
  if (std::hypot(x, y) > 7) return 0;
  if (std::hypot(x + 2, y - 2.5) < 1.7) return 0;
  return std::hypot(x - 1.5, y + 2) < 2.6 ? 2 : 1;
}

class Dart : public ::testing::Test {
 protected:
  Dart() : A_(LineSums()), b_(A_.NewProjections()), x_(A_.NewVolume()) {
    const double values[] = {0, 0.1, 0.25};
    Field truth = A_.NewVolume();
    for (int i = 0; i < kSize * kSize; ++i)
      truth.data()[i] = static_cast<float>(values[MaterialAt(i)]);
    A_.Project(truth, b_);
  }

  void Start() {
    Fill(0, x_);
    BarzilaiBorwein(A_, b_, {.stopping = {.iterations = 8}, .bounds = {.lower = 0}}, x_,
                    [](const Progress&, const Field&) { return false; });
  }

  DartResult Run(const DartInnerOptions& inner, std::vector<double> grey_values, GreyValues rule,
                 const DartLoopOptions& options) {
    LinearDart model(&A_, &b_, inner, std::move(grey_values), rule);
    return RunDart(
        kGrid, model, options, x_,
        [&](const DartState& state, const Field&, const std::vector<std::string>& warnings) {
          states_.push_back(state);
          warnings_.insert(warnings_.end(), warnings.begin(), warnings.end());
          return false;
        },
        [] { return true; });
  }

  int WrongLabels(const std::vector<double>& grey_values) const {
    const MaterialBasis materials(grey_values);
    int wrong = 0;
    for (int i = 0; i < kSize * kSize; ++i)
      wrong += materials.Label(x_.data()[i]) != MaterialAt(i) ? 1 : 0;
    return wrong;
  }

  DenseFieldOperator A_;
  Field b_, x_;
  std::vector<DartState> states_;
  std::vector<std::string> warnings_;
};

TEST_F(Dart, FindsTheDiscreteImageThatTheStartImageMisses) {
  for (const DartInner inner : {DartInner::kSirt, DartInner::kBarzilaiBorwein, DartInner::kCgls}) {
    Start();
    ASSERT_GE(WrongLabels({0.1, 0.25}), 3);
    Run({.solver = inner, .iterations = inner == DartInner::kSirt ? 10 : 5}, {0.1, 0.25},
        GreyValues::kFixed, {.stopping = {.iterations = 40}, .smoothing = 0.1});
    EXPECT_EQ(WrongLabels({0.1, 0.25}), 0) << static_cast<int>(inner);
  }
}

TEST_F(Dart, EndsAtTheSameGreyValuesFromWrongOnes) {
  for (const double factor : {0.8, 0.9, 1.1, 1.2}) {
    Start();
    const DartResult result = Run({}, {factor * 0.1, factor * 0.25}, GreyValues::kFitted,
                                  {.stopping = {.iterations = 40}, .smoothing = 0.1});
    EXPECT_NEAR(result.state.grey_values[0], 0.1, 0.003) << factor;
    EXPECT_NEAR(result.state.grey_values[1], 0.25, 0.0075) << factor;
  }
}

TEST_F(Dart, VoxelsThatAreNotFreeTakeTheirGreyValue) {
  Start();
  LinearDart model(&A_, &b_, {}, {0.1, 0.25}, GreyValues::kFixed);
  DartLoop loop(kGrid, &model, {.free_fraction = 0});
  const DartState state = loop.Segmented(x_, 0);
  VoxelLabels labels(kGrid);
  Segment(kGrid, x_, MaterialBasis({0.1, 0.25}), labels);
  VoxelMask boundary(kGrid);
  InsertBoundary(kGrid, labels, boundary);
  ASSERT_TRUE(loop.Advance(state, x_, [] { return true; }));
  const float values[] = {0.0f, 0.1f, 0.25f};
  int fixed = 0;
  for (int i = 0; i < kSize * kSize; ++i) {
    if (boundary.Contains(i, 0)) continue;
    ++fixed;
    EXPECT_EQ(x_.data()[i], values[labels.line(i)[0]]);
  }
  EXPECT_GT(fixed, 10);
  EXPECT_NEAR(loop.Segmented(x_, 1).progress.free_fraction, 1 - fixed / 400.0, 1e-12);
}

/// Misfits as given, whatever the image; every update makes all voxels 1 more.
struct ScriptedModel {
  std::vector<double> misfits;
  std::size_t next = 0;
  std::vector<double> grey_values() const { return {0.5}; }
  std::vector<double> density_factors() const { return {1.0}; }
  SegmentationFit Fit(const Field&) { return {misfits[next++], 0, ""}; }
  template <class GoOn>
  bool Update(const VoxelMask&, Field& x, GoOn&&) const {
    for (float& value : x.values()) value += 1;
    return true;
  }
};

TEST_F(Dart, ReturnsTheLastImageUnlessAnEarlierOneIsMuchBetter) {
  const auto first_voxel = [&](std::vector<double> misfits) {
    Fill(0, x_);
    const int iterations = static_cast<int>(misfits.size()) - 1;
    ScriptedModel model{std::move(misfits)};
    const DartLoopOptions options{
        .stopping = {.iterations = iterations}, .free_fraction = 1, .smoothing = 0};
    const auto go_on = [](const auto&...) { return false; };
    const DartResult result = RunDart(kGrid, model, options, x_, go_on, [] { return true; });
    EXPECT_EQ(x_.data()[0], result.state.progress.iteration);
    return x_.data()[0];
  };
  EXPECT_EQ(first_voxel({4, 3, 2, 2.4}), 3);
  EXPECT_EQ(first_voxel({4, 3, 2, 2.6}), 2);
  EXPECT_EQ(first_voxel({1, 3, 4}), 0);
}

TEST_F(Dart, ItsResultDescribesTheImage) {
  Start();
  const DartResult result =
      Run({}, {0.1, 0.25}, GreyValues::kFixed, {.stopping = {.iterations = 15}});
  ASSERT_GE(states_.size(), 2u);
  for (const DartState& state : states_)
    EXPECT_GE(1.25 * state.progress.misfit, result.state.progress.misfit);
  Field segmented = A_.NewVolume(), r = A_.NewProjections();
  Discretize(x_, MaterialBasis({0.1, 0.25}), segmented);
  Residual(A_, b_, segmented, r);
  EXPECT_NEAR(0.5 * Dot(r, r), result.state.progress.misfit, 1e-9);
  VoxelLabels labels(kGrid);
  EXPECT_EQ(Segment(kGrid, x_, MaterialBasis({0.1, 0.25}), labels).voxels,
            result.state.counts.voxels);
}

TEST_F(Dart, StopsWhenLabelsSettleOrTheCallerSays) {
  Start();
  const DartResult settled =
      Run({}, {0.1, 0.25}, GreyValues::kFixed, {.stopping = {.iterations = 1000}});
  EXPECT_TRUE(settled.reason == StopReason::kLabelsSettled ||
              settled.reason == StopReason::kStagnated);
  LinearDart model(&A_, &b_, {}, {0.1, 0.25}, GreyValues::kFixed);
  int inner = 0, images = 0;
  const DartResult cancelled = RunDart(
      kGrid, model, {}, x_,
      [&](const DartState&, const Field&, const std::vector<std::string>&) {
        ++images;
        return false;
      },
      [&] { return ++inner <= 3; });
  EXPECT_EQ(cancelled.reason, StopReason::kWatch);
  EXPECT_EQ(images, 1) << "in the middle of the first iteration";
}

TEST_F(Dart, WarnsOfGreyValuesThatNoVoxelReachesAndGoesOn) {
  Start();
  const DartResult result = Run({}, {10, 25}, GreyValues::kFitted, {.stopping = {.iterations = 4}});
  ASSERT_THAT(warnings_, SizeIs(1));
  EXPECT_THAT(warnings_[0], HasSubstr("no voxel reaches 5 1/mm"));
  EXPECT_THAT(result.state.counts.voxels, ElementsAre(400, 0, 0));
  for (const float value : x_.values()) EXPECT_TRUE(std::isfinite(value));
  Field r = A_.NewProjections();
  Residual(A_, b_, x_, r);
  EXPECT_LT(Norm(r), 0.1 * Norm(b_)) << "with all voxels free the image still fits";
}

TEST_F(Dart, WarnsOfAMaterialThatNoVoxelHas) {
  Start();
  Run({}, {0.1, 0.25, 5}, GreyValues::kFitted, {.stopping = {.iterations = 5}});
  ASSERT_THAT(warnings_, SizeIs(1));
  EXPECT_THAT(warnings_[0], HasSubstr("no voxel has the grey value 5 1/mm (material 3 of 3)"));
}

}  // namespace
}  // namespace tomoslab
