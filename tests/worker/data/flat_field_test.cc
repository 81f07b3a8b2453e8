#include "worker/data/flat_field.h"

#include <cmath>
#include <limits>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tomoslab {
namespace {

using ::testing::ElementsAre;
using ::testing::FloatEq;
using ::testing::FloatNear;
using ::testing::HasSubstr;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

/// Frames of one row (number 0), each a line.
ReferenceFrames Frames(const std::vector<std::vector<float>>& lines,
                       const std::vector<int>& after_views = {}) {
  ReferenceFrames frames =
      ReferenceFrames::Create({0, 1}, static_cast<int>(lines[0].size()),
                              static_cast<std::int64_t>(lines.size()), after_views)
          .value();
  for (std::size_t i = 0; i < lines.size(); ++i) {
    frames.Add(static_cast<std::int64_t>(i), 0, lines[i]);
  }
  return frames;
}

std::vector<float> LineOf(const ReferenceFrames& frames, std::int64_t view, int columns) {
  std::vector<float> line(columns);
  frames.Line(view, 0, absl::MakeSpan(line));
  return line;
}

std::vector<float> Correct(const FlatField& flat_field, const std::vector<float>& recorded,
                           FlatFieldReport& report, std::int64_t view = 0) {
  std::vector<float> line(recorded.size());
  flat_field.Correct(view, 0, recorded, absl::MakeSpan(line), report);
  return line;
}

TEST(ReferenceFrames, AveragesFramesOfOnePosition) {
  const ReferenceFrames frames = Frames({{1, 10}, {2, 20}, {6, 30}});
  EXPECT_THAT(LineOf(frames, 0, 2), ElementsAre(FloatEq(3), FloatEq(20)));
  EXPECT_THAT(LineOf(frames, 100, 2), ElementsAre(FloatEq(3), FloatEq(20)));
}

TEST(ReferenceFrames, InterpolatesBetweenPositions) {
  // Two before view 0 (at −½) with mean 10, one after view 3 (at 3½), 30.
  const ReferenceFrames frames = Frames({{30}, {8}, {12}}, {4, 0, 0});
  EXPECT_THAT(LineOf(frames, 0, 1), ElementsAre(FloatEq(12.5)));
  EXPECT_THAT(LineOf(frames, 3, 1), ElementsAre(FloatEq(27.5)));
  EXPECT_THAT(LineOf(frames, 4, 1), ElementsAre(FloatEq(30)));
  EXPECT_THAT(LineOf(frames, 99, 1), ElementsAre(FloatEq(30)));
}

TEST(ReferenceFrames, HoldsOnlyItsRows) {
  ReferenceFrames frames = ReferenceFrames::Create({5, 7}, 1, 1, {}).value();
  frames.Add(0, 5, {3});
  frames.Add(0, 6, {4});
  std::vector<float> line(1);
  frames.Line(0, 6, absl::MakeSpan(line));
  EXPECT_EQ(line[0], 4);
}

TEST(ReferenceFrames, RefusesPositionsThatDoNotFit) {
  EXPECT_THAT(std::string(ReferenceFrames::Create({0, 1}, 1, 3, {0, 1}).status().message()),
              HasSubstr("given for 2 frames, but there are 3"));
  EXPECT_EQ(ReferenceFrames::Create({0, 1}, 1, 1, {-1}).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(FlatField, CountsBecomeLineIntegrals) {
  const FlatField flat_field =
      FlatField::Create({.background_offset = 0.25}, Frames({{1100, 1100, 2100}}),
                        Frames({{100, 100, 100}}))
          .value();
  FlatFieldReport report;
  EXPECT_THAT(Correct(flat_field, {1100, 600, 2600}, report),
              ElementsAre(FloatNear(-0.25f, 1e-6f), FloatNear(std::log(2.0f) - 0.25f, 1e-6f),
                          FloatNear(-std::log(1.25f) - 0.25f, 1e-6f)));  // above 1 is noise: kept
  EXPECT_EQ(report, (FlatFieldReport{.samples = 3}));
  EXPECT_EQ(report.ToString(), "");
}

TEST(FlatField, LowCountsAreSetToHalfACount) {
  const FlatField flat_field =
      FlatField::Create({}, Frames({{1100, 1100, 1100}}), Frames({{100, 100, 100}})).value();
  FlatFieldReport report;
  const float half_a_count = std::log(2000.0f);
  EXPECT_THAT(Correct(flat_field, {100, 40, 101}, report),
              ElementsAre(FloatNear(half_a_count, 1e-5f), FloatNear(half_a_count, 1e-5f),
                          FloatNear(std::log(1000.0f), 1e-5f)));
  EXPECT_EQ(report.low_counts, 2);
  EXPECT_THAT(report.ToString(), HasSubstr("2 of 3 samples"));
  EXPECT_TRUE(CheckLowCounts(report, LowCounts::kFloor).ok());
  EXPECT_EQ(CheckLowCounts(report, LowCounts::kReject).code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(CheckLowCounts({.samples = 9}, LowCounts::kReject).ok());
}

TEST(FlatField, DeadFlatsAndNanAreFilledInAndCounted) {
  const FlatField flat_field =
      FlatField::Create({}, Frames({{10, 1000, 5, kNan, 1000, 1000, 1000}}),
                        Frames({{10, 0, 5, 0, 0, 0, 0}}))
          .value();
  FlatFieldReport report;
  const float e = std::exp(-1.0f), e4 = std::exp(-4.0f);
  const std::vector<float> line =
      Correct(flat_field, {7, 1000 * e, 3, 4, 1000 * e4, kNan, kInfinity}, report);
  EXPECT_THAT(line, ElementsAre(FloatNear(1, 1e-5f), FloatNear(1, 1e-5f), FloatNear(2, 1e-5f),
                                FloatNear(3, 1e-5f), FloatNear(4, 1e-5f), FloatNear(4, 1e-5f),
                                FloatNear(4, 1e-5f)));
  EXPECT_EQ(report, (FlatFieldReport{.samples = 7, .bad_flat = 3, .non_finite = 2}));
}

TEST(FlatField, ALineWithoutOneGoodSampleIsZero) {
  const FlatField flat_field = FlatField::Create({}, Frames({{0, 0}}), {}).value();
  FlatFieldReport report;
  EXPECT_THAT(Correct(flat_field, {1, 2}, report), ElementsAre(0, 0));
}

TEST(FlatField, ReferenceCountsReplaceFlats) {
  const FlatField flat_field = FlatField::Create({.reference_counts = 1000}, {}, {}).value();
  FlatFieldReport report;
  EXPECT_THAT(Correct(flat_field, {100}, report), ElementsAre(FloatNear(std::log(10.0f), 1e-6f)));
  EXPECT_EQ(FlatField::Create({}, {}, {}).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST(FlatField, FlatsFollowTheViews) {
  const FlatField flat_field = FlatField::Create({}, Frames({{1000}, {2000}}, {0, 10}), {}).value();
  FlatFieldReport report;
  EXPECT_THAT(Correct(flat_field, {1050}, report, 0), ElementsAre(FloatNear(0, 1e-6f)));
  EXPECT_THAT(Correct(flat_field, {1950}, report, 9), ElementsAre(FloatNear(0, 1e-6f)));
}

TEST(FlatField, NormalisedNumbersKeepTheirRange) {
  // Flats near 1: half a count means nothing, a transmission of 1 % is real.
  const FlatField flat_field =
      FlatField::Create({.sample_type = SampleType::kFloat32}, Frames({{1, 1}}), {}).value();
  FlatFieldReport report;
  EXPECT_THAT(Correct(flat_field, {0.01f, 0}, report),
              ElementsAre(FloatNear(4.60517f, 1e-5f), FloatNear(-std::log(1e-6f), 1e-4f)));
  EXPECT_EQ(report.low_counts, 1);
}

TEST(FlatField, TransmissionsAndLineIntegrals) {
  FlatFieldReport report;
  const FlatField transmission =
      FlatField::Create({.quantity = Quantity::kTransmission, .reference_counts = 1e4}, {}, {})
          .value();
  EXPECT_THAT(Correct(transmission, {1, 0.5f, -0.1f}, report),
              ElementsAre(FloatNear(0, 1e-6f), FloatNear(std::log(2.0f), 1e-6f),
                          FloatNear(std::log(2e4f), 1e-5f)));
  const FlatField integrals =
      FlatField::Create({.quantity = Quantity::kLineIntegrals, .background_offset = 0.5}, {}, {})
          .value();
  EXPECT_THAT(Correct(integrals, {1, kNan, -2}, report), ElementsAre(0.5f, -1, -2.5f));
  EXPECT_EQ(report, (FlatFieldReport{.samples = 6, .low_counts = 1, .non_finite = 1}));
}

TEST(FlatField, ALineMayBeCorrectedInPlace) {
  const FlatField flat_field = FlatField::Create({.reference_counts = 100}, {}, {}).value();
  std::vector<float> line = {100, 50};
  FlatFieldReport report;
  flat_field.Correct(0, 0, line, absl::MakeSpan(line), report);
  EXPECT_THAT(line, ElementsAre(FloatNear(0, 1e-6f), FloatNear(std::log(2.0f), 1e-6f)));
}

TEST(FlatFieldReport, AddsUp) {
  FlatFieldReport report{.samples = 10, .low_counts = 1, .bad_flat = 2, .non_finite = 3};
  report += {.samples = 5, .low_counts = 10, .bad_flat = 20, .non_finite = 30};
  EXPECT_EQ(report,
            (FlatFieldReport{.samples = 15, .low_counts = 11, .bad_flat = 22, .non_finite = 33}));
}

}  // namespace
}  // namespace tomoslab
