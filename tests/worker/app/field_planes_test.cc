#include "worker/app/field_planes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "tests/support/accelerators.h"

namespace tomoslab {
namespace {

/// Number 1000 · outer + global plane, of planes 3 .. 3 + planes of 50.
Field Numbered(std::int64_t outer, std::int64_t planes, const OrderedSum* sum) {
  Field x(outer, {3, 3 + planes}, 50, sum);
  for (std::int64_t line = 0; line < outer; ++line) {
    for (std::int64_t z = 0; z < planes; ++z)
      x.line(line)[z] = static_cast<float>(1000 * line + 3 + z);
  }
  return x;
}

TEST(FieldPlanes, AreTakenByPlaneAndPutBack) {
  const LocalSum sum;
  for (const std::int64_t outer : {1, 63, 64, 200}) {
    for (const std::int64_t planes : {1, 15, 16, 40}) {
      const Field x = Numbered(outer, planes, &sum);
      const IndexRange some{planes / 3, planes};
      std::vector<float> taken(some.size() * outer);
      TakePlanes(x, some, taken.data());
      for (std::int64_t z = 0; z < some.size(); ++z) {
        for (std::int64_t line = 0; line < outer; ++line)
          ASSERT_EQ(taken[z * outer + line], 1000 * line + 3 + some.begin + z);
      }
      Field back = Numbered(outer, planes, &sum);
      for (float& value : back.values()) value = -1;
      PutPlanes(taken.data(), some, back);
      for (std::int64_t line = 0; line < outer; ++line) {
        for (std::int64_t z = 0; z < planes; ++z)
          ASSERT_EQ(back.line(line)[z], z < some.begin ? -1 : x.line(line)[z]);
      }
    }
  }
}

class FieldPlanesOnAccelerator : public testing::OnAccelerator {};

TEST_P(FieldPlanesOnAccelerator, AreTakenAndPutBackAsOnTheHost) {
  const LocalSum sum;
  const Field host = Numbered(70, 37, &sum);
  Field x(host.outer(), host.inner(), host.inner_total(), &sum, accelerator());
  Copy(host, x);
  const IndexRange some{5, 36};
  std::vector<float> taken(some.size() * x.outer()), expected(taken.size());
  TakePlanes(x, some, taken.data());
  TakePlanes(host, some, expected.data());
  EXPECT_EQ(taken, expected);

  for (float& value : taken) value += 0.5f;
  PutPlanes(taken.data(), some, x);
  const Field back = OnHost(x);
  for (std::int64_t line = 0; line < back.outer(); ++line) {
    for (std::int64_t z = 0; z < back.inner_size(); ++z) {
      const bool changed = z >= some.begin && z < some.end;
      ASSERT_EQ(back.line(line)[z], host.line(line)[z] + (changed ? 0.5f : 0.0f));
    }
  }
}

TOMOSLAB_ON_ACCELERATORS(FieldPlanesOnAccelerator);

}  // namespace
}  // namespace tomoslab
