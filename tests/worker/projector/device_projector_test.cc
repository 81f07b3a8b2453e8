// The projectors of an accelerator against the CPU's.
#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/accelerators.h"
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
using testing::WithSlabs;

using Vector = std::vector<float>;
constexpr ProjectorModel kModels[] = {ProjectorModel::kJoseph, ProjectorModel::kFootprint};

enum class Kernel { kAdjoint, kVoxelDriven };

/// A projector, wherever its numbers are.
class Pair {
 public:
  virtual ~Pair() = default;
  virtual Vector Project(const Vector& x) = 0;
  virtual Vector Backproject(Kernel kernel, Vector y) = 0;

 protected:
  explicit Pair(const NamedGeometry& of) : of_(of) {}

  /// In two batches, so that the second adds to the first.
  void RunBackprojection(LocalProjector& projector, Kernel kernel, float* y) const {
    const absl::Span<const View> views(of_.scan.views);
    const std::size_t half = views.size() / 2;
    for (const std::size_t first : {std::size_t{0}, half}) {
      const ProjectionBand band{views.subspan(first, first == 0 ? half : views.size()),
                                of_.scan.detector.columns,
                                {0, of_.scan.detector.rows}};
      float* from = y + AllRows(of_.scan).Offset(static_cast<std::int64_t>(first), 0);
      if (kernel == Kernel::kAdjoint) {
        projector.Backproject(band, from);
      } else {
        projector.BackprojectVoxels(band, from);
      }
    }
  }

  NamedGeometry of_;
};

class OnHost : public Pair {
 public:
  OnHost(const NamedGeometry& of, std::unique_ptr<LocalProjector> projector)
      : Pair(of), projector_(std::move(projector)) {}

  Vector Project(const Vector& x) override {
    Vector y(of_.scan.PixelCount());
    projector_->BeginProjection(x.data());
    projector_->Project(AllRows(of_.scan), y.data());
    return y;
  }
  Vector Backproject(Kernel kernel, Vector y) override {
    Vector x(of_.volume.VoxelCount(), 0.0f);
    projector_->BeginBackprojection(x.data());
    RunBackprojection(*projector_, kernel, y.data());
    projector_->FinishBackprojection();
    return x;
  }

 private:
  std::unique_ptr<LocalProjector> projector_;
};

class OnDevice : public Pair {
 public:
  OnDevice(const NamedGeometry& of, Accelerator* accelerator, ProjectorModel model)
      : Pair(of),
        projector_(MakeDeviceProjector(accelerator, of.volume, model)),
        x_(accelerator, of.volume.VoxelCount(), "x"),
        y_(accelerator, of.scan.PixelCount(), "y"),
        accelerator_(accelerator) {}

  Vector Project(const Vector& x) override {
    x_.Upload(x.data(), x_.count());
    projector_->BeginProjection(x_.data());
    projector_->Project(AllRows(of_.scan), y_.data());
    return Here(y_);
  }
  Vector Backproject(Kernel kernel, Vector y) override {
    y_.Upload(y.data(), y_.count());
    accelerator_->Clear(x_.data(), BytesOf<float>(x_.count()), Queue::kCompute);
    projector_->BeginBackprojection(x_.data());
    RunBackprojection(*projector_, kernel, y_.data());
    projector_->FinishBackprojection();
    return Here(x_);
  }

 private:
  Vector Here(const DeviceArray<float>& array) const {
    Vector values(array.count());
    accelerator_->Download(array.data(), values.data(), {.width = BytesOf<float>(array.count())});
    return values;
  }

  std::unique_ptr<LocalProjector> projector_;
  DeviceArray<float> x_, y_;
  Accelerator* accelerator_;
};

/// Whole and as thin slabs; all kinds of views, also those that go to the CPU.
std::vector<NamedGeometry> Parts() {
  std::vector<NamedGeometry> result;
  for (const NamedGeometry& whole : AllGeometries()) {
    for (NamedGeometry& part : WithSlabs(whole)) result.push_back(std::move(part));
  }
  return result;
}

void ExpectEqual(Pair& expected, Pair& got, const NamedGeometry& of) {
  const Vector x = Random(of.volume.VoxelCount(), 1), y = Random(of.scan.PixelCount(), 2);
  EXPECT_LT(RelativeDifference(expected.Project(x), got.Project(x)), 1e-5) << of.name;
  for (const Kernel kernel : {Kernel::kAdjoint, Kernel::kVoxelDriven}) {
    EXPECT_LT(RelativeDifference(expected.Backproject(kernel, y), got.Backproject(kernel, y)), 1e-5)
        << of.name << (kernel == Kernel::kAdjoint ? ", adjoint" : ", voxel-driven");
  }
}

