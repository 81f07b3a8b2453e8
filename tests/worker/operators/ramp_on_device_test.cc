// The ramp filter of projections on an accelerator against that on the host.
#include <cmath>
#include <random>

#include "gmock/gmock.h"
#include "tests/support/accelerators.h"
#include "worker/operators/line_transform.h"
#include "worker/operators/ramp_filter.h"

namespace tomoslab {
namespace {

const LocalSum kLocal;

class RampOnDevice : public testing::OnAccelerator {
 protected:
  /// Of `views` views, on the host.
  static Field Random(int views, int columns, std::int64_t rows) {
    Field projections(std::int64_t{views} * columns, {0, rows}, rows, &kLocal);
    std::mt19937 generator(3);
    std::uniform_real_distribution<float> uniform(0, 1);
    for (float& value : projections.values()) value = uniform(generator);
    return projections;
  }

  void ExpectTheHosts(int views, int columns, std::int64_t rows) {
    Field expected = Random(views, columns, rows);
    Field there(expected.outer(), expected.inner(), expected.inner_total(), &kLocal, accelerator());
    Copy(expected, there);
    const RampFilter filter(columns, 0.4, {RampWindow::kSheppLogan, 0.9});
    EXPECT_EQ(filter.Apply(expected), "");
    const std::string warning = filter.Apply(there);
    EXPECT_THAT(warning, ::testing::AnyOf("", ::testing::HasSubstr("cuFFT")));
    Field filtered = Like(expected);
    Copy(there, filtered);
    const double largest = MaxAbs(expected);
    for (std::int64_t i = 0; i < expected.size(); ++i) {
      ASSERT_NEAR(filtered.data()[i], expected.data()[i], 2e-6 * largest)
          << views << " views, " << columns << " columns, " << rows << " rows, " << i;
    }
  }
};

TEST_P(RampOnDevice, IsTheHostsFilter) {
  for (const int columns : {1, 2, 33, 150}) {
    for (const std::int64_t rows : {1, 5, 64}) ExpectTheHosts(7, columns, rows);
  }
}

TEST_P(RampOnDevice, ManyLinesGoInGroups) {
  // 16 KiB of padded samples and frequencies per line: 8192 lines a group.
  ExpectTheHosts(1, 1000, 8200);
}

TEST_P(RampOnDevice, ARankWithoutRowsFiltersNothing) {
  Field none(3 * 20, {4, 4}, 9, &kLocal, accelerator());
  EXPECT_EQ(RampFilter(20, 1, {}).Apply(none), "");
}

TOMOSLAB_ON_ACCELERATORS(RampOnDevice);

}  // namespace
}  // namespace tomoslab
