// The GPU's bodies of DART, run over all voxels on the host: labels, masks and counts as the CPU's,
// bit for bit.
#include "worker/solvers/device_dart_bodies.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/support/geometries.h"
#include "worker/solvers/dart_loop.h"

namespace tomoslab {
namespace {

using testing::Noise;

/// Of one rank's slab alone.
class SlabSum : public OrderedSum {
 public:
  std::vector<double> Sum(absl::Span<const double> partials, int quantities, IndexRange local,
                          std::int64_t) const override {
    std::vector<double> sums(quantities, 0.0);
    for (int q = 0; q < quantities; ++q) {
      for (std::int64_t z = 0; z < local.size(); ++z) sums[q] += partials[q * local.size() + z];
    }
    return sums;
  }
  double Max(double local) const override { return local; }
};
const SlabSum kSum;

/// What neighbouring slabs would send.
class GivenHalo : public SliceHalo {
 public:
  HaloBytes Exchange(absl::Span<const char>, absl::Span<const char>, IndexRange) const override {
    return bytes;
  }
  HaloBytes bytes;
};

template <class T>
std::vector<char> BytesOf(const std::vector<T>& values) {
  const char* bytes = reinterpret_cast<const char*>(values.data());
  return {bytes, bytes + values.size() * sizeof(T)};
}

/// A slab of a volume of noise, with its neighbours' slices, on the CPU and as the bodies see it.
struct Case {
  int columns, rows, slices;
  IndexRange slab;

  std::int64_t outer() const { return std::int64_t{columns} * rows; }
  std::int64_t voxels() const { return outer() * slab.size(); }
  VoxelGrid Grid(const SliceHalo* halo) const { return {columns, rows, slices, slab, halo}; }
  device::VoxelSlab Device() const { return {columns, rows, slices, slab.begin, slab.size()}; }

