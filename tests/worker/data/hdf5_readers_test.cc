// Data Exchange and NXtomo files: measured ones, written ones, and broken ones.
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <numbers>
#include <vector>

#include <gtest/gtest.h>

#include "tests/worker/data/scratch_folder.h"
#include "worker/data/hdf5_writing.h"
#include "worker/data/projection_reader.h"

namespace tomoslab {
namespace {

const std::string kData = std::string(TOMOSLAB_TEST_SOURCE) + "/tests/data/";

std::vector<float> ReadFloats(ProjectionReader& reader, FrameKind kind, std::int64_t begin,
                              std::int64_t end) {
  std::vector<float> lines((end - begin) * reader.description().scan.detector.columns);
  const absl::Status status = reader.ReadLines(
      kind, begin, end,
      absl::MakeSpan(reinterpret_cast<std::byte*>(lines.data()), lines.size() * 4));
  EXPECT_TRUE(status.ok()) << status;
  return lines;
}

const ImportedValue* Find(const ScanDescription& description, const std::string& what) {
  for (const ImportedValue& line : description.report) {
    if (line.what == what) return &line;
  }
  return nullptr;
}

TEST(MeasuredFiles, ToothIsTheSameInBothFormats) {
  const auto dx = OpenHdf5Scan(kData + "tooth_dx.h5", {}),
             nx = OpenHdf5Scan(kData + "tooth_nxtomo.nxs", {});
  ASSERT_TRUE(dx.ok() && nx.ok()) << dx.status() << nx.status();
  for (ProjectionReader* reader : {dx->get(), nx->get()}) {
    const ScanDescription& d = reader->description();
    EXPECT_EQ(d.scan.views.size(), 181u);
    EXPECT_EQ(d.scan.detector.rows, 2);
    EXPECT_EQ(d.scan.detector.columns, 640);
    EXPECT_EQ(d.flat_count, 10);
    EXPECT_EQ(d.dark_count, 10);
    EXPECT_EQ(d.quantity, Quantity::kCounts);
    EXPECT_EQ(d.sample_type, SampleType::kFloat32);
    ASSERT_TRUE(d.scan.orbit);
    EXPECT_EQ(d.scan.orbit->beam, Beam::kParallel);
    EXPECT_EQ(d.scan.detector.pixel_width_mm, 1);
    EXPECT_EQ(Find(d, "pixel size")->origin, Origin::kInferred);
  }
  EXPECT_EQ((*nx)->description().flat_after_views, std::vector<int>(10, 0));
  for (const FrameKind kind : {FrameKind::kProjection, FrameKind::kFlat, FrameKind::kDark}) {
    const std::int64_t lines = (*dx)->description().LineCount(kind);
    EXPECT_EQ(ReadFloats(**dx, kind, 0, lines), ReadFloats(**nx, kind, 0, lines)) << Name(kind);
    EXPECT_EQ(ReadFloats(**dx, kind, 3, 4), ReadFloats(**nx, kind, 3, 4));
  }
}

TEST(MeasuredFiles, HelsinkiDiscUsesItsGeometryAndDropsTheRepeatedView) {
  const auto reader = OpenHdf5Scan(kData + "htc2022_ta_fan.h5", {});
  ASSERT_TRUE(reader.ok()) << reader.status();
  const ScanDescription& d = (*reader)->description();
  EXPECT_EQ(d.scan.views.size(), 720u);
  EXPECT_EQ(d.quantity, Quantity::kLineIntegrals);
  ASSERT_TRUE(d.scan.orbit);
  EXPECT_DOUBLE_EQ(d.scan.orbit->source_object_distance_mm, 410.66);
  EXPECT_DOUBLE_EQ(d.scan.orbit->source_detector_distance_mm, 553.74);
  EXPECT_DOUBLE_EQ(d.scan.detector.pixel_width_mm, 0.2);
  EXPECT_DOUBLE_EQ(d.scan.orbit->detector_shift_u_mm, 0);
  // direction −1 in the file's frame is counter-clockwise in ours (the frame is turned about x).
  EXPECT_NEAR(d.scan.orbit->angle_rad[1], 0.5 * std::numbers::pi / 180, 1e-12);
  ASSERT_NE(Find(d, "views used"), nullptr);
}

// A ray and its way back must measure the same: only with the right sense of rotation do the data
// agree.
TEST(MeasuredFiles, HelsinkiDiscHasTheRightSenseOfRotation) {
  const auto reader = OpenHdf5Scan(kData + "htc2022_ta_fan.h5", {});
  ASSERT_TRUE(reader.ok()) << reader.status();
  const Scan& scan = (*reader)->description().scan;
  const std::vector<float> data = ReadFloats(**reader, FrameKind::kProjection, 0, 720);
  const auto mismatch = [&](double sense) {
    double difference = 0, norm = 0;
    for (int view = 0; view < 720; view += 7) {
      for (int column = 60; column < 500; column += 11) {
        // In our frame the way back of the ray (θ, γ) is (θ − 2γ + 180°, −γ).
        const double gamma = std::atan((column - 279.5) * 0.2 / 553.74);
        double back = scan.orbit->angle_rad[view] - sense * 2 * gamma + std::numbers::pi;
        back = std::fmod(back * 360 / std::numbers::pi + 1440, 720);
        const int nearest = static_cast<int>(std::lround(back)) % 720;
        const double a = data[view * 560 + column], b = data[nearest * 560 + 559 - column];
        difference += (a - b) * (a - b);
        norm += a * a;
      }
    }
    return std::sqrt(difference / norm);
  };
  EXPECT_LT(mismatch(1), 0.02);
  EXPECT_GT(mismatch(-1), 0.04);
}

class WrittenFile : public testing::Test {
 protected:
  static constexpr int kViews = 4, kRows = 2, kColumns = 3;