/// ⟨A x, y⟩ = ⟨x, Aᵀ y⟩, and both repeat bit for bit.
void ExpectAdjoint(Pair& pair, const NamedGeometry& of) {
  const Vector x = Random(of.volume.VoxelCount(), 3), y = Random(of.scan.PixelCount(), 4);
  const Vector ax = pair.Project(x), aty = pair.Backproject(Kernel::kAdjoint, y);
  EXPECT_LE(std::abs(Dot(ax, y) - Dot(x, aty)), 1e-5 * std::sqrt(Dot(ax, ax) * Dot(y, y)))
      << of.name;
  EXPECT_EQ(ax, pair.Project(x)) << of.name;
  EXPECT_EQ(aty, pair.Backproject(Kernel::kAdjoint, y)) << of.name;
}

class DeviceProjector : public testing::OnAccelerator {};

TEST_P(DeviceProjector, EqualsTheCpu) {
  for (const ProjectorModel model : kModels) {
    for (const NamedGeometry& part : Parts()) {
      OnHost cpu(part, MakeCpuProjector(part.volume, model));
      OnDevice device(part, accelerator(), model);
      ExpectEqual(cpu, device, part);
    }
  }
}

TEST_P(DeviceProjector, IsAdjointAndRepeatsBitForBit) {
  for (const ProjectorModel model : kModels) {
    for (const NamedGeometry& part : Parts()) {
      OnDevice device(part, accelerator(), model);
      ExpectAdjoint(device, part);
    }
  }
}

class StreamedProjector : public testing::OnAccelerator {
 protected:
  /// With memory for pieces of `slices` slices and batches of three views.
  OnHost Streamed(const NamedGeometry& of, ProjectorModel model, std::int64_t slices) const {
    const LargestView largest{of.scan.detector.columns, of.scan.detector.rows};
    const std::int64_t view = largest.columns * largest.rows;
    const std::int64_t slice = std::int64_t{of.volume.columns} * of.volume.rows;
    // Two pieces and twice the views, and an eighth for geometry; room for three views of that.
    const std::int64_t bytes = std::max(
        {8 * (3 * view + slices * slice), 3 * 8 * 4 * view, 3 * 7 * 250 * largest.columns});
    return {of,
            MakeStreamedProjector(accelerator(), of.volume, model, bytes * 8 / 7 + 64, largest)};
  }
};

TEST_P(StreamedProjector, EqualsTheCpuWithPiecesOfAnySize) {
  for (const ProjectorModel model : kModels) {
    for (const NamedGeometry& whole : AllGeometries()) {
      for (const std::int64_t slices : {1, 2, 5, 1000}) {
        OnHost cpu(whole, MakeCpuProjector(whole.volume, model));
        OnHost streamed = Streamed(whole, model, slices);
        ExpectEqual(cpu, streamed, whole);
      }
    }
  }
}

TEST_P(StreamedProjector, IsAdjointAndRepeatsBitForBit) {
  for (const NamedGeometry& whole : AllGeometries()) {
    OnHost streamed = Streamed(whole, ProjectorModel::kJoseph, 2);
    ExpectAdjoint(streamed, whole);
  }
}

TEST_P(StreamedProjector, RefusesASliceThatDoesNotFitWithFigures) {
  const Volume huge{.columns = 60000,
                    .rows = 60000,
                    .slices = 4000,
                    .voxel_width_mm = 1,
                    .voxel_height_mm = 1,
                    .center_mm = {}};
  try {
    MakeStreamedProjector(accelerator(), huge, ProjectorModel::kJoseph, std::int64_t{1} << 30,
                          {100, 100});
    FAIL() << "it fits";
  } catch (const DeviceMemoryError& error) {
    EXPECT_NE(std::string(error.what()).find("60000 x 60000 voxels"), std::string::npos);
    EXPECT_NE(std::string(error.what()).find("1.000 GiB"), std::string::npos);
  }
}

TOMOSLAB_ON_ACCELERATORS(DeviceProjector);
TOMOSLAB_ON_ACCELERATORS(StreamedProjector);

}  // namespace
}  // namespace tomoslab
