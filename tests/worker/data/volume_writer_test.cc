#include "worker/data/volume_writer.h"

#include <png.h>

#include <cmath>
#include <cstring>
#include <filesystem>

#include <gtest/gtest.h>

#include "tests/worker/data/scratch_folder.h"
#include "worker/data/hdf5_reading.h"
#include "worker/data/slice_image.h"
#include "worker/data/tiff_image.h"

namespace tomoslab {
namespace {

// 3 columns, 2 rows, 4 slices; voxel = 100·slice + 10·row + column.
VolumeRecord Record() {
  VolumeRecord record;
  record.volume = *Volume::Create({3, 2, 4, 0.5, 0.25, {1, 2, 3}});
  record.provenance = {{"algorithm", "bb"}};
  record.figures = {{"iterations", 30}};
  return record;
}

std::vector<float> Lines(int begin, int end) {
  std::vector<float> lines;
  for (int line = begin; line < end; ++line) {
    for (int column = 0; column < 3; ++column)
      lines.push_back(static_cast<float>(100 * (line / 2) + 10 * (line % 2) + column));
  }
  return lines;
}

// Pieces that start and end inside slices.
void AppendAll(VolumeWriter& writer) {
  for (const auto& [begin, end] : {std::pair{0, 1}, {1, 6}, {6, 8}}) {
    const absl::Status status = writer.Append(Lines(begin, end));
    ASSERT_TRUE(status.ok()) << status;
  }
}

TEST(Hdf5VolumeWriter, KeepsNumbersPlaceAndProvenance) {
  const ScratchFolder folder;
  const std::string path = folder.path() + "/volume.h5";
  auto writer = MakeVolumeWriter(path, Record());
  ASSERT_TRUE(writer.ok()) << writer.status();
  AppendAll(**writer);
  EXPECT_FALSE(std::filesystem::exists(path));
  ASSERT_TRUE((*writer)->Finish().ok());
  const auto file = Hdf5File::Open(path);
  ASSERT_TRUE(file.ok()) << file.status();
  const auto data = file->OpenDataset("/exchange/data");
  ASSERT_TRUE(data.ok());
  EXPECT_EQ(data->shape, (std::vector<std::int64_t>{4, 2, 3}));
  std::vector<float> values(24);
  ASSERT_TRUE(data->Read({0, 0, 0}, {4, 2, 3}, SampleType::kFloat32, values.data()).ok());
  EXPECT_EQ(values, Lines(0, 8));
  EXPECT_EQ(*file->TextAttribute("/exchange/data", "axes"), "z:y:x");
  EXPECT_EQ(*file->TextAttribute("/process/tomoslab", "algorithm"), "bb");
  EXPECT_EQ(*file->NumberAttribute("/process/tomoslab", "iterations"), 30);
}

TEST(VolumeWriters, StoreLabelsInAByte) {
  const ScratchFolder folder;
  VolumeRecord record = Record();
  record.numbers = VolumeNumbers::kUint8;
  record.unit = "label";
  const std::vector<float> labels = {0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3,
                                     4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7};
  for (const char* output : {"/labels.h5", "/labels/"}) {
    auto writer = MakeVolumeWriter(folder.path() + output, record);
    ASSERT_TRUE(writer.ok()) << writer.status();
    ASSERT_TRUE((*writer)->Append(labels).ok());
    ASSERT_TRUE((*writer)->Finish().ok());
  }
  const auto file = Hdf5File::Open(folder.path() + "/labels.h5");
  const auto data = file->OpenDataset("/exchange/data");
  ASSERT_TRUE(data.ok());
  EXPECT_EQ(data->sample_type, SampleType::kUint8);
  EXPECT_EQ(*file->TextAttribute("/exchange/data", "units"), "label");
  std::vector<float> values(24);
  ASSERT_TRUE(data->Read({0, 0, 0}, {4, 2, 3}, SampleType::kFloat32, values.data()).ok());
  EXPECT_EQ(values, labels);
  auto slice = TiffImage::Open(folder.path() + "/labels/recon_00001.tiff", 0);
  ASSERT_TRUE(slice.ok()) << slice.status();
  EXPECT_EQ(slice->sample_type(), SampleType::kUint8);
  std::byte line[3];
  ASSERT_TRUE(slice->ReadLine(1, SampleType::kUint8, line).ok());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(std::to_integer<int>(line[i]), labels[9 + i]);
}

TEST(Hdf5VolumeWriter, AnUnfinishedVolumeIsNotLeftBehind) {
  const ScratchFolder folder;
  {
    auto writer = MakeVolumeWriter(folder.path() + "/volume.h5", Record());
    ASSERT_TRUE((*writer)->Append(Lines(0, 3)).ok());
    EXPECT_EQ((*writer)->Finish().code(), absl::StatusCode::kFailedPrecondition);
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(TiffVolumeWriter, WritesOneImagePerSlice) {
  const ScratchFolder folder;
  auto writer = MakeVolumeWriter(folder.path() + "/slices/", Record());
  ASSERT_TRUE(writer.ok()) << writer.status();
  AppendAll(**writer);
  ASSERT_TRUE((*writer)->Finish().ok());
  for (int slice = 0; slice < 4; ++slice) {
    auto image =
        TiffImage::Open(folder.path() + "/slices/recon_0000" + std::to_string(slice) + ".tiff", 0);
    ASSERT_TRUE(image.ok()) << image.status();
    EXPECT_EQ(image->sample_type(), SampleType::kFloat32);
    std::vector<float> values(6);
    for (int row = 0; row < 2; ++row) {
      ASSERT_TRUE(image
                      ->ReadLine(row, SampleType::kFloat32,
                                 reinterpret_cast<std::byte*>(values.data() + 3 * row))
                      .ok());
    }
    EXPECT_EQ(values, Lines(2 * slice, 2 * slice + 2));
  }
}

TEST(VolumeWriter, OtherNamesAreRefused) {
  EXPECT_EQ(MakeVolumeWriter("volume.raw", Record()).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(MakeVolumeWriter("/no/such/folder/volume.h5", Record()).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(MiddlePlanes, PicksTheThreePlanes) {
  MiddlePlanes planes(Record().volume);
  planes.Add(0, Lines(0, 3));
  planes.Add(3, Lines(3, 8));
  EXPECT_EQ(planes.axial().value, (std::vector<float>{200, 201, 202, 210, 211, 212}));
  EXPECT_EQ(planes.coronal().value,
            (std::vector<float>{10, 11, 12, 110, 111, 112, 210, 211, 212, 310, 311, 312}));
  EXPECT_EQ(planes.sagittal().value, (std::vector<float>{1, 11, 101, 111, 201, 211, 301, 311}));
}

TEST(PercentileWindow, CutsBothEndsAndIgnoresNotANumber) {
  SliceImage image{1, 1002, {}};
  for (int i = 0; i < 1001; ++i) image.value.push_back(static_cast<float>(i));
  image.value.push_back(NAN);
  const GreyWindow window = PercentileWindow({&image});
  EXPECT_EQ(window.low, 5);
  EXPECT_EQ(window.high, 995);
  const SliceImage flat{1, 2, {3, 3}};
  EXPECT_LT(PercentileWindow({&flat}).low, PercentileWindow({&flat}).high);
}

TEST(WritePng, MapsTheWindowToGrey) {
  const ScratchFolder folder;
  const std::string path = folder.path() + "/slice.png";
  ASSERT_TRUE(WritePng(path, {2, 3, {0, 1, 2, -7, 9, NAN}}, {0, 2}).ok());
  png_image png;
  std::memset(&png, 0, sizeof png);
  png.version = PNG_IMAGE_VERSION;
  ASSERT_NE(png_image_begin_read_from_file(&png, path.c_str()), 0);
  EXPECT_EQ(png.width, 3u);
  EXPECT_EQ(png.height, 2u);
  png.format = PNG_FORMAT_GRAY;
  std::vector<png_byte> grey(6);
  ASSERT_NE(png_image_finish_read(&png, nullptr, grey.data(), 0, nullptr), 0);
  EXPECT_EQ(grey, (std::vector<png_byte>{0, 128, 255, 0, 255, 0}));
  EXPECT_FALSE(WritePng("/no/such/folder/slice.png", {1, 1, {0}}, {0, 1}).ok());
}

}  // namespace
}  // namespace tomoslab
