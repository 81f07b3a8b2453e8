#include "worker/distributed/distributed_projector.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/figure.h"
#include "tests/support/geometries.h"
#include "worker/projector/voxel_backproject.h"

namespace tomoslab {
namespace {

using testing::AllGeometries;
using testing::Noise;

/// Numbers that depend on the global index only.
void FillNoise(Field& field, std::uint64_t seed) {
  Field here(field.outer(), field.inner(), field.inner_total(), field.sum());
  for (std::int64_t outer = 0; outer < field.outer(); ++outer) {
    for (std::int64_t i = 0; i < field.inner_size(); ++i) {
      here.line(outer)[i] = Noise(seed, outer * field.inner_total() + field.inner().begin + i);
    }
  }
  Copy(here, field);
}

std::vector<float> WholeNoise(std::int64_t size, std::uint64_t seed) {
  std::vector<float> values(size);
  for (std::int64_t i = 0; i < size; ++i) values[i] = Noise(seed, i);
  return values;
}

/// ‖field − whole‖ / ‖whole‖ over all ranks; `whole` is the undistributed array.
double Difference(const Field& there, const std::vector<float>& whole) {
  const Field field = OnHost(there);
  Field expected = Like(field), difference = Like(field);
  for (std::int64_t outer = 0; outer < field.outer(); ++outer) {
    for (std::int64_t i = 0; i < field.inner_size(); ++i) {
      expected.line(outer)[i] = whole[outer * field.inner_total() + field.inner().begin + i];
    }
  }
  Subtract(expected, field, difference);
  return Norm(difference) / Norm(expected);
}

ProjectionBand AllRows(const Scan& scan) {
  return {scan.views, scan.detector.columns, {0, scan.detector.rows}};
}

class DistributedPair : public ::testing::TestWithParam<ProjectorModel> {};

TEST_P(DistributedPair, EqualsTheUndistributedOne) {
  const Communicator ranks = Communicator::World();
  for (const auto& [name, scan, volume] : AllGeometries()) {
    const DistributedProjector A(scan, volume, &ranks, GetParam());
    Field x = A.NewVolume(), y = A.NewProjections();
    FillNoise(x, 1);
    A.Project(x, y);
    const std::vector<float> whole_x = WholeNoise(volume.VoxelCount(), 1);
    std::vector<float> whole_y(scan.PixelCount());
    Project(GetParam(), volume, whole_x.data(), AllRows(scan), whole_y.data());
    EXPECT_LT(Difference(y, whole_y), 1e-6) << name;

    FillNoise(y, 2);
    A.Backproject(y, x);
    std::vector<float> scratch = WholeNoise(scan.PixelCount(), 2), back(volume.VoxelCount(), 0.0f);
    Backproject(GetParam(), AllRows(scan), scratch.data(), volume, back.data());
    EXPECT_LT(Difference(x, back), 1e-6) << name;

    A.BackprojectVoxelDriven(y, x);
    scratch = WholeNoise(scan.PixelCount(), 2);
    std::fill(back.begin(), back.end(), 0.0f);
    BackprojectVoxels(AllRows(scan), scratch.data(), volume, back.data());
    EXPECT_LT(Difference(x, back), 2e-6) << name;
  }
}

TEST_P(DistributedPair, IsAdjointAcrossRanks) {
  const Communicator ranks = Communicator::World();
  for (const auto& [name, scan, volume] : AllGeometries()) {
    const DistributedProjector A(scan, volume, &ranks, GetParam());
    Field x = A.NewVolume(), y = A.NewProjections(), ax = A.NewProjections(), aty = A.NewVolume();
    FillNoise(x, 3);
    FillNoise(y, 4);
    A.Project(x, ax);
    A.Backproject(y, aty);
    const double left = Dot(ax, y), right = Dot(x, aty);
    testing::ExpectAtMost("A1 adjointness on 1, 2, 3, 5 ranks",
                          std::abs(left - right) / std::abs(left), 1e-5);
  }
}

TEST_P(DistributedPair, RepeatsBitForBit) {
  const Communicator ranks = Communicator::World();
  for (const auto& [name, scan, volume] : AllGeometries()) {
    const DistributedProjector A(scan, volume, &ranks, GetParam());
    Field x = A.NewVolume(), first = A.NewProjections(), second = A.NewProjections();
    FillNoise(x, 5);
    A.Project(x, first);
    A.Project(x, second);
    EXPECT_TRUE(std::equal(first.values().begin(), first.values().end(), second.values().begin()))
        << name;
  }
}

TEST(DistributedProjector, CountsTheBytesOfTheFormula) {
  const Communicator ranks = Communicator::World();
  for (const auto& [name, scan, volume] : AllGeometries()) {
    const DistributedProjector A(scan, volume, &ranks);
    Field x = A.NewVolume(), y = A.NewProjections();
    A.Take();
    A.Project(x, y);
    const std::int64_t forward = ranks.SumCounts(A.Take().sent_bytes);
    A.Backproject(y, x);
    const std::int64_t back = ranks.SumCounts(A.Take().sent_bytes);
    // 4 bytes · columns · views · rows that lie in the shadow of a rank that does not own them,
    // batch by batch.
    std::int64_t expected = 0;
    for (const ViewBatch& batch : A.plan().batches) {
      for (int rank = 0; rank < ranks.size(); ++rank) {
        std::int64_t foreign = 0;
        for (std::int64_t row = batch.shadow[rank].begin; row < batch.shadow[rank].end; ++row) {
          const IndexRange own = A.plan().owned[rank];
          foreign += row < own.begin || row >= own.end;
        }
        expected += 4 * foreign * scan.detector.columns * batch.views.size();
      }
    }
    EXPECT_EQ(forward, expected) << name;
    EXPECT_EQ(back, expected) << name;
    EXPECT_EQ(expected, ExchangedBytesPerPass(A.plan(), scan.detector.columns)) << name;
    EXPECT_TRUE(ranks.size() > 1 || expected == 0) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(Models, DistributedPair,
                         ::testing::Values(ProjectorModel::kJoseph, ProjectorModel::kFootprint));

}  // namespace
}  // namespace tomoslab
