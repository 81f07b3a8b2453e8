// 1 rank = N ranks, for every iterative solver; the same N twice: the same bits.
#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/figure.h"
#include "tests/support/geometries.h"
#include "worker/distributed/distributed_projector.h"
#include "worker/solvers/barzilai_borwein.h"
#include "worker/solvers/cgls.h"
#include "worker/solvers/poly_barzilai_borwein.h"
#include "worker/solvers/poly_sirt.h"
#include "worker/solvers/polychromatic_objective.h"
#include "worker/solvers/sirt.h"

namespace tomoslab {
namespace {

constexpr int kTwenty = 20;
constexpr Bounds kNonNegative{.lower = 0};

enum class Method { kSirt, kCgls, kBb, kPolyBb, kPolySirt };

/// A ball with a denser core and a hole, off centre: 1/mm at a point.
float Phantom(Vec3 p) {
  const Vec3 from_center = p - Vec3{0.5, -0.3, 0.2};
  if (Norm(from_center) > 4.5) return 0;
  if (Norm(p - Vec3{2, 1, 1}) < 1.2) return 0;
  return Norm(p - Vec3{-1, -1, -1}) < 1.5f ? 0.12f : 0.05f;
}

/// Two materials at two energies; the ball and its core are mixtures.
const BeamModel kBeam{.reference_energy_kev = 60,
                      .energy_kev = {40, 80},
                      .share = {0.6, 0.4},
                      .materials = {{"light", 0.06, {0.08, 0.05}}, {"dense", 0.15, {0.4, 0.1}}}};

Field PolychromaticData(const DistributedProjector& A, const Field& x) {
  const DistributedProjector on_cpu(A.scan(), A.volume(), &A.ranks());
  PolychromaticProjection projection(on_cpu, kBeam);
  Field here = on_cpu.NewProjections(), b = A.NewProjections();
  projection.Project(OnHost(x));
  projection.LineIntegrals(0, here.size(), here.data());
  Copy(here, b);
  return b;
}

Field PhantomVolume(const DistributedProjector& A) {
  Field x = OnHost(A.NewVolume());
  const Volume& volume = A.volume();
  for (std::int64_t outer = 0; outer < x.outer(); ++outer) {
    for (std::int64_t z = x.inner().begin; z < x.inner().end; ++z) {
      x.line(outer)[z - x.inner().begin] = Phantom(
          volume.VoxelCenter(static_cast<double>(outer % volume.columns),
                             static_cast<double>(outer / volume.columns), static_cast<double>(z)));
    }
  }
  Field there = A.NewVolume();
  Copy(x, there);
  return there;
}

Field Solve(Method method, const DistributedProjector& A, int iterations = kTwenty) {
  const Stopping stopping{.iterations = iterations};
  Field x = PhantomVolume(A), b = A.NewProjections();
  if (method == Method::kPolyBb || method == Method::kPolySirt) {
    b = PolychromaticData(A, x);
  } else {
    A.Project(x, b);
  }
  Fill(0, x);
  const auto go_on = [](const Progress&, const Field&) { return false; };
  switch (method) {
    case Method::kSirt:
      Sirt(A, b, {.stopping = stopping, .relaxation = 1.5, .bounds = kNonNegative}, x, go_on);
      break;
    case Method::kCgls:
      Cgls(A, b, {.stopping = stopping}, x, go_on);
      break;
    case Method::kBb:
      BarzilaiBorwein(A, b, {.stopping = stopping, .bounds = kNonNegative}, x, go_on);
      break;
    case Method::kPolyBb: {
      PolychromaticObjective f(A, b, kBeam, {});
      PolyBarzilaiBorwein(f, {.stopping = stopping, .bounds = kNonNegative}, x, go_on);
      break;
    }
    case Method::kPolySirt:
      PolySirt(A, b, kBeam, {.stopping = stopping, .relaxation = 1.5, .bounds = kNonNegative}, x,
               go_on);
      break;
  }
  return x;
}

/// ‖x − whole‖ / ‖whole‖ over all ranks.
double Difference(const Field& there, const Field& whole) {
  const Field x = OnHost(there);
  Field expected = Like(x), difference = Like(x);
  for (std::int64_t outer = 0; outer < x.outer(); ++outer) {
    std::copy_n(whole.line(outer) + x.inner().begin, x.inner_size(), expected.line(outer));
  }
  Subtract(expected, x, difference);
  return Norm(difference) / Norm(expected);
}

class SolversOnRanks : public ::testing::TestWithParam<Method> {};

/// BB and CGLS amplify rounding, the more the less the data determine: at 20 iterations to 2e-4
/// where the detector sees the volume; where it is seen in part only, or from disturbed directions,
/// CGLS' difference reaches 1.4e-3 (and 1e-4 at 10 iterations).
double Tolerance(Method method, const std::string& name) {
  if (method == Method::kSirt) return 1e-5;
  const bool partly_seen =
      name == "anisotropic_off_centre" || name == "measured_vectors" || name == "rotated_detector";
  return method == Method::kCgls && partly_seen ? 4e-3 : 2e-4;
}

TEST_P(SolversOnRanks, EqualOneRank) {
  const Communicator world = Communicator::World(), alone = Communicator::Alone();
  for (const auto& [name, scan, volume] : testing::AllGeometries(40)) {
    const DistributedProjector A(scan, volume, &world), whole(scan, volume, &alone);
    const Field x = Solve(GetParam(), A), expected = Solve(GetParam(), whole);
    EXPECT_GT(Norm(expected), 0) << name;
    const double difference = Difference(x, expected);
    EXPECT_LT(difference, Tolerance(GetParam(), name)) << name;
    const bool named = GetParam() == Method::kBb || GetParam() == Method::kPolyBb;
    if (named) {
      testing::ExpectAtMost(
          GetParam() == Method::kBb
              ? "A11 BB, small scans, 20 iterations: 2, 3, 5 ranks against 1"
              : "A11 poly-BB, small scans, 20 iterations: 2, 3, 5 ranks against 1",
          difference, 2e-4);
    }
  }
}

struct OnDevice {
  const char* name;
  Placement placement;
  Messages messages;
  std::int64_t memory_bytes;
};
/// With so little memory, streamed slabs go through in several pieces.
constexpr OnDevice kOnDevices[] = {
    {"resident, staged", Placement::kResident, Messages::kStaged, 1 << 30},
    {"resident, direct", Placement::kResident, Messages::kDirect, 1 << 30},
    {"streamed", Placement::kStreamed, Messages::kStaged, 3 << 15}};

/// Every rank on its own device, against one rank on the CPU.
void ExpectOneRankOn(const Device& device, const OnDevice& use, Method method) {
  const Communicator world = Communicator::World(), alone = Communicator::Alone();
  const auto accelerator = Accelerator::Open(device, use.memory_bytes);
  ASSERT_TRUE(accelerator.ok()) << accelerator.status();
  for (const auto& [name, scan, volume] : testing::AllGeometries(8)) {
    DistributedProjector A(scan, volume, &world);
    const DistributedProjector whole(scan, volume, &alone);
    const absl::Status status = A.ComputeOn({use.placement, accelerator->get(), use.messages});
    ASSERT_TRUE(status.ok()) << status;
    constexpr int kSix = 6;  // CGLS on eight views amplifies rounding a hundredfold by twenty
    const Field x = Solve(method, A, kSix), expected = Solve(method, whole, kSix);
    EXPECT_EQ(x.on_host(), use.placement == Placement::kStreamed);
    EXPECT_LT(Difference(x, expected), 1e-4) << name << ", " << use.name;
    const Field here = OnHost(x), again = OnHost(Solve(method, A, kSix));
    EXPECT_TRUE(std::equal(here.values().begin(), here.values().end(), again.values().begin()))
        << name << ", " << use.name;
  }
}

TEST_P(SolversOnRanks, StagedAndDirectMessagesGiveTheSameBits) {
  const Communicator world = Communicator::World();
  const auto accelerator = Accelerator::Open(EmulatedDevice(1 << 30));
  ASSERT_TRUE(accelerator.ok()) << accelerator.status();
  for (const auto& [name, scan, volume] : testing::AllGeometries(8)) {
    std::vector<Field> results;
    for (const Messages messages : {Messages::kStaged, Messages::kDirect}) {
      DistributedProjector A(scan, volume, &world);
      ASSERT_TRUE(A.ComputeOn({Placement::kResident, accelerator->get(), messages}).ok());
      results.push_back(OnHost(Solve(GetParam(), A, 2)));
    }
    const auto staged = results[0].values(), direct = results[1].values();
    EXPECT_TRUE(std::equal(staged.begin(), staged.end(), direct.begin())) << name;
  }
}

TEST_P(SolversOnRanks, EqualOneRankOnEmulatedGpus) {
  for (const OnDevice& use : kOnDevices)
    ExpectOneRankOn(EmulatedDevice(use.memory_bytes), use, GetParam());
}

TEST_P(SolversOnRanks, EqualOneRankOnGpus) {
  const absl::StatusOr<ChosenDevice> gpu =
      ChooseDevice(DeviceChoice::kCuda, Communicator::World().LocalRank());
  if (!gpu.ok()) GTEST_SKIP() << gpu.status().message();
  for (const OnDevice& use : kOnDevices) {
    if (use.messages == Messages::kStaged || Communicator::ReadsGpuMemory())
      ExpectOneRankOn(gpu->device, use, GetParam());
  }
}

TEST(FootprintOnRanks, SirtEqualsOneRank) {
  const Communicator world = Communicator::World(), alone = Communicator::Alone();
  for (const auto& [name, scan, volume] : testing::AllGeometries(16)) {
    if (!IsAxisAligned(scan.views[0])) continue;  // the other path is Joseph's, many times over
    const auto model = ProjectorModel::kFootprint;
    const DistributedProjector A(scan, volume, &world, model), whole(scan, volume, &alone, model);
    const Field x = Solve(Method::kSirt, A), expected = Solve(Method::kSirt, whole);
    EXPECT_GT(Norm(expected), 0) << name;
    EXPECT_LT(Difference(x, expected), 1e-5) << name;
  }
}

TEST_P(SolversOnRanks, RepeatBitForBit) {
  const Communicator world = Communicator::World();
  for (const auto& [name, scan, volume] : testing::AllGeometries()) {
    const DistributedProjector A(scan, volume, &world);
    const Field first = Solve(GetParam(), A), second = Solve(GetParam(), A);
    EXPECT_TRUE(std::equal(first.values().begin(), first.values().end(), second.values().begin()))
        << name;
  }
}

INSTANTIATE_TEST_SUITE_P(All, SolversOnRanks,
                         ::testing::Values(Method::kSirt, Method::kCgls, Method::kBb,
                                           Method::kPolyBb, Method::kPolySirt));

}  // namespace
}  // namespace tomoslab