  /// A number of the whole volume; lumps, so that there are voxels without a boundary.
  float At(std::int64_t outer, std::int64_t slice) const {
    const std::int64_t lump = (outer % columns / 4 + 7 * (outer / columns / 3)) * 31 + slice / 4;
    return 0.5f + 0.6f * Noise(5, lump);
  }
  Field Image() const {
    Field x(outer(), slab, slices, &kSum);
    for (std::int64_t o = 0; o < outer(); ++o) {
      for (std::int64_t z = 0; z < slab.size(); ++z) x.line(o)[z] = At(o, slab.begin + z);
    }
    return x;
  }
  /// The slice beside the slab, or its own outermost where the volume ends.
  std::vector<float> Beside(std::int64_t slice) const {
    std::vector<float> values;
    const std::int64_t inside = slice < 0 ? 0 : slice < slices ? slice : slices - 1;
    for (std::int64_t o = 0; o < outer(); ++o) values.push_back(At(o, inside));
    return values;
  }
};

std::vector<Case> Cases() {
  return {{9, 7, 11, {0, 11}}, {13, 5, 11, {4, 9}}, {8, 9, 6, {2, 3}},
          {7, 8, 1, {0, 1}},   {1, 1, 70, {0, 70}}, {40, 30, 20, {3, 20}}};
}

const MaterialBasis& Materials() {
  static const MaterialBasis basis(std::vector<double>{0.3, 0.55, 0.8});
  return basis;
}

/// All parts of a count, and their total.
template <class Body>
std::vector<std::int64_t> Count(Body body, std::int64_t width) {
  std::vector<std::int64_t> counts(device::kCountParts * width), totals(width);
  body.counts = counts.data();
  for (std::int64_t part = 0; part < device::kCountParts; ++part) body(part);
  const device::TotalBody total{counts.data(), width, totals.data()};
  for (std::int64_t i = 0; i < width; ++i) total(i);
  return totals;
}

std::vector<std::uint8_t> LabelsOf(const std::vector<float>& values) {
  std::vector<std::uint8_t> labels;
  for (const float x : values) labels.push_back(static_cast<std::uint8_t>(Materials().Label(x)));
  return labels;
}

TEST(DeviceDart, LabelsAndCountsAreTheCpus) {
  for (const Case& c : Cases()) {
    const VoxelGrid grid = c.Grid(nullptr);
    const Field x = c.Image();
    VoxelLabels expected(grid);
    std::vector<std::uint8_t> labels(c.voxels(), 0);
    for (int round = 0; round < 2; ++round) {  // the second time nothing changes
      const LabelCounts counts = Segment(grid, x, Materials(), expected);
      const std::vector<std::int64_t> mine =
          Count(device::SegmentBody{Materials().labels(), x.data(), c.voxels(), labels.data(), {}},
                device::kLabelCounts);
      for (int label = 0; label <= 3; ++label) EXPECT_EQ(mine[label], counts.voxels[label]);
      EXPECT_EQ(mine[kMostMaterials + 1], counts.changed);
      EXPECT_EQ(counts.changed == 0, round == 1);
      for (std::int64_t i = 0; i < c.voxels(); ++i) ASSERT_EQ(labels[i], expected.line(0)[i]);
    }
  }
}

TEST(DeviceDart, ImagesOfLabelsAreTheCpus) {
  const Case c = Cases()[1];
  const Field x = c.Image();
  Field expected = Like(x), out = Like(x);
  for (int label = 0; label <= 3; ++label) {
    Indicator(x, Materials(), label, expected);
    const device::IndicatorBody body{Materials().labels(), label, x.data(), out.data()};
    for (std::int64_t i = 0; i < c.voxels(); ++i) body(i);
    EXPECT_EQ(out.values(), expected.values());
  }
  Discretize(x, Materials(), expected);
  const device::DiscretizeBody body{Materials().labels(), x.data(), out.data()};
  for (std::int64_t i = 0; i < c.voxels(); ++i) body(i);
  EXPECT_EQ(out.values(), expected.values());
}

TEST(DeviceDart, FreeVoxelsAndSmoothingAreTheCpus) {
  for (const Case& c : Cases()) {
    const std::vector<float> below = c.Beside(c.slab.begin - 1), above = c.Beside(c.slab.end);
    const std::vector<std::uint8_t> label_below = LabelsOf(below), label_above = LabelsOf(above);
    GivenHalo halo;
    const VoxelGrid grid = c.Grid(&halo);
    Field x = c.Image();
    VoxelLabels labels(grid);
    halo.bytes = {BytesOf(label_below), BytesOf(label_above)};
    const LabelCounts counts = Segment(grid, x, Materials(), labels);
    const DartLoopOptions options{.free_fraction = 0.17, .smoothing = 0.3, .seed = 11};
    const VoxelMask expected = FreeVoxels(grid, labels, counts, options, 3);

    std::vector<std::uint8_t> mask(c.voxels());
    const device::FreeVoxelsBody free{
        {c.Device(), labels.line(0), label_below.data(), label_above.data()},
        {options.free_fraction, options.seed, 3},
        mask.data()};
    for (std::int64_t i = 0; i < c.voxels(); ++i) {
      free(i);
      ASSERT_EQ(mask[i] != 0, expected.Contains(i / c.slab.size(), i % c.slab.size())) << i;
    }
    EXPECT_EQ(Count(device::CountMaskBody{mask.data(), c.voxels(), {}}, 1)[0],
              CountLocal(grid, expected));

    Field smooth = Like(x), mine = Like(x);
    Copy(x, mine);
    const bool flat = c.slices == 1;
    const device::SmoothBody body{{c.Device(), x.data(), below.data(), above.data()},
                                  mask.data(),
                                  static_cast<float>(1 - 0.3),
                                  static_cast<float>(0.3 / (flat ? 8 : 26)),
                                  smooth.data()};
    for (std::int64_t i = 0; i < c.voxels(); ++i) body(i);
    const device::ReplaceBody replace{mask.data(), smooth.data(), mine.data()};
    for (std::int64_t i = 0; i < c.voxels(); ++i) replace(i);
    halo.bytes = {BytesOf(below), BytesOf(above)};
    Smooth(grid, expected, 0.3, x);
    EXPECT_EQ(mine.values(), x.values());
  }
}

TEST(DeviceDart, FixedAndKeptVoxelsAreTheCpus) {
  const Case c = Cases()[0];
  const VoxelGrid grid = c.Grid(nullptr);
  Field x = c.Image(), mine = c.Image();
  VoxelLabels labels(grid);
  Segment(grid, x, Materials(), labels);
  VoxelMask mask(grid);
  InsertRandom(grid, 0.4, 2, 5, mask);
  std::vector<std::uint8_t> bytes;
  for (std::int64_t i = 0; i < c.voxels(); ++i)
    bytes.push_back(mask.Contains(i / c.slab.size(), i % c.slab.size()) ? 1 : 0);
  Replace(mask, Side::kOutOfMask, x, [&](std::int64_t outer, std::int64_t z) {
    return static_cast<float>(Materials().node_per_mm(labels.line(outer)[z]));
  });
  const device::FixBody fix{Materials().labels(), bytes.data(), labels.line(0), mine.data()};
  for (std::int64_t i = 0; i < c.voxels(); ++i) fix(i);
  EXPECT_EQ(mine.values(), x.values());
  KeepOnly(mask, x);
  const device::KeepOnlyBody keep{bytes.data(), mine.data()};
  for (std::int64_t i = 0; i < c.voxels(); ++i) keep(i);
  EXPECT_EQ(mine.values(), x.values());
}

}  // namespace
}  // namespace tomoslab
