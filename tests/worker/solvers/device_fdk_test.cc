// The GPU's body of FDK's weights, run over all numbers on the host.
#include "worker/solvers/device_fdk_bodies.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/support/geometries.h"
#include "worker/solvers/fdk_weights.h"

namespace tomoslab {
namespace {

using testing::AllGeometries;
using testing::NamedGeometry;
using testing::Noise;

const LocalSum kSum;

TEST(DeviceFdk, WeightsAreTheCpusBitForBit) {
  int weighted = 0, widened = 0;
  for (const NamedGeometry& g : AllGeometries()) {
    const absl::StatusOr<FdkWeights> weights = FdkWeights::Create(g.scan);
    if (!weights.ok()) continue;
    ++weighted;
    const Detector& detector = g.scan.detector;
    const auto views = static_cast<std::int64_t>(g.scan.views.size());
    Field b(views * detector.columns, {0, detector.rows}, detector.rows, &kSum);
    for (std::int64_t i = 0; i < b.size(); ++i) b.data()[i] = 1 + Noise(3, i);
    const Field expected = weights->Apply(b);

    const FdkTables tables = weights->Tables(b.inner());
    const std::int64_t columns = weights->filtered_scan().detector.columns;
    if (columns > detector.columns) ++widened;
    std::vector<float> q(expected.size(), -1.0f);
    const device::FdkWeightBody body{
        detector.columns,     b.inner_size(),       tables.margin, columns,
        tables.weight.data(), tables.cosine.data(), b.data(),      q.data()};
    for (std::int64_t i = 0; i < expected.size(); ++i) body(i);
    for (std::int64_t i = 0; i < expected.size(); ++i)
      ASSERT_EQ(q[i], expected.data()[i]) << g.name << ", " << i;
  }
  EXPECT_GE(weighted, 5);
  EXPECT_GE(widened, 1);
}

}  // namespace
}  // namespace tomoslab
