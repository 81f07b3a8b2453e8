#include <fstream>

#include <gtest/gtest.h>

#include "client/scan_file.h"
#include "proto/values.h"
#include "tests/worker/data/scratch_folder.h"
#include "worker/data/tiff_image.h"

namespace tomoslab {
namespace {

class TiffScanTest : public testing::Test {
 protected:
  void WriteImage(const std::string& name, float value) {
    auto image = TiffImage::Create(folder_.path() + "/" + name, {1, 3}, 0, "");
    ASSERT_TRUE(image.ok()) << image.status();
    ASSERT_TRUE(image->WriteLine(0, std::vector<float>{value, value + 1, value + 2}).ok());
    ASSERT_TRUE(image->Close().ok());
  }
  std::string WriteJson(const std::string& text) {
    const std::string path = folder_.path() + "/scan.json";
    std::ofstream(path) << text;
    return path;
  }
  static constexpr const char* kScan = R"("scan": {"quantity": "QUANTITY_COUNTS", "geometry": {
      "detector": {"rows": 1, "columns": 3, "pixelWidthMm": 0.1},
      "circular": {"beam": "BEAM_CONE", "sourceObjectDistanceMm": 100, "sourceDetectorDistanceMm": 300, "angleDeg": [0, 90]}}})";
  ScratchFolder folder_;
};

TEST_F(TiffScanTest, ReadsImagesAndGeometry) {
  WriteImage("proj_1.tif", 10);
  WriteImage("proj_2.tif", 20);
  WriteImage("flat.tif", 100);
  const auto reader =
      OpenScanFile(WriteJson(std::string("{") + kScan +
                             R"(, "projections": "proj_*.tif", "flats": ["flat.tif"]})"),
                   {}, 1);
  ASSERT_TRUE(reader.ok()) << reader.status();
  const ScanDescription& d = (*reader)->description();
  EXPECT_EQ(d.scan.views.size(), 2u);
  EXPECT_EQ(d.flat_count, 1);
  EXPECT_EQ(d.scan.orbit->source_detector_distance_mm, 300);
  std::vector<float> line(3);
  ASSERT_TRUE((*reader)
                  ->ReadLines(FrameKind::kProjection, 1, 2,
                              absl::MakeSpan(reinterpret_cast<std::byte*>(line.data()), 12))
                  .ok());
  EXPECT_EQ(line, (std::vector<float>{20, 21, 22}));
  const v1::Scan scan = ToProto(d, "scan.json");
  EXPECT_TRUE(ValidateScan(scan).ok()) << ValidateScan(scan);
  EXPECT_EQ(scan.data_type(), v1::DATA_TYPE_FLOAT32);
}

TEST_F(TiffScanTest, FaultsAreNamed) {
  WriteImage("proj_1.tif", 10);
  const auto refused = [&](const std::string& text, const std::string& word) {
    const absl::Status status = OpenScanFile(WriteJson(text), {}, 1).status();
    EXPECT_FALSE(status.ok());
    EXPECT_NE(std::string(status.message()).find(word), std::string::npos)
        << word << " in " << status;
  };
  refused("{", "scan.json");
  refused(R"({"projections": "proj_*.tif"})", "scan");
  refused(std::string("{") + kScan + "}", "projections");
  refused(std::string("{") + kScan + R"(, "projectons": "proj_*.tif"})", "projectons");
  refused(std::string("{") + kScan + R"(, "projections": "proj_*.tif"})", "flats");
  refused(std::string("{") + kScan + R"(, "projections": "proj_*.tif", "flats": "proj_*.tif"})",
          "1 projection images");
  refused(std::string("{") + kScan + R"(, "projections": "none_*.tif", "flats": "proj_*.tif"})",
          "none_");
  refused(
      R"({"scan": {"quantity": "QUANTITY_COUNTS", "geometrie": {}}, "projections": "proj_*.tif"})",
      "geometrie");
  EXPECT_FALSE(OpenScanFile(folder_.path(), {}, 1).ok());
}

}  // namespace
}  // namespace tomoslab
