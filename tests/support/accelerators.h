// Tests of what runs on an accelerator: on the emulated one everywhere, and on a GPU where there is
// one. Fixtures take an AcceleratorKind as their parameter; CMake's tomoslab_device_test runs the
// GPU's share under the label gpu.
#pragma once

#include <gtest/gtest.h>

#include <memory>

#include "worker/core/accelerator.h"

namespace tomoslab::testing {

enum class AcceleratorKind { kEmulated, kCuda };

class OnAccelerator : public ::testing::TestWithParam<AcceleratorKind> {
 protected:
  void SetUp() override {
    Device device = EmulatedDevice(std::int64_t{1} << 30);
    if (GetParam() == AcceleratorKind::kCuda) {
      const absl::StatusOr<std::vector<Device>> devices = CudaDevices();
      if (!devices.ok()) GTEST_SKIP() << devices.status().message();
      device = devices->front();
    }
    auto opened = Accelerator::Open(device);
    ASSERT_TRUE(opened.ok()) << opened.status();
    accelerator_ = *std::move(opened);
  }

  Accelerator* accelerator() const { return accelerator_.get(); }

 private:
  std::unique_ptr<Accelerator> accelerator_;
};

inline std::string NameOf(const ::testing::TestParamInfo<AcceleratorKind>& info) {
  return info.param == AcceleratorKind::kCuda ? "Cuda" : "Emulated";
}

}  // namespace tomoslab::testing

/// For a fixture derived from OnAccelerator.
#define TOMOSLAB_ON_ACCELERATORS(Fixture)                                                     \
  INSTANTIATE_TEST_SUITE_P(Devices, Fixture,                                                  \
                           ::testing::Values(::tomoslab::testing::AcceleratorKind::kEmulated, \
                                             ::tomoslab::testing::AcceleratorKind::kCuda),    \
                           ::tomoslab::testing::NameOf)
