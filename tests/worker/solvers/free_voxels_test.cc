#include "worker/solvers/free_voxels.h"

#include <gtest/gtest.h>

#include <array>

#include "tests/support/figure.h"

namespace tomoslab {
namespace {

const LocalHalo kAlone;

TEST(FreeVoxels, TheHashIsTheOneOfTheReference) {
  // tests/acceptance/golden.json, rng_u01: bit for bit.
  constexpr std::array<std::uint64_t, 6> kVoxels = {0, 1, 2, 1000, 123456789, 8589934597};
  struct Golden {
    std::uint64_t seed, iteration;
    std::array<double, 6> u;
  };
  const Golden goldens[] = {
      {1,
       0,
       {0.31870113303125935, 0.8232990242599739, 0.6871437271763421, 0.5205267562233981,
        0.8935664218324846, 0.2294496885428795}},
      {1,
       7,
       {0.6067932220231701, 0.0883007404222006, 0.9426163852666517, 0.4022163539863115,
        0.5422728489436546, 0.08205493131900066}},
      {42,
       3,
       {0.5956737602139172, 0.30641432248355305, 0.42533705628673624, 0.5317684647407173,
        0.8111585919676777, 0.024443302447680892}},
  };
  for (const Golden& golden : goldens) {
    int others = 0;
    for (std::size_t i = 0; i < kVoxels.size(); ++i)
      others += UniformOf(golden.seed, golden.iteration, kVoxels[i]) != golden.u[i];
    testing::ExpectExactly("A7 random numbers that differ from the golden ones", others, 0);
  }
}

TEST(FreeVoxels, OneMillionHoldTheNumberOfTheReference) {
  const VoxelGrid grid{
      .columns = 100, .rows = 100, .slices = 100, .slab = {0, 100}, .halo = &kAlone};
  VoxelMask mask(grid);
  InsertRandom(grid, 0.1, 1, 0, mask);
  testing::ExpectExactly("A7 voxels of a million freed by 0.1, seed 1", CountLocal(grid, mask),
                         100446);
}

TEST(FreeVoxels, TheVoxelIndexIsTheGlobalOne) {
  const VoxelGrid grid{.columns = 3, .rows = 2, .slices = 9, .slab = {4, 7}, .halo = &kAlone};
  VoxelMask mask(grid);
  InsertRandom(grid, 0.5, 7, 2, mask);
  for (int slice = 4; slice < 7; ++slice) {
    for (int row = 0; row < 2; ++row) {
      for (int column = 0; column < 3; ++column) {
        const bool expected = UniformOf(7, 2, (slice * 2 + row) * 3 + column) < 0.5;
        EXPECT_EQ(mask.Contains(row * 3 + column, slice - 4), expected);
      }
    }
  }
}

TEST(FreeVoxels, AllAndNone) {
  const VoxelGrid grid{.columns = 5, .rows = 3, .slices = 130, .slab = {0, 130}, .halo = &kAlone};
  VoxelMask none(grid), all(grid);
  InsertRandom(grid, 0, 1, 0, none);
  InsertAll(grid, all);
  EXPECT_EQ(CountLocal(grid, none), 0);
  EXPECT_EQ(CountLocal(grid, all), 5 * 3 * 130);
}

}  // namespace
}  // namespace tomoslab
