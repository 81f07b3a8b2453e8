// The files the server keeps are plain HDF5: read back here with the HDF5 library.
#include "server/scan_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <hdf5.h>

#include <filesystem>
#include <fstream>
#include <vector>

#include "server/hdf5_layout.h"
#include "server/volume_file.h"
#include "tests/server/samples.h"
#include "tests/server/status_of.h"
#include "tests/server/temporary_folder.h"

namespace tomoslab {
namespace {

template <class T>
std::vector<T> ReadDataset(const std::string& path, const char* name, hid_t type) {
  const hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
  const hid_t dataset = H5Dopen2(file, name, H5P_DEFAULT);
  const hid_t space = H5Dget_space(dataset);
  std::vector<T> values(static_cast<std::size_t>(H5Sget_simple_extent_npoints(space)));
  EXPECT_GE(H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), 0);
  H5Sclose(space), H5Dclose(dataset), H5Fclose(file);
  return values;
}

double ReadNumber(const std::string& path, const char* object, const char* attribute) {
  const hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
  const hid_t id = H5Aopen_by_name(file, object, attribute, H5P_DEFAULT, H5P_DEFAULT);
  double value = 0;
  EXPECT_GE(H5Aread(id, H5T_NATIVE_DOUBLE, &value), 0) << attribute;
  H5Aclose(id), H5Fclose(file);
  return value;
}

TEST(ScanFileTest, IsADataExchangeFileThatIsFilledInPlace) {
  TemporaryFolder folder;
  const std::string path = folder.path() + "/1.h5";
  const v1::Scan scan = SampleScan();
  ASSERT_TRUE(ScanFile::Create(path, scan).ok());
  EXPECT_FALSE(std::filesystem::exists(path + ".partial"));
  const auto file = ScanFile::Open(path, scan);
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->LineCount(v1::FRAME_KIND_PROJECTION), 24);
  EXPECT_EQ(file->LineCount(v1::FRAME_KIND_FLAT), 8);
  const std::string lines = SampleLines(scan, v1::FRAME_KIND_FLAT, 3, 5);
  ASSERT_TRUE(file->Write(v1::FRAME_KIND_FLAT, {3, 5}, lines.data()).ok());

  const auto flats = ReadDataset<std::uint16_t>(path, "/exchange/data_white", H5T_NATIVE_UINT16);
  ASSERT_EQ(flats.size(), 2u * 4 * 8);
  EXPECT_EQ(flats[3 * 8 - 1], 0);
  EXPECT_EQ(flats[3 * 8], 0x8383);  // kind 2, line 3
  EXPECT_EQ(flats[5 * 8 - 1], 0x8484);
  EXPECT_THAT(ReadDataset<double>(path, "/exchange/theta", H5T_NATIVE_DOUBLE),
              testing::ElementsAre(0, 30, 60, 90, 120, 150));
  EXPECT_EQ(ReadNumber(path, "/geometry", "pixel_size"), 0.5);
  EXPECT_EQ(ReadNumber(path, "/geometry", "center_col"), 3.5);
}

TEST(ScanFileTest, KeepsVectorsAndScansWithoutFlats) {
  TemporaryFolder folder;
  const std::string path = folder.path() + "/1.h5";
  v1::Scan scan = SampleScan();
  scan.clear_flat_count();
  v1::ViewVectors* vectors = scan.mutable_geometry()->mutable_vectors();
  vectors->set_beam(v1::BEAM_PARALLEL);
  for (int view = 0; view < 6; ++view) {
    for (const double value : {0., 1., 0., 0., 0., 0., .5, 0., 0., 0., 0., .5})
      vectors->add_value(value);
  }
  ASSERT_TRUE(ScanFile::Create(path, scan).ok());
  EXPECT_EQ(ScanFile::Open(path, scan)->LineCount(v1::FRAME_KIND_FLAT), 0);
  EXPECT_EQ(ReadDataset<double>(path, "/geometry/vectors", H5T_NATIVE_DOUBLE)[13], 1);
}

TEST(ScanFileTest, SaysSoWhenTheDiskIsTooSmallOrTheFileDamaged) {
  TemporaryFolder folder;
  const std::string path = folder.path() + "/1.h5";
  EXPECT_EQ(CodeOf(ScanFile::Create(path, SampleScan(60000, 60000, 60000))), kResourceExhausted);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
  ASSERT_TRUE(ScanFile::Create(path, SampleScan()).ok());
  EXPECT_EQ(CodeOf(ScanFile::Open(path, SampleScan(7))), kDataLoss);
  std::ofstream(path) << "no HDF5";
  EXPECT_EQ(CodeOf(ScanFile::Open(path, SampleScan())), kDataLoss);
}

TEST(VolumeFileTest, RecordsItsResult) {
  TemporaryFolder folder;
  const std::string path = folder.path() + "/1.h5";
  v1::Job job;
  job.set_name("jobs/1");
  v1::VolumeGeometry* volume = job.mutable_spec()->mutable_volume();
  volume->set_columns(3);
  volume->set_rows(2);
  volume->set_slices(4);
  volume->set_voxel_width_mm(0.25);
  ASSERT_TRUE(VolumeFile::Create(path, job, SampleScan()).ok());
  const auto file = VolumeFile::Open(path, *volume);
  ASSERT_TRUE(file.ok()) << file.status();
  const float line[] = {1, 2, 3};
  ASSERT_TRUE(file->Write({5, 6}, reinterpret_cast<const char*>(line)).ok());  // slice 2, row 1
  EXPECT_EQ(ReadDataset<float>(path, "/exchange/data", H5T_NATIVE_FLOAT)[2 * 6 + 3 + 1], 2);
  v1::IterationReport last;
  last.set_iteration(17);
  last.set_relative_residual(0.125);
  ASSERT_TRUE(VolumeFile::RecordResult(path, last, 3).ok());
  EXPECT_EQ(ReadNumber(path, "/process/tomoslab", "iterations"), 17);
  EXPECT_EQ(ReadNumber(path, "/process/tomoslab", "ranks"), 3);
  EXPECT_EQ(ReadNumber(path, "/process/tomoslab", "relative_residual"), 0.125);
}

}  // namespace
}  // namespace tomoslab
