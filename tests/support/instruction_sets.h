// Tests that run once per instruction set that is compiled in and that this machine has.
#pragma once

#include <gtest/gtest.h>
#include <hwy/highway.h>

#include <string>

namespace tomoslab::testing {

class EveryInstructionSet : public ::testing::TestWithParam<std::int64_t> {
 protected:
  void SetUp() override { Use(GetParam()); }
  void TearDown() override { Use(0); }

 private:
  static void Use(std::int64_t target) {
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  }
};

inline std::string InstructionSetName(const ::testing::TestParamInfo<std::int64_t>& info) {
  return hwy::TargetName(info.param);
}

}  // namespace tomoslab::testing
