#include "worker/data/tiff_stack_reader.h"

#include <tiffio.h>

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "tests/worker/data/scratch_folder.h"

namespace tomoslab {
namespace {

// An image of one row whose pixels are first, first + 1, ...
template <class Sample>
void WriteImage(const std::string& path, int columns, Sample first, int format) {
  TIFF* tiff = TIFFOpen(path.c_str(), "w");
  TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, columns);
  TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, 1);
  TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, 8 * sizeof(Sample));
  TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, 1);
  TIFFSetField(tiff, TIFFTAG_SAMPLEFORMAT, format);
  TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISBLACK);
  std::vector<Sample> line(columns);
  for (int i = 0; i < columns; ++i) line[i] = static_cast<Sample>(first + i);
  TIFFWriteScanline(tiff, line.data(), 0, 0);
  TIFFClose(tiff);
}

class TiffStackTest : public testing::Test {
 protected:
  ScanDescription Describe(int views, int columns) {
    CircularOrbit orbit;
    orbit.beam = Beam::kParallel;
    for (int k = 0; k < views; ++k) orbit.angle_rad.push_back(0.1 * k);
    ScanDescription d;
    d.scan = *MakeCircularScan({1, columns, 1, 1}, orbit);
    return d;
  }
  std::string Path(const std::string& name) { return folder_.path() + "/" + name; }
  ScratchFolder folder_;
};

TEST_F(TiffStackTest, SortsNumbersByValue) {
  for (const char* name : {"p_10.tif", "p_9.tif", "p_1.tif", "other.txt"})
    std::ofstream(Path(name)) << "x";
  const auto files = ListTiffFiles(folder_.path(), "p_*.tif");
  ASSERT_TRUE(files.ok()) << files.status();
  EXPECT_EQ(*files, (std::vector<std::string>{Path("p_1.tif"), Path("p_9.tif"), Path("p_10.tif")}));
  EXPECT_EQ(ListTiffFiles(folder_.path(), ".")->size(), 3u);
  EXPECT_EQ(ListTiffFiles(folder_.path(), "none_*.tif").status().code(),
            absl::StatusCode::kNotFound);
}

TEST_F(TiffStackTest, ReadsLinesOfAllKinds) {
  for (int k = 0; k < 3; ++k)
    WriteImage<std::uint16_t>(Path("p" + std::to_string(k) + ".tif"), 4, 100 * k,
                              SAMPLEFORMAT_UINT);
  WriteImage<std::uint16_t>(Path("flat.tif"), 4, 1000, SAMPLEFORMAT_UINT);
  const auto reader = OpenTiffStack(
      {{Path("p0.tif"), Path("p1.tif"), Path("p2.tif")}, {Path("flat.tif")}, {}}, Describe(3, 4));
  ASSERT_TRUE(reader.ok()) << reader.status();
  EXPECT_EQ((*reader)->description().sample_type, SampleType::kUint16);
  EXPECT_EQ((*reader)->description().flat_count, 1);
  std::vector<std::uint16_t> lines(8);
  ASSERT_TRUE((*reader)
                  ->ReadLines(FrameKind::kProjection, 1, 3,
                              absl::MakeSpan(reinterpret_cast<std::byte*>(lines.data()), 16))
                  .ok());
  EXPECT_EQ(lines, (std::vector<std::uint16_t>{100, 101, 102, 103, 200, 201, 202, 203}));
}

TEST_F(TiffStackTest, ConvertsMixedNumbersToFloat) {
  WriteImage<std::int16_t>(Path("a.tif"), 2, -5, SAMPLEFORMAT_INT);
  WriteImage<std::uint8_t>(Path("b.tif"), 2, 7, SAMPLEFORMAT_UINT);
  WriteImage<double>(Path("c.tif"), 2, 0.5, SAMPLEFORMAT_IEEEFP);
  const auto reader =
      OpenTiffStack({{Path("a.tif"), Path("b.tif"), Path("c.tif")}, {}, {}}, Describe(3, 2));
  ASSERT_TRUE(reader.ok()) << reader.status();
  std::vector<float> lines(6);
  ASSERT_TRUE((*reader)
                  ->ReadLines(FrameKind::kProjection, 0, 3,
                              absl::MakeSpan(reinterpret_cast<std::byte*>(lines.data()), 24))
                  .ok());
  EXPECT_EQ(lines, (std::vector<float>{-5, -4, 7, 8, 0.5, 1.5}));
}

