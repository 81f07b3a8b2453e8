// The CUDA projector against the CPU's, on a GPU; skipped, with the reason, where there is none.
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "tests/support/geometries.h"
#include "tests/support/vectors.h"
#include "worker/projector/local_projector.h"

namespace tomoslab {
namespace {

using testing::AllGeometries;
using testing::AllRows;
using testing::Dot;
using testing::NamedGeometry;
using testing::Random;
using testing::RelativeDifference;

class CudaProjector : public ::testing::Test {
 protected:
  void SetUp() override {
    const absl::StatusOr<std::vector<Device>> devices = CudaDevices();
    if (!devices.ok()) GTEST_SKIP() << devices.status().message();
    device_ = devices->front();
  }

  std::unique_ptr<LocalProjector> OnGpu(const NamedGeometry& of,
                                        ProjectorModel model = ProjectorModel::kJoseph) const {
    auto made = MakeCudaProjector(device_, of.volume, model,
                                  {of.scan.detector.columns, of.scan.detector.rows});
    EXPECT_TRUE(made.ok()) << made.status();
    return *std::move(made);
  }

  Device device_;
};

/// Whole, as a thin slab, and as a single slice; all kinds of views, also those that go to the CPU.
std::vector<NamedGeometry> Parts() {
  std::vector<NamedGeometry> result;
  for (const NamedGeometry& whole : AllGeometries()) {
    const int slices = whole.volume.slices;
    for (const IndexRange range :
         {IndexRange{0, slices}, IndexRange{slices / 2, slices / 2 + 3}, IndexRange{0, 1}}) {
      if (range.end > slices) continue;
      NamedGeometry part = whole;
      part.volume = whole.volume.Slices(range);
      part.name += ", slices " + std::to_string(range.begin) + " to " + std::to_string(range.end);
      result.push_back(part);
    }
  }
  return result;
}

std::vector<float> Project(LocalProjector& projector, const NamedGeometry& of,
                           const std::vector<float>& x) {
  std::vector<float> y(of.scan.PixelCount());
  projector.BeginProjection(x.data());
  projector.Project(AllRows(of.scan), y.data());
  return y;
}

enum class Kernel { kAdjoint, kVoxelDriven };

std::vector<float> Backproject(Kernel kernel, LocalProjector& projector, const NamedGeometry& of,
                               std::vector<float> y) {
  std::vector<float> x(of.volume.VoxelCount(), 0.0f);
  projector.BeginBackprojection(x.data());
  // In two batches, so that the second adds to the first.
  const std::size_t half = of.scan.views.size() / 2;
  for (const auto views : {absl::MakeConstSpan(of.scan.views).first(half),
                           absl::MakeConstSpan(of.scan.views).subspan(half)}) {
    const ProjectionBand band{views, of.scan.detector.columns, {0, of.scan.detector.rows}};
    float* from =
        y.data() + (views.data() == of.scan.views.data() ? 0 : AllRows(of.scan).Offset(half, 0));
    if (kernel == Kernel::kAdjoint) {
      projector.Backproject(band, from);
    } else {
      projector.BackprojectVoxels(band, from);
    }
  }
  projector.FinishBackprojection();
  return x;
}

TEST_F(CudaProjector, EqualsTheCpu) {
  for (const ProjectorModel model : {ProjectorModel::kJoseph, ProjectorModel::kFootprint}) {
    for (const NamedGeometry& part : Parts()) {
      const auto gpu = OnGpu(part, model), cpu = MakeCpuProjector(part.volume, model);
      const std::vector<float> x = Random(part.volume.VoxelCount(), 1),
                               y = Random(part.scan.PixelCount(), 2);
      EXPECT_LT(RelativeDifference(Project(*cpu, part, x), Project(*gpu, part, x)), 1e-5)
          << part.name;
      for (const Kernel kernel : {Kernel::kAdjoint, Kernel::kVoxelDriven}) {
        EXPECT_LT(RelativeDifference(Backproject(kernel, *cpu, part, y),
                                     Backproject(kernel, *gpu, part, y)),
                  1e-5)
            << part.name;
      }
    }
  }
}

TEST_F(CudaProjector, IsAdjointAndRepeatsBitForBit) {
  for (const NamedGeometry& part : Parts()) {
    const auto gpu = OnGpu(part);
    const std::vector<float> x = Random(part.volume.VoxelCount(), 3),
                             y = Random(part.scan.PixelCount(), 4);
    const std::vector<float> ax = Project(*gpu, part, x),
                             aty = Backproject(Kernel::kAdjoint, *gpu, part, y);
    EXPECT_LE(std::abs(Dot(ax, y) - Dot(x, aty)), 1e-5 * std::sqrt(Dot(ax, ax) * Dot(y, y)))
        << part.name;
    EXPECT_EQ(ax, Project(*gpu, part, x)) << part.name;
    EXPECT_EQ(aty, Backproject(Kernel::kAdjoint, *gpu, part, y)) << part.name;
  }
}

TEST_F(CudaProjector, RefusesASlabThatDoesNotFitWithFigures) {
  const Volume huge{.columns = 60000,
                    .rows = 60000,
                    .slices = 4000,
                    .voxel_width_mm = 1,
                    .voxel_height_mm = 1,
                    .center_mm = {}};
  const auto made = MakeCudaProjector(device_, huge, ProjectorModel::kJoseph, {100, 100});
  ASSERT_EQ(made.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_NE(made.status().message().find("GiB"), std::string::npos) << made.status();
}

}  // namespace
}  // namespace tomoslab
