#include "server/plane_reader.h"

#include <gtest/gtest.h>

#include <vector>

#include "proto/chunking.h"
#include "tests/server/samples.h"
#include "tests/server/status_of.h"
#include "tests/server/temporary_folder.h"

namespace tomoslab {
namespace {

struct Shape {
  int slices, rows, columns;
};

/// A volume whose voxels say where they are.
class PlaneReaderTest : public testing::Test {
 protected:
  void Store(Shape shape) {
    v1::Job job;
    job.set_name("jobs/1");
    *job.mutable_spec() = SampleJob("scans/1");
    v1::VolumeGeometry* volume = job.mutable_spec()->mutable_volume();
    volume->set_slices(shape.slices);
    volume->set_rows(shape.rows);
    volume->set_columns(shape.columns);
    volume->set_voxel_width_mm(1);
    volume_ = *volume;
    ASSERT_TRUE(VolumeFile::Create(Path(), job, SampleScan()).ok());
    std::vector<float> voxels;
    for (int z = 0; z < shape.slices; ++z)
      for (int y = 0; y < shape.rows; ++y)
        for (int x = 0; x < shape.columns; ++x) voxels.push_back(At(z, y, x));
    const VolumeFile file = *VolumeFile::Open(Path(), volume_);
    ASSERT_TRUE(
        file.Write({0, file.line_count()}, reinterpret_cast<const char*>(voxels.data())).ok());
  }
  static float At(int z, int y, int x) { return static_cast<float>(1000 * z + 100 * y + x % 97); }

  absl::StatusOr<v1::PreviewReady> Plane(v1::Plane plane, int index) const {
    v1::ReadPreviewRequest request;
    request.set_plane(plane);
    request.set_index(index);
    return PlaneOfVolume(volume_, request);
  }
  /// All pixels; how many messages they came in is in `messages_`.
  std::vector<float> Read(const v1::PreviewReady& plane) {
    PlaneReader reader(*VolumeFile::Open(Path(), volume_), plane);
    std::vector<float> pixels;
    v1::PreviewChunk chunk;
    for (messages_ = 0; *reader.Next(&chunk); ++messages_) {
      EXPECT_TRUE(CheckChunk(chunk, 4 * plane.columns(), plane.rows()).ok());
      EXPECT_EQ(chunk.first_row() * plane.columns(), static_cast<int>(pixels.size()));
      const auto* values = reinterpret_cast<const float*>(chunk.data().data());
      pixels.insert(pixels.end(), values, values + chunk.data().size() / sizeof(float));
    }
    return pixels;
  }
  void ExpectPlanes() {
    const int z = volume_.slices() / 2, y = volume_.rows() - 1, x = volume_.columns() / 3;
    std::vector<float> axial, coronal, sagittal;
    for (int row = 0; row < volume_.rows(); ++row)
      for (int i = 0; i < volume_.columns(); ++i) axial.push_back(At(z, row, i));
    for (int row = 0; row < volume_.slices(); ++row) {
      for (int i = 0; i < volume_.columns(); ++i) coronal.push_back(At(row, y, i));
      for (int i = 0; i < volume_.rows(); ++i) sagittal.push_back(At(row, i, x));
    }
    EXPECT_EQ(Read(*Plane(v1::AXIAL, z)), axial);
    EXPECT_EQ(Read(*Plane(v1::CORONAL, y)), coronal);
    EXPECT_EQ(Read(*Plane(v1::SAGITTAL, x)), sagittal);
  }
  std::string Path() const { return folder_.path() + "/volume.h5"; }

  TemporaryFolder folder_;
  v1::VolumeGeometry volume_;
  int messages_ = 0;
};

TEST_F(PlaneReaderTest, ShowsEveryDirection) {
  Store({4, 3, 5});
  ExpectPlanes();
  EXPECT_EQ(messages_, 1);
}

TEST_F(PlaneReaderTest, GoesThroughALargeVolumeInPieces) {
  Store({3, 9, 50'000});  // a line is 200 kB: no slice fits a chunk
  ExpectPlanes();
  EXPECT_EQ(messages_, 3);  // of the sagittal one, one slice each
}

TEST_F(PlaneReaderTest, SaysWhatThereIs) {
  Store({4, 3, 5});
  EXPECT_EQ(Plane(v1::AXIAL, 3)->columns(), 5);
  EXPECT_EQ(CodeOf(Plane(v1::AXIAL, 4)), kOutOfRange);
  EXPECT_EQ(CodeOf(Plane(v1::CORONAL, 3)), kOutOfRange);
  EXPECT_EQ(CodeOf(Plane(v1::SAGITTAL, 5)), kOutOfRange);
  EXPECT_EQ(CodeOf(Plane(v1::SAGITTAL, -1)), kOutOfRange);
  EXPECT_EQ(CodeOf(Plane(static_cast<v1::Plane>(9), 0)), kInvalidArgument);
  v1::ReadPreviewRequest any;
  EXPECT_EQ(PlaneOfVolume(volume_, any)->plane(), v1::AXIAL);
  EXPECT_EQ(PlaneOfVolume(volume_, any)->index(), 2);
}

TEST_F(PlaneReaderTest, NeedsOnlyItselfOrEverySlice) {
  Store({4, 3, 5});
  EXPECT_EQ(SlicesOf(*Plane(v1::AXIAL, 2), volume_), (IndexRange{2, 3}));
  EXPECT_EQ(SlicesOf(*Plane(v1::CORONAL, 2), volume_), (IndexRange{0, 4}));
  EXPECT_EQ(SlicesOf(*Plane(v1::SAGITTAL, 2), volume_), (IndexRange{0, 4}));
}

}  // namespace
}  // namespace tomoslab
