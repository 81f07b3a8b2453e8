#include "worker/core/device.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tomoslab {
namespace {

using ::testing::HasSubstr;

TEST(Device, TheCpuIsAlwaysThere) {
  const absl::StatusOr<ChosenDevice> chosen = ChooseDevice(DeviceChoice::kCpu, 0);
  ASSERT_TRUE(chosen.ok());
  EXPECT_EQ(chosen->device.kind, Device::Kind::kCpu);
  EXPECT_THAT(chosen->device.ToString(), HasSubstr("cpu, "));
}

TEST(Device, AutoSaysWhyItTookTheCpu) {
  const absl::StatusOr<ChosenDevice> chosen = ChooseDevice(DeviceChoice::kAuto, 0);
  ASSERT_TRUE(chosen.ok());
  EXPECT_EQ(chosen->why.empty(), chosen->device.kind == Device::Kind::kCuda);
}

TEST(Device, CudaIsAGpuOrAnErrorWithAReason) {
  const absl::StatusOr<ChosenDevice> chosen = ChooseDevice(DeviceChoice::kCuda, 0);
  if (chosen.ok()) {
    EXPECT_EQ(chosen->device.kind, Device::Kind::kCuda);
    EXPECT_GT(chosen->device.memory_bytes, 0);
    EXPECT_THAT(chosen->device.ToString(), HasSubstr("cuda "));
  } else {
    EXPECT_EQ(chosen.status().code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_THAT(std::string(chosen.status().message()),
                ::testing::AnyOf(HasSubstr("driver"), HasSubstr("GPU"), HasSubstr("without CUDA")));
  }
}

TEST(Device, RanksOfAHostTakeItsGpusInTurns) {
  const absl::StatusOr<std::vector<Device>> devices = CudaDevices();
  if (!devices.ok()) GTEST_SKIP() << devices.status().message();
  const int count = static_cast<int>(devices->size());
  for (int rank = 0; rank < 2 * count; ++rank)
    EXPECT_EQ(ChooseDevice(DeviceChoice::kCuda, rank)->device.index,
              (*devices)[rank % count].index);
}

}  // namespace
}  // namespace tomoslab