  // Starts a file whose data are 100·view + 10·row + column.
  void Write(hid_t type, const std::string& axes, bool flats) {
    auto file = Hdf5NewFile::Create(path_);
    ASSERT_TRUE(file.ok()) << file.status();
    file_ = std::make_unique<Hdf5NewFile>(*std::move(file));
    const bool sinograms = axes.starts_with("y:");
    std::vector<double> values;
    for (int a = 0; a < (sinograms ? kRows : kViews); ++a) {
      for (int b = 0; b < (sinograms ? kViews : kRows); ++b) {
        for (int c = 0; c < kColumns; ++c)
          values.push_back(sinograms ? 100 * b + 10 * a + c : 100 * a + 10 * b + c);
      }
    }
    const std::vector<std::int64_t> shape =
        sinograms ? std::vector<std::int64_t>{kRows, kViews, kColumns}
                  : std::vector<std::int64_t>{kViews, kRows, kColumns};
    Add("/exchange/data", type, shape, values);
    ASSERT_TRUE(file_->SetAttribute("/exchange/data", "axes", axes).ok());
    if (flats)
      Add("/exchange/data_white", type, {1, kRows, kColumns},
          std::vector<double>(kRows * kColumns, 100));
  }
  void Add(const std::string& key, hid_t type, const std::vector<std::int64_t>& shape,
           const std::vector<double>& values) {
    const auto dataset = file_->AddDataset(key, type, shape);
    ASSERT_TRUE(dataset.ok()) << dataset.status();
    ASSERT_TRUE(file_
                    ->Write(*dataset, H5T_NATIVE_DOUBLE, std::vector<std::int64_t>(shape.size(), 0),
                            shape, values.data())
                    .ok());
  }
  void AddAngles(const std::vector<double>& angles) {
    ASSERT_TRUE(
        file_->AddNumbers("/exchange/theta", angles, {static_cast<std::int64_t>(angles.size())})
            .ok());
  }
  absl::StatusOr<std::unique_ptr<ProjectionReader>> Open(const ScanHints& hints = {}) {
    if (file_) {
      EXPECT_TRUE(file_->Publish().ok());
      file_ = nullptr;
    }
    return OpenHdf5Scan(path_, hints);
  }
  void ExpectRefused(absl::StatusCode code, const std::vector<std::string>& words,
                     const ScanHints& hints = {}) {
    const auto reader = Open(hints);
    EXPECT_EQ(reader.status().code(), code) << reader.status();
    for (const std::string& word : words) {
      EXPECT_NE(std::string(reader.status().message()).find(word), std::string::npos)
          << word << " in " << reader.status();
    }
  }

