// Data Exchange files: written ones, and broken ones.
#include <cmath>
#include <filesystem>
#include <fstream>
#include <numbers>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/worker/data/written_file.h"

namespace tomoslab {
namespace {

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

}  // namespace
}  // namespace tomoslab
