#include "worker/solvers/neighbourhood.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tomoslab {
namespace {

const LocalHalo kAlone;
const LocalSum kSum;

VoxelGrid Grid(int columns, int rows, int slices) {
  return {.columns = columns, .rows = rows, .slices = slices, .slab = {0, slices}, .halo = &kAlone};
}

/// Slices of rows of digits, as one reads them.
using Picture = std::vector<std::vector<std::string>>;

VoxelLabels LabelsOf(const Picture& picture) {
  const int columns = static_cast<int>(picture[0][0].size());
  const int rows = static_cast<int>(picture[0].size()), slices = static_cast<int>(picture.size());
  VoxelLabels labels(Grid(columns, rows, slices));
  for (int z = 0; z < slices; ++z) {
    for (int y = 0; y < rows; ++y) {
      for (int x = 0; x < columns; ++x) {
        labels.line(y * columns + x)[z] = static_cast<std::uint8_t>(picture[z][y][x] - '0');
      }
    }
  }
  return labels;
}

Picture BoundaryOf(const Picture& picture) {
  const int columns = static_cast<int>(picture[0][0].size());
  const int rows = static_cast<int>(picture[0].size()), slices = static_cast<int>(picture.size());
  const VoxelGrid grid = Grid(columns, rows, slices);
  VoxelMask mask(grid);
  InsertBoundary(grid, LabelsOf(picture), mask);
  Picture result = picture;
  for (int z = 0; z < slices; ++z) {
    for (int y = 0; y < rows; ++y) {
      for (int x = 0; x < columns; ++x)
        result[z][y][x] = mask.Contains(y * columns + x, z) ? '#' : '.';
    }
  }
  return result;
}

TEST(Boundary, OneVoxelAndItsEightNeighbours) {
  EXPECT_EQ(BoundaryOf({{"00000",  //
                         "00000",  //
                         "00100",  //
                         "00000",  //
                         "00000"}}),
            (Picture{{".....",  //
                      ".###.",  //
                      ".###.",  //
                      ".###.",  //
                      "....."}}));
}

TEST(Boundary, TheEdgeOfTheVolumeIsNone) {
  EXPECT_EQ(BoundaryOf({{"11000",  //
                         "11000",  //
                         "11000",  //
                         "11000",  //
                         "11000"}}),
            (Picture{{".##..",  //
                      ".##..",  //
                      ".##..",  //
                      ".##..",  //
                      ".##.."}}));
  EXPECT_EQ(BoundaryOf({{"22", "22"}}), (Picture{{"..", ".."}}));
}

TEST(Boundary, LiesBetweenAnyTwoMaterials) {
  EXPECT_EQ(BoundaryOf({{"11122",  //
                         "11122",  //
                         "11122",  //
                         "11111",  //
                         "11111"}}),
            (Picture{{"..##.",  //
                      "..##.",  //
                      "..###",  //
                      "..###",  //
                      "....."}}));
}

TEST(Boundary, ReachesIntoTheNextSlices) {
  const std::vector<std::string> empty(3, "000");
  const std::vector<std::string> corner = {"100", "000", "000"};
  const std::vector<std::string> near = {"##.", "##.", "..."}, none(3, "...");
  EXPECT_EQ(BoundaryOf({empty, empty, corner, empty, empty}),
            (Picture{none, near, near, near, none}));
}

TEST(Smooth, ByHandInASliceOfItsOwn) {
  // 3 × 3 × 1: the middle gets 0.7 · 9 + 0.3 · mean(0 … 8 without the middle) with 8 neighbours.
  const VoxelGrid grid = Grid(3, 3, 1);
  Field x(9, {0, 1}, 1, &kSum);
  for (int i = 0; i < 9; ++i) x.data()[i] = i == 4 ? 9.0f : 1.0f;
  VoxelMask mask(grid);
  mask.Insert(4, 0);
  mask.Insert(0, 0);
  Smooth(grid, mask, 0.3, x);
  EXPECT_FLOAT_EQ(x.data()[4], 0.7f * 9 + 0.3f * 1);
  // The corner: itself 3 times, its edge neighbours twice each, and the middle's old value once.
  EXPECT_FLOAT_EQ(x.data()[0], 0.7f * 1 + 0.3f * (7 * 1 + 9) / 8);
  EXPECT_FLOAT_EQ(x.data()[1], 1) << "not in the mask";
}

TEST(Smooth, ByHandInThreeDimensions) {
  const VoxelGrid grid = Grid(3, 3, 3);
  Field x(9, {0, 3}, 3, &kSum);
  x.line(4)[1] = 26;
  VoxelMask mask(grid);
  for (int outer = 0; outer < 9; ++outer) {
    for (int z = 0; z < 3; ++z) mask.Insert(outer, z);
  }
  Smooth(grid, mask, 0.5, x);
  EXPECT_FLOAT_EQ(x.line(4)[1], 13);    // nothing but zeros around
  EXPECT_FLOAT_EQ(x.line(0)[0], 0.5f);  // 26 once among its 26 neighbours
  EXPECT_FLOAT_EQ(x.line(4)[0], 0.5f);
  EXPECT_FLOAT_EQ(x.line(1)[2], 0.5f);
}

TEST(Smooth, KeepsAConstantImage) {
  const VoxelGrid grid = Grid(4, 3, 5);
  Field x(12, {0, 5}, 5, &kSum);
  Fill(0.25, x);
  VoxelMask mask(grid);
  for (int outer = 0; outer < 12; ++outer) {
    for (int z = 0; z < 5; ++z) mask.Insert(outer, z);
  }
  Smooth(grid, mask, 0.8, x);
  for (const float value : x.values()) EXPECT_FLOAT_EQ(value, 0.25f);
}

}  // namespace
}  // namespace tomoslab
