#include "worker/data/data_exchange_writer.h"

#include <cmath>
#include <filesystem>
#include <numbers>

#include <gtest/gtest.h>

#include "tests/worker/data/scratch_folder.h"
#include "worker/data/projection_reader.h"

namespace tomoslab {
namespace {

constexpr double kDegree = std::numbers::pi / 180;

CircularOrbit Orbit(Beam beam) {
  CircularOrbit orbit;
  orbit.beam = beam;
  orbit.source_object_distance_mm = 120;
  orbit.source_detector_distance_mm = 300;
  orbit.detector_shift_u_mm = 1.5;
  orbit.detector_shift_v_mm = -0.75;
  orbit.rotation_axis_offset_mm = 0.3;
  orbit.detector_rotation_rad = 2 * kDegree;
  orbit.angle_rad = {0, 0.1, -0.5, 2.5};
  return orbit;
}

void ExpectRoundTrip(const Scan& scan) {
  const ScratchFolder folder;
  const std::string path = folder.path() + "/scan.h5";
  ScanDescription d;
  d.title = "round trip";
  d.scan = scan;
  d.quantity = Quantity::kTransmission;
  const auto writer = DataExchangeWriter::Create(path, d);
  ASSERT_TRUE(writer.ok()) << writer.status();
  const std::vector<float> frame(scan.detector.rows * scan.detector.columns, 0.25f);
  for (std::size_t k = 0; k < scan.views.size(); ++k) {
    ASSERT_TRUE(
        (*writer)->WriteFrame(FrameKind::kProjection, static_cast<std::int64_t>(k), frame).ok());
  }
  EXPECT_FALSE(std::filesystem::exists(path));
  ASSERT_TRUE((*writer)->Close().ok());
  const auto reader = OpenHdf5Scan(path, {});
  ASSERT_TRUE(reader.ok()) << reader.status();
  const ScanDescription& back = (*reader)->description();
  EXPECT_EQ(back.title, "round trip");
  EXPECT_EQ(back.quantity, Quantity::kTransmission);
  ASSERT_EQ(back.scan.views.size(), scan.views.size());
  EXPECT_EQ(back.scan.orbit.has_value(), scan.orbit.has_value());
  for (std::size_t k = 0; k < scan.views.size(); ++k) {
    EXPECT_EQ(back.scan.views[k].beam, scan.views[k].beam);
    for (const auto& [a, b] : {std::pair{back.scan.views[k].source, scan.views[k].source},
                               {back.scan.views[k].corner, scan.views[k].corner},
                               {back.scan.views[k].column_step, scan.views[k].column_step},
                               {back.scan.views[k].row_step, scan.views[k].row_step}}) {
      EXPECT_LT(Norm(a - b), 1e-9);
    }
  }
}

TEST(DataExchangeWriter, ConeParallelAndVectorGeometriesComeBack) {
  const Detector detector{3, 5, 0.4, 0.7};
  for (const Beam beam : {Beam::kCone, Beam::kParallel}) {
    const auto scan = MakeCircularScan(detector, Orbit(beam));
    ASSERT_TRUE(scan.ok()) << scan.status();
    ExpectRoundTrip(*scan);
  }
  const std::vector<double> vectors = {1, -50, 2, 0, 60, 0, 0.4, 0,   0.01, 0,    0.02, 0.7,
                                       2, -51, 3, 1, 61, 1, 0.4, 0.1, 0,    0.01, 0,    0.7};
  for (const Beam beam : {Beam::kCone, Beam::kParallel}) {
    const auto scan = MakeVectorScan(detector, beam, vectors);
    ASSERT_TRUE(scan.ok()) << scan.status();
    ExpectRoundTrip(*scan);
  }
}

TEST(DataExchangeWriter, RoundsAndClipsWholeNumbers) {
  const ScratchFolder folder;
  ScanDescription d;
  const auto scan = MakeCircularScan({1, 4, 1, 1}, Orbit(Beam::kParallel));
  d.scan = *scan;
  d.sample_type = SampleType::kUint16;
  d.flat_count = 1;
  const std::string path = folder.path() + "/counts.h5";
  const auto writer = DataExchangeWriter::Create(path, d);
  ASSERT_TRUE(writer.ok());
  const std::vector<float> frame = {0.6f, 65534.6f, 70000.0f, -3.0f};
  for (int k = 0; k < 4; ++k)
    ASSERT_TRUE((*writer)->WriteFrame(FrameKind::kProjection, k, frame).ok());
  ASSERT_TRUE((*writer)->WriteFrame(FrameKind::kFlat, 0, frame).ok());
  EXPECT_FALSE((*writer)->WriteFrame(FrameKind::kDark, 0, frame).ok());
  ASSERT_TRUE((*writer)->Close().ok());
  const auto reader = OpenHdf5Scan(path, {});
  ASSERT_TRUE(reader.ok()) << reader.status();
  std::vector<std::uint16_t> line(4);
  ASSERT_TRUE((*reader)
                  ->ReadLines(FrameKind::kFlat, 0, 1,
                              absl::MakeSpan(reinterpret_cast<std::byte*>(line.data()), 8))
                  .ok());
  EXPECT_EQ(line, (std::vector<std::uint16_t>{1, 65535, 65535, 0}));
}

TEST(DataExchangeWriter, LeavesNothingBehindWhenItIsNotClosed) {
  const ScratchFolder folder;
  ScanDescription d;
  d.scan = *MakeCircularScan({1, 4, 1, 1}, Orbit(Beam::kParallel));
  { const auto writer = DataExchangeWriter::Create(folder.path() + "/scan.h5", d); }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
  EXPECT_EQ(DataExchangeWriter::Create(folder.path() + "/no/such/scan.h5", d).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace tomoslab
