// Measured scans, in Data Exchange and NXtomo files.
#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/worker/data/written_file.h"

namespace tomoslab {
namespace {

const std::string kData = std::string(TOMOSLAB_TEST_SOURCE) + "/tests/data/";

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

}  // namespace
}  // namespace tomoslab
