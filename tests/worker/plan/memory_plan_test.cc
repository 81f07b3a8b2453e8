// Differences of plans, in whole vectors: the program and what a plan measures by constants cancel.
#include "worker/plan/memory_plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numbers>

#include "worker/plan/footprint_path.h"

namespace tomoslab {
namespace {

constexpr int kSize = 64, kViews = 48;
constexpr std::int64_t kVolume = 4 * std::int64_t{kSize} * kSize * kSize,
                       kProjections = 4 * std::int64_t{kSize} * kSize * kViews,
                       kLabels = std::int64_t{kSize} * kSize * (kSize + 8);  // bytes and bits

Scan MakeScan(Beam beam, double shift_mm = 0) {
  CircularOrbit orbit;
  orbit.beam = beam;
  orbit.source_object_distance_mm = 300;
  orbit.source_detector_distance_mm = 600;
  orbit.detector_shift_u_mm = shift_mm;
  for (int view = 0; view < kViews; ++view)
    orbit.angle_rad.push_back(2 * std::numbers::pi * view / kViews);
  const double pixel_mm = beam == Beam::kCone ? 2 : 1;
  return MakeCircularScan({.rows = kSize,
                           .columns = kSize,
                           .pixel_width_mm = pixel_mm,
                           .pixel_height_mm = pixel_mm},
                          orbit)
      .value();
}

Volume Cube() {
  return {.columns = kSize,
          .rows = kSize,
          .slices = kSize,
          .voxel_width_mm = 1,
          .voxel_height_mm = 1,
          .center_mm = {}};
}

std::int64_t Bytes(const MemoryUse& use, const Scan& scan = MakeScan(Beam::kParallel),
                   int ranks = 1, int rank = 0) {
  return RankBytes(MakeExchangePlan(scan, Cube(), ranks), scan, Cube(), use, rank);
}

std::int64_t Bytes(AlgorithmKind algorithm, int materials = 0) {
  return Bytes({.algorithm = algorithm, .materials = materials});
}

/// SIRT's 3 volumes and 3 sets, to which the others are compared.
std::int64_t Sirt() { return Bytes(AlgorithmKind::kSirt); }

TEST(RankBytes, OfSirtAreItsVectorsAndAFewBuffers) {
  const std::int64_t vectors = 3 * kVolume + 3 * kProjections;
  EXPECT_GT(Sirt(), vectors);
  // One batch of views: its shadow is as large as a set of projections.
  EXPECT_LT(Sirt(), vectors + kProjections + (std::int64_t{64} << 20));
}

TEST(RankBytes, GrowByTheVectorsOfTheAlgorithm) {
  // FDK keeps no ray columns.
  EXPECT_EQ(Bytes(AlgorithmKind::kFdk),
            Sirt() - 2 * kVolume - kProjections - kRayColumnBytes * kSize * kViews);
  EXPECT_EQ(Bytes(AlgorithmKind::kCgls), Sirt());
  EXPECT_EQ(Bytes(AlgorithmKind::kBarzilaiBorwein), Sirt() + kVolume);
  EXPECT_EQ(Bytes(AlgorithmKind::kPolyBarzilaiBorwein, 2), Sirt() + 3 * kVolume);
  EXPECT_EQ(Bytes(AlgorithmKind::kPolyBarzilaiBorwein, 3), Sirt() + 3 * kVolume + kProjections);
  EXPECT_EQ(Bytes(AlgorithmKind::kPolySirt, 2), Sirt() + kVolume + kProjections);
}

TEST(RankBytes, OfDartAreThoseOfItsHungriestStep) {
  // With three materials the fit needs four sets; with two, the inner solver three.
  EXPECT_EQ(Bytes(AlgorithmKind::kDart, 2), Sirt() + kVolume + kLabels);
  EXPECT_EQ(Bytes(AlgorithmKind::kDart, 3), Sirt() + kVolume + kProjections + kLabels);
  EXPECT_EQ(Bytes(AlgorithmKind::kDartWithCgls, 2), Sirt() + kVolume + kLabels);
  EXPECT_EQ(Bytes(AlgorithmKind::kDartWithBb, 2), Sirt() + 2 * kVolume + kLabels);
  // BB of the start image has as many vectors, and no labels yet.
  EXPECT_EQ(Bytes({.algorithm = AlgorithmKind::kDart, .materials = 2, .makes_start_image = true}),
            Bytes(AlgorithmKind::kDart, 2));
}

TEST(RankBytes, OfPolyDartAreThoseOfItsHungriestStep) {
  EXPECT_EQ(Bytes(AlgorithmKind::kPolyDart, 2), Sirt() + 2 * kVolume + kProjections + kLabels);
  EXPECT_EQ(Bytes(AlgorithmKind::kPolyDartWithBb, 2), Sirt() + 4 * kVolume + kLabels);
  EXPECT_EQ(
      Bytes({.algorithm = AlgorithmKind::kPolyDart, .materials = 2, .makes_start_image = true}),
      std::max(Sirt() + 3 * kVolume, Sirt() + 2 * kVolume + kProjections + kLabels));
  // b, two paths, a residual and two slopes.
  EXPECT_EQ(
      Bytes({.algorithm = AlgorithmKind::kPolyDart, .materials = 2, .refines_densities = true}),
      std::max(Sirt() + 3 * kProjections + kLabels, Sirt() + 2 * kVolume + kProjections + kLabels));
}

TEST(RankBytes, OfFdkCountTheWiderDetectorOfItsFilter) {
  const MemoryUse fdk{.algorithm = AlgorithmKind::kFdk};
  // 16 pixels off: 32 columns more, in the filtered set and in the shadow of the one batch.
  const std::int64_t on_axis = Bytes(fdk), off_axis = Bytes(fdk, MakeScan(Beam::kParallel, 16));
  EXPECT_EQ(off_axis - on_axis, kProjections);
}

TEST(RankBytes, OfAStartFromFdkAreAtLeastThoseOfFdk) {
  const Scan scan = MakeScan(Beam::kParallel, 31);
  const MemoryUse plain{.algorithm = AlgorithmKind::kSirt},
      from_fdk{.algorithm = AlgorithmKind::kSirt, .starts_from_fdk = true};
  EXPECT_GE(Bytes(from_fdk, scan), Bytes({.algorithm = AlgorithmKind::kFdk}, scan));
  EXPECT_GE(Bytes(from_fdk, scan), Bytes(plain, scan));
}

TEST(RankBytes, ShrinkWithRanksButForWhatOverlaps) {
  const Scan scan = MakeScan(Beam::kCone);
  const MemoryUse bb{.algorithm = AlgorithmKind::kBarzilaiBorwein};
  const std::int64_t one = Bytes(bb, scan), half = (4 * kVolume + 3 * kProjections) / 2;
  for (const int rank : {0, 1}) {
    const std::int64_t two = Bytes(bb, scan, 2, rank);
    EXPECT_LT(two, one - half + kProjections);
    EXPECT_GT(two, one - half - kProjections);
  }
}

TEST(RankBytes, CountACopyOfTheViewsThatFootprintsTakeRayByRay) {
  CircularOrbit orbit = *MakeScan(Beam::kCone).orbit;
  orbit.detector_rotation_rad = 0.1;
  const Scan rotated = MakeCircularScan(MakeScan(Beam::kCone).detector, orbit).value();
  const MemoryUse joseph{.algorithm = AlgorithmKind::kSirt},
      footprints{.algorithm = AlgorithmKind::kSirt, .footprints = true};
  EXPECT_EQ(Bytes(footprints, rotated) - Bytes(joseph, rotated), kProjections);
}

}  // namespace
}  // namespace tomoslab