  ScratchFolder folder_;
  std::string path_ = folder_.path() + "/scan.h5";
  std::unique_ptr<Hdf5NewFile> file_;
};

TEST_F(WrittenFile, SinogramOrderGivesTheSameLines) {
  Write(H5T_IEEE_F32LE, "y:theta:x", true);
  AddAngles({0, 45, 90, 135});
  const auto reader = Open();
  ASSERT_TRUE(reader.ok()) << reader.status();
  EXPECT_EQ((*reader)->description().scan.views.size(), 4u);
  EXPECT_EQ((*reader)->description().scan.detector.rows, 2);
  EXPECT_EQ(ReadFloats(**reader, FrameKind::kProjection, 3, 6),
            (std::vector<float>{110, 111, 112, 200, 201, 202, 210, 211, 212}));
}

TEST_F(WrittenFile, OtherNumbersAreConvertedAndReported) {
  for (hid_t type : {H5T_STD_I16BE, H5T_STD_U32LE, H5T_IEEE_F64LE, H5T_STD_I8LE}) {
    path_ = folder_.path() + "/" + std::to_string(type) + ".h5";
    Write(type, "theta:y:x", true);
    AddAngles({0, 45, 90, 135});
    const auto reader = Open();
    ASSERT_TRUE(reader.ok()) << reader.status();
    EXPECT_EQ((*reader)->description().sample_type, SampleType::kFloat32);
    EXPECT_NE(Find((*reader)->description(), "conversion of /exchange/data"), nullptr);
    EXPECT_EQ(ReadFloats(**reader, FrameKind::kProjection, 2, 3),
              (std::vector<float>{100, 101, 102}));
  }
}

TEST_F(WrittenFile, Uint16StaysUint16) {
  Write(H5T_STD_U16BE, "theta:y:x", true);
  AddAngles({0, 45, 90, 135});
  const auto reader = Open();
  ASSERT_TRUE(reader.ok()) << reader.status();
  ASSERT_EQ((*reader)->description().sample_type, SampleType::kUint16);
  std::vector<std::uint16_t> line(3);
  ASSERT_TRUE((*reader)
                  ->ReadLines(FrameKind::kProjection, 7, 8,
                              absl::MakeSpan(reinterpret_cast<std::byte*>(line.data()), 6))
                  .ok());
  EXPECT_EQ(line, (std::vector<std::uint16_t>{310, 311, 312}));
  EXPECT_EQ((*reader)->ReadLines(FrameKind::kProjection, 7, 9, {}).code(),
            absl::StatusCode::kOutOfRange);
}

TEST_F(WrittenFile, MissingAnglesAreTheFormatsDefaultAndSaidToBe) {
  Write(H5T_IEEE_F32LE, "theta:y:x", true);
  const auto reader = Open();
  ASSERT_TRUE(reader.ok()) << reader.status();
  const ScanDescription& d = (*reader)->description();
  EXPECT_NEAR(d.scan.orbit->angle_rad[3], 135 * std::numbers::pi / 180, 1e-12);
  EXPECT_EQ(Find(d, "angles")->origin, Origin::kInferred);
}

TEST_F(WrittenFile, NotANumberAmongTheAngles) {
  Write(H5T_IEEE_F32LE, "theta:y:x", true);
  AddAngles({0, 45, NAN, 135});
  ExpectRefused(absl::StatusCode::kInvalidArgument, {path_, "/exchange/theta", "angle 2", "nan"});
}

TEST_F(WrittenFile, TooFewAngles) {
  Write(H5T_IEEE_F32LE, "theta:y:x", true);
  AddAngles({0, 45, 90});
  ExpectRefused(absl::StatusCode::kInvalidArgument,
                {path_, "/exchange/theta", "3 angles for 4 views"});
}

// areaDetector's record of the frames: flat, view, (one lost), view, flat, view, view; its counter
// wraps.
TEST_F(WrittenFile, LostFramesAndPositionsComeFromTheFrameLog) {
  Write(H5T_IEEE_F32LE, "theta:y:x", false);
  Add("/exchange/data_white", H5T_IEEE_F32LE, {2, kRows, kColumns},
      std::vector<double>(2 * kRows * kColumns, 100));
  AddAngles({0, 10, 20, 30, 40, 50});
  const std::vector<double> ids = {65532, 65533, 65535, 0, 1, 2};
  ASSERT_TRUE(file_->AddNumbers("/defaults/NDArrayUniqueId", ids, {6}).ok());
  {
    const char frames[6][24] = {"/exchange/data_white", "/exchange/data", "/exchange/data",
                                "/exchange/data_white", "/exchange/data", "/exchange/data"};
    const Hdf5Handle type(H5Tcopy(H5T_C_S1), H5Tclose);
    H5Tset_size(type.get(), 24);
    const auto log = file_->AddDataset("/defaults/HDF5FrameLocation", type.get(), {6});
    ASSERT_TRUE(log.ok() && file_->Write(*log, type.get(), {0}, {6}, frames).ok());
  }
  const auto reader = Open();
  ASSERT_TRUE(reader.ok()) << reader.status();
  const ScanDescription& d = (*reader)->description();
  EXPECT_EQ(d.flat_after_views, (std::vector<int>{0, 2}));
  // Counter of the views, unwrapped: 65533, 65535, 65537, 65538, so 0, 2, 4, 5 of the plan.
  for (const auto& [view, angle_deg] : {std::pair{0, 0}, {1, 20}, {2, 40}, {3, 50}}) {
    EXPECT_NEAR(d.scan.orbit->angle_rad[view], angle_deg * std::numbers::pi / 180, 1e-12);
  }
  EXPECT_EQ(Find(d, "angles")->origin, Origin::kInferred);
}

TEST_F(WrittenFile, FlatsOfAnotherShape) {
  Write(H5T_IEEE_F32LE, "theta:y:x", false);
  Add("/exchange/data_white", H5T_IEEE_F32LE, {1, 2, 4}, std::vector<double>(8, 1));
  ExpectRefused(absl::StatusCode::kInvalidArgument, {"/exchange/data_white", "2 x 4", "2 x 3"});
}

TEST_F(WrittenFile, TwoDimensionalData) {
  Write(H5T_IEEE_F32LE, "theta:y:x", false);
  file_ = nullptr;
  auto file = Hdf5NewFile::Create(path_);
  file_ = std::make_unique<Hdf5NewFile>(*std::move(file));
  Add("/exchange/data", H5T_IEEE_F32LE, {4, 3}, std::vector<double>(12, 1));
  ExpectRefused(absl::StatusCode::kInvalidArgument, {"/exchange/data", "[4, 3]"});
}

TEST_F(WrittenFile, NothingSaysWhatTheNumbersAre) {
  Write(H5T_IEEE_F32LE, "theta:y:x", false);
  ExpectRefused(absl::StatusCode::kInvalidArgument, {"--quantity"});
  EXPECT_TRUE(Open({.quantity = Quantity::kTransmission}).ok());
  ExpectRefused(absl::StatusCode::kInvalidArgument, {"--reference-counts"},
                {.quantity = Quantity::kCounts});
  EXPECT_TRUE(Open({.quantity = Quantity::kCounts, .reference_counts = 1000}).ok());
}

TEST_F(WrittenFile, ConeBeamNeedsItsDistances) {
  Write(H5T_IEEE_F32LE, "theta:y:x", true);
  ExpectRefused(absl::StatusCode::kInvalidArgument, {"--sod"}, {.beam = Beam::kCone});
  ExpectRefused(absl::StatusCode::kInvalidArgument, {"--sdd"},
                {.beam = Beam::kCone, .source_object_distance_mm = 100});
  ExpectRefused(
      absl::StatusCode::kInvalidArgument, {"swapped"},
      {.beam = Beam::kCone, .source_object_distance_mm = 100, .source_detector_distance_mm = 50});
  const auto reader = Open({.beam = Beam::kCone,
                            .source_object_distance_mm = 100,
                            .source_detector_distance_mm = 300,
                            .pixel_width_mm = 0.5});
  ASSERT_TRUE(reader.ok()) << reader.status();
  EXPECT_EQ(Find((*reader)->description(), "pixel size")->origin, Origin::kGiven);
}

TEST_F(WrittenFile, GeometryInDetectorPixelsIsTakenAsMillimetresAndSaidSo) {
  Write(H5T_IEEE_F32LE, "theta:y:x", true);
  AddAngles({0, 1, 2, 3});
  ASSERT_TRUE(file_->AddGroup("/geometry").ok());
  for (const auto& [name, text] :
       {std::pair{"beam", "fan"},
        {"length_unit", "detector pixel (virtual detector at the axis)"}}) {
    ASSERT_TRUE(file_->SetAttribute("/geometry", name, std::string(text)).ok());
  }
  for (const auto& [name, value] : {std::pair{"source_object", 8650.0},
                                    {"source_detector", 8650.0},
                                    {"pixel_size", 1.0},
                                    {"center_col", 1.25},
                                    {"direction", 1.0}}) {
    ASSERT_TRUE(file_->SetAttribute("/geometry", name, value).ok());
  }
  const auto reader = Open();
  ASSERT_TRUE(reader.ok()) << reader.status();
  const ScanDescription& d = (*reader)->description();
  EXPECT_EQ(Find(d, "length unit")->origin, Origin::kInferred);
  EXPECT_DOUBLE_EQ(d.scan.orbit->detector_shift_u_mm, -0.25);
  EXPECT_DOUBLE_EQ(RotationAxisColumn(d.scan.detector, *d.scan.orbit), 1.25);
  EXPECT_LT(d.scan.orbit->angle_rad[1], 0);
  EXPECT_EQ(Find(d, "frame")->origin, Origin::kInferred);  // no convention in the file
}

TEST_F(WrittenFile, BadAttributesAreNamed) {
  for (const auto& [name, text] :
       {std::pair{"beam", "spiral"}, {"detector", "curved"}, {"length_unit", "furlong"}}) {
    path_ = folder_.path() + "/" + name + ".h5";
    Write(H5T_IEEE_F32LE, "theta:y:x", true);
    ASSERT_TRUE(file_->AddGroup("/geometry").ok());
    ASSERT_TRUE(file_->SetAttribute("/geometry", name, std::string(text)).ok());
    ExpectRefused(absl::StatusCode::kInvalidArgument, {std::string("/geometry@") + name, text});
  }
}

TEST_F(WrittenFile, LengthsOfZeroAreRefusedAndNotTakenForMissing) {
  for (const char* name : {"pixel_size", "source_object", "source_detector"}) {
    path_ = folder_.path() + "/" + name + ".h5";
    Write(H5T_IEEE_F32LE, "theta:y:x", true);
    ASSERT_TRUE(file_->AddGroup("/geometry").ok());
    ASSERT_TRUE(file_->SetAttribute("/geometry", name, 0.0).ok());
    ExpectRefused(absl::StatusCode::kInvalidArgument,
                  {std::string("/geometry@") + name, "above 0"});
  }
}

TEST_F(WrittenFile, LinksIntoOtherFilesAreRefused) {
  Write(H5T_IEEE_F32LE, "theta:y:x", true);
  ASSERT_TRUE(Open().ok());
  const std::string outer = folder_.path() + "/outer.h5";
  {
    const Hdf5Handle file(H5Fcreate(outer.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT),
                          H5Fclose);
    H5Lcreate_external("scan.h5", "/exchange", file.get(), "/exchange", H5P_DEFAULT, H5P_DEFAULT);
  }
  path_ = outer;
  ExpectRefused(absl::StatusCode::kPermissionDenied, {outer, "another file"});
}

TEST_F(WrittenFile, VirtualDatasetsOfOtherFilesAreRefused) {
  Write(H5T_IEEE_F32LE, "theta:y:x", true);
  ASSERT_TRUE(Open().ok());
  const std::string outer = folder_.path() + "/virtual.h5";
  {
    const hsize_t shape[3] = {4, 2, 3};
    const Hdf5Handle file(H5Fcreate(outer.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT),
                          H5Fclose);
    const Hdf5Handle group(
        H5Gcreate2(file.get(), "/exchange", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), H5Gclose);
    const Hdf5Handle space(H5Screate_simple(3, shape, nullptr), H5Sclose),
        create(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
    H5Pset_virtual(create.get(), space.get(), "scan.h5", "/exchange/data", space.get());
    const Hdf5Handle data(H5Dcreate2(file.get(), "/exchange/data", H5T_IEEE_F32LE, space.get(),
                                     H5P_DEFAULT, create.get(), H5P_DEFAULT),
                          H5Dclose);
  }
  path_ = outer;
  ExpectRefused(absl::StatusCode::kPermissionDenied, {outer, "/exchange/data"});
}

TEST_F(WrittenFile, TruncatedAtAnyLengthIsAnErrorAndNoCrash) {
  Write(H5T_IEEE_F32LE, "theta:y:x", true);
  AddAngles({0, 45, 90, 135});
  ASSERT_TRUE(Open().ok());
  const auto bytes = std::filesystem::file_size(path_);
  for (std::uintmax_t size = bytes - 1; size > 0; size = size * 2 / 3) {
    std::filesystem::resize_file(path_, size);
    const auto reader = OpenHdf5Scan(path_, {});
    ASSERT_FALSE(reader.ok()) << size;
    EXPECT_TRUE(reader.status().code() == absl::StatusCode::kDataLoss ||
                reader.status().code() == absl::StatusCode::kInvalidArgument)
        << reader.status();
    EXPECT_NE(std::string(reader.status().message()).find(path_), std::string::npos);
  }
}

TEST_F(WrittenFile, NoFileAndNoHdf5) {
  ExpectRefused(absl::StatusCode::kNotFound, {path_});
  std::ofstream(path_) << "not HDF5 at all";
  ExpectRefused(absl::StatusCode::kInvalidArgument, {path_, "not an HDF5 file"});
}

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
