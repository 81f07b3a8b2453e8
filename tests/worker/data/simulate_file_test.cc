#include "worker/data/simulate_file.h"

#include <cmath>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "tests/worker/data/scratch_folder.h"
#include "worker/data/hdf5_reading.h"
#include "worker/data/projection_reader.h"
#include "worker/data/simulate_scan.h"

namespace tomoslab {
namespace {

const SimulationProgress kGoOn = [](int, int) { return true; };

PhantomCase P1() {
  auto phantom_case = ReadPhantomCase(
      std::string(TOMOSLAB_TEST_SOURCE) + "/tests/acceptance/cases/P1_mono.json", {.views = 6});
  EXPECT_TRUE(phantom_case.ok()) << phantom_case.status();
  return *phantom_case;
}

std::vector<float> FirstView(const std::string& path, ScanDescription* description) {
  auto reader = OpenHdf5Scan(path, {});
  EXPECT_TRUE(reader.ok()) << reader.status();
  *description = (*reader)->description();
  std::vector<std::byte> line(description->BytesPerLine());
  EXPECT_TRUE((*reader)->ReadLines(FrameKind::kProjection, 0, 1, absl::MakeSpan(line)).ok());
  std::vector<float> values;
  for (int i = 0; i < description->scan.detector.columns; ++i) {
    if (description->sample_type == SampleType::kUint16) {
      values.push_back(reinterpret_cast<const std::uint16_t*>(line.data())[i]);
    } else {
      values.push_back(reinterpret_cast<const float*>(line.data())[i]);
    }
  }
  return values;
}

TEST(WriteSimulatedScan, OurReaderGetsTheSameScanBack) {
  const ScratchFolder folder;
  const PhantomCase p1 = P1();
  const std::string path = folder.path() + "/p1.h5";
  const absl::Status status = WriteSimulatedScan(p1, {}, path, kGoOn);
  ASSERT_TRUE(status.ok()) << status;
  ScanDescription d;
  const std::vector<float> view = FirstView(path, &d);
  EXPECT_EQ(d.quantity, Quantity::kTransmission);
  ASSERT_EQ(d.scan.views.size(), 6u);
  const std::vector<double> expected = SimulateTransmission(p1, p1.scan.views[0]);
  for (std::size_t i = 0; i < view.size(); ++i) EXPECT_NEAR(view[i], expected[i], 1e-7);
  for (int k = 0; k < 6; ++k)
    EXPECT_LT(Norm(d.scan.views[k].source - p1.scan.views[k].source), 1e-9);
}

TEST(WriteSimulatedScan, CountsComeWithTheirFlat) {
  const ScratchFolder folder;
  const PhantomCase p1 = P1();
  const std::string path = folder.path() + "/p1.h5";
  ASSERT_TRUE(WriteSimulatedScan(p1, {.counts = 10000, .seed = 1, .quantity = Quantity::kCounts},
                                 path, kGoOn)
                  .ok());
  ScanDescription d;
  const std::vector<float> view = FirstView(path, &d);
  EXPECT_EQ(d.quantity, Quantity::kCounts);
  EXPECT_EQ(d.sample_type, SampleType::kUint16);
  EXPECT_EQ(d.flat_count, 1);
  const std::vector<double> expected = SimulateTransmission(p1, p1.scan.views[0]);
  for (std::size_t i = 0; i < view.size(); ++i) {
    EXPECT_NEAR(view[i], expected[i] * 10000,
                6 * std::sqrt(expected[i] * 10000) + 1);  // 6 standard deviations
  }
  EXPECT_FALSE(WriteSimulatedScan(p1, {.quantity = Quantity::kCounts}, path, kGoOn).ok());
}

TEST(WriteSimulatedScan, StoppedHalfWayLeavesNothing) {
  const ScratchFolder folder;
  const absl::Status status = WriteSimulatedScan(P1(), {}, folder.path() + "/p1.h5",
                                                 [](int done, int) { return done < 3; });
  EXPECT_EQ(status.code(), absl::StatusCode::kCancelled);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(WriteTruth, HoldsAttenuationAndLabels) {
  const ScratchFolder folder;
  const std::string path = folder.path() + "/truth.h5";
  ASSERT_TRUE(WriteTruth(P1(), path, kGoOn).ok());
  const auto file = Hdf5File::Open(path);
  ASSERT_TRUE(file.ok()) << file.status();
  std::vector<float> attenuation(128 * 128);
  std::vector<std::uint8_t> label(128 * 128);
  ASSERT_TRUE(file->OpenDataset("/exchange/data")
                  ->Read({0, 0, 0}, {1, 128, 128}, SampleType::kFloat32, attenuation.data())
                  .ok());
  ASSERT_TRUE(file->OpenDataset("/truth/labels")
                  ->Read({0, 0, 0}, {1, 128, 128}, SampleType::kUint8, label.data())
                  .ok());
  EXPECT_EQ(attenuation[0], 0);
  EXPECT_EQ(label[0], 0);
  // Voxel (row 37, column 64) has its centre at (0.15, −7.95) mm, inside the m3 rod at (0, −8).
  EXPECT_FLOAT_EQ(attenuation[37 * 128 + 64], 0.2f);
  EXPECT_EQ(label[37 * 128 + 64], 3);
  // gen_data.py's labels of this case: 16384 voxels.
  std::int64_t count[4] = {};
  for (const std::uint8_t l : label) ++count[l];
  EXPECT_EQ(count[0] + count[1] + count[2] + count[3], 16384);
  EXPECT_EQ(count[0], 10453);
  EXPECT_EQ(count[3], 188);
}

}  // namespace
}  // namespace tomoslab
