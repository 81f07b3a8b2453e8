// Files that mean harm: data of other files, and sizes that are declared but not there.
#include <gtest/gtest.h>

#include <fstream>

#include "tests/worker/data/scratch_folder.h"
#include "worker/data/hdf5_reading.h"

namespace tomoslab {
namespace {

class HostileHdf5Test : public testing::Test {
 protected:
  HostileHdf5Test()
      : path_(folder_.path() + "/scan.h5"),
        file_(H5Fcreate(path_.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), H5Fclose) {}

  void Dataset(const char* name, hid_t type, const std::vector<hsize_t>& shape, hid_t creation) {
    const Hdf5Handle space(H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr),
                           H5Sclose);
    const Hdf5Handle made(
        H5Dcreate2(file_.get(), name, type, space.get(), H5P_DEFAULT, creation, H5P_DEFAULT),
        H5Dclose);
    ASSERT_TRUE(made);
  }
  absl::StatusOr<Hdf5File> Written() {
    file_ = Hdf5Handle();
    return Hdf5File::Open(path_);
  }
  static Hdf5Handle Creation() { return {H5Pcreate(H5P_DATASET_CREATE), H5Pclose}; }

  ScratchFolder folder_;
  const std::string path_;
  Hdf5Handle file_;
};

TEST_F(HostileHdf5Test, BytesOfOtherFilesAreNotRead) {
  const std::string secret = folder_.path() + "/secret";
  std::ofstream(secret) << std::string(64, 's');
  const Hdf5Handle outside = Creation();
  ASSERT_GE(H5Pset_external(outside.get(), secret.c_str(), 0, 64), 0);
  Dataset("numbers", H5T_STD_U8LE, {64}, outside.get());
  const absl::StatusOr<Hdf5File> file = Written();
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_TRUE(absl::IsPermissionDenied(file->OpenDataset("/numbers").status()));
  EXPECT_TRUE(absl::IsPermissionDenied(file->Numbers("/numbers").status()));
}

TEST_F(HostileHdf5Test, VirtualDatasetsOfOtherFilesAreNotRead) {
  const std::vector<std::string> sources = {"../secret.h5", "./secret.h5", "/etc/secret.h5", ".."};
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const hsize_t shape[1] = {4};
    const Hdf5Handle space(H5Screate_simple(1, shape, nullptr), H5Sclose), creation = Creation();
    ASSERT_GE(H5Pset_virtual(creation.get(), space.get(), sources[i].c_str(), "/x", space.get()),
              0);
    Dataset(std::to_string(i).c_str(), H5T_STD_U8LE, {4}, creation.get());
  }
  const absl::StatusOr<Hdf5File> file = Written();
  ASSERT_TRUE(file.ok()) << file.status();
  for (std::size_t i = 0; i < sources.size(); ++i) {
    EXPECT_TRUE(absl::IsPermissionDenied(file->OpenDataset("/" + std::to_string(i)).status()))
        << sources[i];
  }
}

TEST_F(HostileHdf5Test, VirtualDatasetsReachOtherFilesByNoDetour) {
  const std::string secret = folder_.path() + "/secret";
  std::ofstream(secret) << std::string(64, 's');
  const Hdf5Handle outside = Creation();
  H5Pset_external(outside.get(), secret.c_str(), 0, 64);
  Dataset("outside", H5T_STD_U8LE, {64}, outside.get());
  Dataset("inside", H5T_STD_U8LE, {64}, H5P_DEFAULT);
  const Hdf5Handle other(
      H5Fcreate((folder_.path() + "/other.h5").c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT),
      H5Fclose);
  H5Lcreate_external("other.h5", "/x", file_.get(), "link", H5P_DEFAULT, H5P_DEFAULT);
  const auto view = [&](const char* name, const char* source) {
    const hsize_t shape[1] = {64};
    const Hdf5Handle space(H5Screate_simple(1, shape, nullptr), H5Sclose), creation = Creation();
    H5Pset_virtual(creation.get(), space.get(), ".", source, space.get());
    Dataset(name, H5T_STD_U8LE, {64}, creation.get());
  };
  view("of_outside", "/outside");
  view("of_link", "/link");
  view("of_view", "/of_outside");
  view("of_inside", "/inside");
  const absl::StatusOr<Hdf5File> file = Written();
  ASSERT_TRUE(file.ok()) << file.status();
  for (const char* key : {"/of_outside", "/of_link", "/of_view"})
    EXPECT_TRUE(absl::IsPermissionDenied(file->OpenDataset(key).status())) << key;
  EXPECT_TRUE(file->Numbers("/of_inside").ok()) << file->Numbers("/of_inside").status();
}

TEST_F(HostileHdf5Test, ChunksThatUnpackToMoreThanMemoryAreRefused) {
  const Hdf5Handle bomb = Creation();
  const hsize_t chunk[3] = {1, 40000, 40000};
  H5Pset_chunk(bomb.get(), 3, chunk);
  H5Pset_deflate(bomb.get(), 1);
  Dataset("frames", H5T_STD_U8LE, {2, 40000, 40000}, bomb.get());
  const absl::StatusOr<Hdf5File> file = Written();
  ASSERT_TRUE(file.ok()) << file.status();
  const absl::Status refused = file->OpenDataset("/frames").status();
  EXPECT_TRUE(absl::IsInvalidArgument(refused));
  EXPECT_NE(refused.message().find("chunks of 1600000000 bytes"), std::string::npos) << refused;
}

TEST_F(HostileHdf5Test, ListsThatAreDeclaredButNotThereTakeNoMemory) {
  const Hdf5Handle text(H5Tcopy(H5T_C_S1), H5Tclose), creation = Creation();
  H5Tset_size(text.get(), 4096);
  const hsize_t chunk[1] = {1};
  H5Pset_chunk(creation.get(), 1, chunk);
  Dataset("texts", text.get(), {16 << 20}, creation.get());  // 64 GiB
  Dataset("numbers", H5T_IEEE_F64LE, {hsize_t{1} << 62}, creation.get());
  const absl::StatusOr<Hdf5File> file = Written();
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_TRUE(absl::IsInvalidArgument(file->Texts("/texts").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(file->Numbers("/numbers").status()));
}

}  // namespace
}  // namespace tomoslab
