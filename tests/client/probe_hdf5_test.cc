#include "client/probe_hdf5.h"

#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

#include "client/scan_file.h"
#include "tests/worker/data/scratch_folder.h"

namespace tomoslab {
namespace {

const std::string kTooth = std::string(TOMOSLAB_TEST_SOURCE) + "/tests/data/tooth_nxtomo.nxs";

TEST(ProbeHdf5, LetsGoodFilesAndOrderlyRefusalsPass) {
  EXPECT_TRUE(ProbeHdf5(kTooth).ok());
  EXPECT_TRUE(ProbeHdf5("/no/such/file.h5").ok());
}

// Bytes of the header region turned over, one pattern after the other: whatever HDF5 makes of it,
// we get a status.
TEST(ProbeHdf5, DamagedFilesEndInAStatus) {
  std::ifstream file(kTooth, std::ios::binary);
  const std::string whole{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const ScratchFolder folder;
  const std::string path = folder.path() + "/damaged.nxs";
  std::uint32_t random = 1;
  for (int round = 0; round < 40; ++round) {
    std::string damaged = whole;
    for (int i = 0; i < 20; ++i) {
      random = random * 1664525u + 1013904223u;
      damaged[(random >> 8) % 8000] = static_cast<char>(random >> 24);
    }
    std::ofstream(path, std::ios::binary) << damaged;
    if (!ProbeHdf5(path, 2).ok()) continue;  // it crashed or hung, in the child
    const auto reader = OpenScanFile(path, {}, 1);
    if (reader.ok()) continue;
    EXPECT_NE(std::string(reader.status().message()).find(path), std::string::npos)
        << reader.status();
  }
}

}  // namespace
}  // namespace tomoslab