TEST_F(TiffStackTest, MixedIntegersTakeTheRoomOfTheWiderOnes) {
  WriteImage<std::uint8_t>(Path("p1.tif"), 3, 200, SAMPLEFORMAT_UINT);
  WriteImage<std::uint16_t>(Path("p2.tif"), 3, 300, SAMPLEFORMAT_UINT);
  const auto reader = OpenTiffStack({{Path("p1.tif"), Path("p2.tif")}, {}, {}}, Describe(2, 3));
  ASSERT_TRUE(reader.ok()) << reader.status();
  ASSERT_EQ((*reader)->description().sample_type, SampleType::kUint16);
  std::vector<std::uint16_t> lines(6 + 1, 0xABCD);
  ASSERT_TRUE((*reader)
                  ->ReadLines(FrameKind::kProjection, 0, 2,
                              absl::MakeSpan(reinterpret_cast<std::byte*>(lines.data()), 12))
                  .ok());
  EXPECT_EQ(lines, (std::vector<std::uint16_t>{200, 201, 202, 300, 301, 302, 0xABCD}));
}

TEST_F(TiffStackTest, AnImageThatChangedMeanwhileIsNotWrittenBeyondItsLine) {
  WriteImage<std::uint8_t>(Path("p1.tif"), 3, 200, SAMPLEFORMAT_UINT);
  const auto reader = OpenTiffStack({{Path("p1.tif")}, {}, {}}, Describe(1, 3));
  ASSERT_TRUE(reader.ok()) << reader.status();
  WriteImage<float>(Path("p1.tif"), 3, 1, SAMPLEFORMAT_IEEEFP);
  std::vector<std::byte> line(3);
  EXPECT_EQ((*reader)->ReadLines(FrameKind::kProjection, 0, 1, absl::MakeSpan(line)).code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(TiffStackTest, RefusesWhatDoesNotFit) {
  WriteImage<std::uint16_t>(Path("a.tif"), 4, 0, SAMPLEFORMAT_UINT);
  WriteImage<std::uint16_t>(Path("b.tif"), 5, 0, SAMPLEFORMAT_UINT);
  std::ofstream(Path("c.tif")) << "no TIFF";
  const auto code = [&](std::vector<std::string> files, int views) {
    return OpenTiffStack({std::move(files), {}, {}}, Describe(views, 4)).status().code();
  };
  EXPECT_EQ(code({Path("a.tif")}, 2), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code({Path("a.tif"), Path("b.tif")}, 2), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code({Path("c.tif")}, 1), absl::StatusCode::kDataLoss);
  EXPECT_EQ(code({Path("d.tif")}, 1), absl::StatusCode::kNotFound);
}

TEST_F(TiffStackTest, TruncatedImagesAreDataLoss) {
  WriteImage<float>(Path("a.tif"), 4000, 0, SAMPLEFORMAT_IEEEFP);
  const auto whole = OpenTiffStack({{Path("a.tif")}, {}, {}}, Describe(1, 4000));
  ASSERT_TRUE(whole.ok()) << whole.status();
  std::vector<std::byte> line(16000);
  ASSERT_TRUE((*whole)->ReadLines(FrameKind::kProjection, 0, 1, absl::MakeSpan(line)).ok());
  std::filesystem::resize_file(Path("a.tif"), 9000);
  const auto cut = OpenTiffStack({{Path("a.tif")}, {}, {}}, Describe(1, 4000));
  const absl::Status status =
      cut.ok() ? (*cut)->ReadLines(FrameKind::kProjection, 0, 1, absl::MakeSpan(line))
               : cut.status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
}

}  // namespace
}  // namespace tomoslab
