// NXtomo files: written ones, and broken ones.
#include <numbers>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/worker/data/written_file.h"

namespace tomoslab {
namespace {

class NxtomoFile : public WrittenFile {
 protected:
  // Frames: dark, flat, view, invalid, view, flat, view. Frame i holds i everywhere.
  void WriteNxtomo(const std::string& entry, const std::string& data, const std::string& angles,
                   int angle_count = 7) {
    auto file = Hdf5NewFile::Create(path_);
    ASSERT_TRUE(file.ok());
    file_ = std::make_unique<Hdf5NewFile>(*std::move(file));
    ASSERT_TRUE(file_->AddText(entry + "/definition", "NXtomo").ok());
    std::vector<double> frames;
    for (int i = 0; i < 7; ++i) frames.insert(frames.end(), 6, i);
    Add(entry + data, H5T_STD_U16LE, {7, 2, 3}, frames);
    const std::vector<double> keys = {2, 1, 0, 3, 0, 1, 0};
    ASSERT_TRUE(file_->AddNumbers(entry + "/instrument/detector/image_key", keys, {7}).ok());
    std::vector<double> angle = {0, 0, 10, 15, 20, 0, 30};
    angle.resize(angle_count);
    ASSERT_TRUE(file_->AddNumbers(entry + angles, angle, {angle_count}).ok());
  }
};

TEST_F(NxtomoFile, SortsFramesByKeyAndKeepsPositions) {
  WriteNxtomo("/scan_1", "/instrument/detector/data", "/sample/rotation_angle");
  ASSERT_TRUE(
      file_->AddNumbers("/scan_1/instrument/detector/x_pixel_size", std::vector<double>{5}, {})
          .ok());
  ASSERT_TRUE(
      file_->SetAttribute("/scan_1/instrument/detector/x_pixel_size", "units", std::string("um"))
          .ok());
  const auto reader = Open();
  ASSERT_TRUE(reader.ok()) << reader.status();
  const ScanDescription& d = (*reader)->description();
  ASSERT_EQ(d.scan.views.size(), 3u);
  EXPECT_NEAR(d.scan.orbit->angle_rad[1], 20 * std::numbers::pi / 180, 1e-12);
  EXPECT_EQ(d.flat_after_views, (std::vector<int>{0, 2}));
  EXPECT_EQ(d.dark_after_views, (std::vector<int>{0}));
  EXPECT_DOUBLE_EQ(d.scan.detector.pixel_width_mm, 0.005);
  ASSERT_NE(Find(d, "frames left out"), nullptr);
  EXPECT_EQ(Find(d, "frames left out")->value, "1");
  std::vector<std::uint16_t> lines(18);
  ASSERT_TRUE((*reader)
                  ->ReadLines(FrameKind::kProjection, 0, 6,
                              absl::MakeSpan(reinterpret_cast<std::byte*>(lines.data()), 36))
                  .ok());
  EXPECT_EQ(lines,
            (std::vector<std::uint16_t>{2, 2, 2, 2, 2, 2, 4, 4, 4, 4, 4, 4, 6, 6, 6, 6, 6, 6}));
}

TEST_F(NxtomoFile, FindsDiamondsEntry) {
  WriteNxtomo("/entry1/tomo_entry", "/data/data", "/data/rotation_angle");
  const auto reader = Open();
  ASSERT_TRUE(reader.ok()) << reader.status();
  EXPECT_EQ((*reader)->description().scan.views.size(), 3u);
}

TEST_F(NxtomoFile, CountsAnglesThatDoNotFit) {
  WriteNxtomo("/entry", "/instrument/detector/data", "/sample/rotation_angle", 5);
  ExpectRefused(absl::StatusCode::kInvalidArgument,
                {"/entry/sample/rotation_angle", "5 angles for 7 frames"});
}

TEST_F(NxtomoFile, WithoutDataNamesTheKey) {
  auto file = Hdf5NewFile::Create(path_);
  ASSERT_TRUE(file->AddText("/entry/definition", "NXtomo").ok());
  ASSERT_TRUE(file->Publish().ok());
  ExpectRefused(absl::StatusCode::kNotFound, {"/entry/instrument/detector/data", "missing"});
}

}  // namespace
}  // namespace tomoslab
