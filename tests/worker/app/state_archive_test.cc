#include "worker/app/state_archive.h"

#include <gtest/gtest.h>

#include <limits>

#include "worker/solvers/solver_state.h"

namespace tomoslab {
namespace {

/// A solver's state with one of each kind.
struct State {
  explicit State(const OrderedSum* sum) : x(2, {0, 3}, 3, sum) {}

  template <class Archive>
  void Visit(Archive& archive) {
    archive.Value("has_x", has_x);
    if (has_x) archive.Vector("x", x);
    archive.Value("alpha", alpha);
    archive.Value("counts", counts);
    archive.Value("misfits", misfits);
    archive.Value("warning", warning);
    VisitProgress(archive, "best_", progress);
  }

  Field x;
  int has_x = 1;
  double alpha = 1.0 / 3;
  std::vector<std::int64_t> counts = {std::int64_t{1} << 60, -1};
  std::vector<double> misfits = {std::numeric_limits<double>::infinity(), 5e-324};
  std::string warning = "density";
  Progress progress{.iteration = 7, .misfit = 0.1, .relative_update = {}};
};

StateSetter SetterOf(const v1::Checkpoint& kept) {
  return StateSetter(&kept, [](int part, Field& x) {
    EXPECT_EQ(part, 0);
    x.data()[0] = 42;
    return absl::OkStatus();
  });
}

TEST(StateArchive, GivesBackEveryBit) {
  const LocalSum sum;
  State state(&sum), other(&sum);
  StateTaker taker;
  state.Visit(taker);
  ASSERT_EQ(taker.description.part_size(), 1);
  EXPECT_EQ(taker.description.part(0).planes(), 3);
  EXPECT_EQ(taker.description.part(0).plane_size(), 2);
  EXPECT_EQ(taker.vectors[0], &state.x);

  v1::Checkpoint kept;
  ASSERT_TRUE(kept.ParseFromString(taker.description.SerializeAsString()));
  other.alpha = 0, other.counts = {}, other.misfits = {1}, other.warning = "";
  other.progress = {.iteration = 1, .relative_update = 3};
  StateSetter setter = SetterOf(kept);
  other.Visit(setter);
  EXPECT_TRUE(setter.status().ok()) << setter.status();
  EXPECT_EQ(other.x.data()[0], 42);
  EXPECT_EQ(other.alpha, state.alpha);
  EXPECT_EQ(other.counts, state.counts);
  EXPECT_EQ(other.misfits, state.misfits);
  EXPECT_EQ(other.warning, state.warning);
  EXPECT_EQ(other.progress.iteration, 7);
  EXPECT_EQ(other.progress.misfit, 0.1);
}

TEST(StateArchive, RefusesAStateOfAnotherProgram) {
  const LocalSum sum;
  State state(&sum);
  StateTaker taker;
  state.Visit(taker);
  v1::Checkpoint kept = taker.description;
  kept.mutable_value(1)->set_name("beta");  // alpha's
  State other(&sum);
  StateSetter setter = SetterOf(kept);
  other.Visit(setter);
  EXPECT_EQ(setter.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(setter.status().message().find("\"alpha\""), std::string::npos);

  kept = taker.description;
  kept.mutable_part(0)->set_planes(4);
  StateSetter of_other_size = SetterOf(kept);
  other.Visit(of_other_size);
  EXPECT_EQ(of_other_size.status().code(), absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace tomoslab
