#include "server/checkpoint_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "proto/chunking.h"
#include "server/hdf5_layout.h"
#include "tests/server/status_of.h"
#include "tests/server/test_stores.h"

namespace tomoslab {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// A state of two volumes and one set of projections. Planes of the volumes have two blocks, the
/// last one shorter.
class CheckpointStoreTest : public testing::Test {
 protected:
  static constexpr int kSlices = 3, kRows = 2;
  static constexpr std::int64_t kSliceSize = (1 << 18) + 5, kRowSize = 7;

  static v1::Checkpoint State(int iteration) {
    v1::Checkpoint state;
    state.set_iteration(iteration);
    state.set_phase("bb");
    for (const char* name : {"x", "g", "r"}) {
      v1::StatePart* part = state.add_part();
      part->set_name(name);
      const bool projections = part->name() == "r";
      part->set_planes(projections ? kRows : kSlices);
      part->set_plane_size(projections ? kRowSize : kSliceSize);
    }
    v1::StateValue* value = state.add_value();
    value->set_name("alpha");
    value->add_real(1.0 / 3);
    return state;
  }

  /// Every number tells its part, plane and iteration.
  static std::string Plane(const v1::Checkpoint& state, int part, int plane) {
    const std::vector<float> numbers(
        state.part(part).plane_size(),
        static_cast<float>(100 * state.iteration() + 10 * part + plane));
    return {reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(float)};
  }

  absl::Status Deliver(CheckpointSession& session, const v1::Checkpoint& state, IndexRange slices,
                       IndexRange rows) {
    for (int part = 0; part < state.part_size(); ++part) {
      const IndexRange planes = part == 2 ? rows : slices;
      for (std::int64_t plane = planes.begin; plane < planes.end; ++plane) {
        for (int block = 0; block < BlocksPerPlane(state.part(part)); ++block) {
          v1::StateChunk chunk;
          chunk.set_part(part);
          chunk.set_plane(static_cast<int>(plane));
          FillChunk(state.part(part), block, Plane(state, part, static_cast<int>(plane)), &chunk);
          const absl::Status status = session.Write(state.iteration(), chunk);
          if (!status.ok()) return status;
        }
      }
    }
    return absl::OkStatus();
  }

  void Keep(int iteration, int attempt = 1) {
    CheckpointSession session(&stores_.checkpoints(), job_, attempt, kShapes);
    const v1::Checkpoint state = State(iteration);
    ASSERT_TRUE(*session.Begin(state));
    ASSERT_TRUE(Deliver(session, state, {0, kSlices}, {0, kRows}).ok());
    ASSERT_TRUE(session.Finish(iteration)->has_value());
  }

  std::vector<int> Iterations() {
    std::vector<int> iterations;
    const std::vector<v1::Checkpoint> kept = *stores_.checkpoints().List(job_);
    for (const v1::Checkpoint& checkpoint : kept) iterations.push_back(checkpoint.iteration());
    return iterations;
  }

  absl::StatusOr<std::string> Fetch(const std::string& name, int part, IndexRange planes) {
    v1::FetchCheckpointRequest request;
    request.set_checkpoint(name);
    request.set_part(part);
    request.set_plane_begin(static_cast<int>(planes.begin));
    request.set_plane_end(static_cast<int>(planes.end));
    absl::StatusOr<CheckpointReader> reader =
        CheckpointReader::Open(stores_.checkpoints(), job_, request);
    if (!reader.ok()) return reader.status();
    std::string data;
    v1::StateChunk chunk;
    while (true) {
      const absl::StatusOr<bool> more = reader->Next(&chunk);
      if (!more.ok()) return more.status();
      if (!*more) return data;
      data += chunk.data();
    }
  }

  std::vector<std::string> Files() {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(stores_.folder() + "/checkpoints"))
      names.push_back(entry.path().filename());
    std::sort(names.begin(), names.end());
    return names;
  }

  static constexpr StateShapes kShapes{kSlices, kSliceSize, kRows, kRowSize};
  TestStores stores_;
  const std::string job_ = stores_.Job(SampleJob(stores_.FullScan().name())).name();
};

TEST_F(CheckpointStoreTest, CountsOnceAllRanksHaveDeliveredAndGivesTheSameBytesBack) {
  CheckpointSession session(&stores_.checkpoints(), job_, 1, kShapes);
  const v1::Checkpoint state = State(5);
  for (int rank = 0; rank < 2; ++rank) ASSERT_TRUE(*session.Begin(state));
  ASSERT_TRUE(Deliver(session, state, {0, 2}, {0, 1}).ok());
  EXPECT_FALSE(session.Finish(5)->has_value());
  EXPECT_THAT(Iterations(), IsEmpty());
  ASSERT_TRUE(Deliver(session, state, {2, 3}, {1, 2}).ok());
  const absl::StatusOr<std::optional<v1::CheckpointReport>> report = session.Finish(5);
  ASSERT_TRUE(report.ok() && report->has_value());
  EXPECT_EQ((*report)->bytes(), 4 * (2 * kSlices * kSliceSize + kRows * kRowSize));

  stores_.Reopen();
  const std::vector<v1::Checkpoint> kept = *stores_.checkpoints().List(job_);
  ASSERT_EQ(kept.size(), 1u);
  EXPECT_EQ(kept[0].name(), job_ + "/checkpoints/1-5");
  EXPECT_EQ(kept[0].value(0).real(0), 1.0 / 3);
  for (int part = 0; part < 2; ++part)  // other ranges than those that came
    EXPECT_EQ(*Fetch(kept[0].name(), part, {1, 3}), Plane(state, part, 1) + Plane(state, part, 2));
  EXPECT_EQ(*Fetch(kept[0].name(), 2, {0, 2}), Plane(state, 2, 0) + Plane(state, 2, 1));
  EXPECT_EQ(CodeOf(Fetch(kept[0].name(), 2, {0, 3})), kOutOfRange);
  EXPECT_EQ(CodeOf(Fetch(kept[0].name(), 3, {0, 1})), kOutOfRange);
  EXPECT_EQ(CodeOf(Fetch("jobs/1/checkpoints/9-9", 0, {0, 1})), kNotFound);
}

TEST_F(CheckpointStoreTest, KeepsTheLastTwo) {
  for (const int iteration : {10, 20}) Keep(iteration);
  Keep(15, /*attempt=*/2);  // the newest, though of an earlier iteration
  EXPECT_THAT(Iterations(), ElementsAre(15, 20));
  EXPECT_THAT(Files(), ElementsAre("1-1-20.h5", "1-2-15.h5"));
  ASSERT_TRUE(stores_.checkpoints().RemoveAll(job_).ok());
  EXPECT_THAT(Iterations(), IsEmpty());
  EXPECT_THAT(Files(), IsEmpty());
}

TEST_F(CheckpointStoreTest, RepeatedDeliveriesChangeNothing) {
  CheckpointSession session(&stores_.checkpoints(), job_, 1, kShapes);
  const v1::Checkpoint state = State(5);
  ASSERT_TRUE(*session.Begin(state));
  ASSERT_TRUE(Deliver(session, state, {0, 2}, {0, 2}).ok());
  ASSERT_TRUE(*session.Begin(state));  // the connection broke before the answer
  ASSERT_TRUE(Deliver(session, state, {0, 3}, {0, 2}).ok());
  ASSERT_TRUE(session.Finish(5)->has_value());
  EXPECT_FALSE(*session.Begin(state));  // and again, after it counted
  EXPECT_THAT(Iterations(), ElementsAre(5));
}

TEST_F(CheckpointStoreTest, GivesUpAnUnfinishedOneForTheNext) {
  CheckpointSession session(&stores_.checkpoints(), job_, 1, kShapes);
  ASSERT_TRUE(*session.Begin(State(5)));
  ASSERT_TRUE(Deliver(session, State(5), {0, 1}, {0, 1}).ok());
  ASSERT_TRUE(*session.Begin(State(6)));
  EXPECT_EQ(CodeOf(Deliver(session, State(5), {1, 2}, {0, 1})), kAborted);
  EXPECT_THAT(Files(), ElementsAre("1-1-6.h5"));
  session.Close();
  EXPECT_THAT(Files(), IsEmpty());
  EXPECT_EQ(CodeOf(session.Begin(State(7))), kAborted);
}

TEST_F(CheckpointStoreTest, FindsBitsThatFlippedAndFilesThatWereCut) {
  Keep(1), Keep(2);
  const std::string folder = stores_.folder() + "/checkpoints/";
  const Extent values = *FindArray(folder + "1-1-2.h5", "/state/g", 4 * kSlices * kSliceSize);
  {
    std::fstream file(folder + "1-1-2.h5", std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(values.offset + 4 * kSliceSize + 17);  // in the first block of plane 1
    file.put(1);
  }
  const std::string name = job_ + "/checkpoints/1-2";
  EXPECT_TRUE(Fetch(name, 1, {0, 1}).ok());
  const absl::StatusOr<std::string> damaged = Fetch(name, 1, {1, 2});
  EXPECT_EQ(CodeOf(damaged), kDataLoss);
  EXPECT_THAT(std::string(damaged.status().message()), HasSubstr("block 0 of plane 1 of g"));
  // Nobody who works on another job can have it forgotten.
  const std::string other = stores_.Job(SampleJob(stores_.FullScan().name())).name();
  EXPECT_FALSE(*stores_.checkpoints().Forget(other, name));
  EXPECT_TRUE(*stores_.checkpoints().Forget(job_, name));
  EXPECT_FALSE(*stores_.checkpoints().Forget(job_, name));
  EXPECT_THAT(Iterations(), ElementsAre(1));

  std::filesystem::resize_file(folder + "1-1-1.h5", 5000);
  EXPECT_EQ(CodeOf(Fetch(job_ + "/checkpoints/1-1", 0, {0, 1})), kDataLoss);
  std::filesystem::remove(folder + "1-1-1.h5");
  EXPECT_EQ(CodeOf(Fetch(job_ + "/checkpoints/1-1", 0, {0, 1})), kNotFound);
}

TEST_F(CheckpointStoreTest, RemovesStraysAndCheckpointsOfJobsThatAreOverAtTheStart) {
  Keep(1);
  std::ofstream(stores_.folder() + "/checkpoints/1-1-9.h5") << "never committed";
  std::ofstream(stores_.folder() + "/checkpoints/1-1-9.h5.partial") << "nor this";
  stores_.Reopen();
  EXPECT_THAT(Files(), ElementsAre("1-1-1.h5"));
  v1::JobEvent cancelled;
  cancelled.mutable_state_change()->set_state(v1::CANCELLED);
  ASSERT_TRUE(stores_.jobs().Append(job_, {cancelled}).ok());
  stores_.Reopen();
  EXPECT_THAT(Files(), IsEmpty());
  EXPECT_THAT(Iterations(), IsEmpty());
}

TEST_F(CheckpointStoreTest, RefusesStatesThatAreNotTheJobs) {
  CheckpointSession session(&stores_.checkpoints(), job_, 1, kShapes);
  v1::Checkpoint state = State(1);
  state.mutable_part(0)->set_planes(kSlices + 1);
  EXPECT_EQ(CodeOf(session.Begin(state)), kInvalidArgument);
  state = State(1);
  state.mutable_part(1)->set_name("x");
  EXPECT_EQ(CodeOf(session.Begin(state)), kInvalidArgument);
  state.mutable_part(1)->set_name("../x");
  EXPECT_EQ(CodeOf(session.Begin(state)), kInvalidArgument);
  state.clear_part();
  EXPECT_EQ(CodeOf(session.Begin(state)), kInvalidArgument);
  EXPECT_EQ(CodeOf(session.Begin(State(-1))), kInvalidArgument);

  ASSERT_TRUE(*session.Begin(State(1)));
  v1::StateChunk chunk;
  chunk.set_part(3);
  EXPECT_EQ(CodeOf(session.Write(1, chunk)), kOutOfRange);
  chunk.set_part(0);
  chunk.set_plane(kSlices);
  EXPECT_EQ(CodeOf(session.Write(1, chunk)), kOutOfRange);
  chunk.set_plane(0);
  chunk.set_block(2);
  EXPECT_EQ(CodeOf(session.Write(1, chunk)), kOutOfRange);
  chunk.set_block(1);
  EXPECT_EQ(CodeOf(session.Write(1, chunk)), kInvalidArgument);
  FillChunk(State(1).part(0), 1, Plane(State(1), 0, 0), &chunk);
  chunk.set_crc32c(chunk.crc32c() + 1);
  EXPECT_EQ(CodeOf(session.Write(1, chunk)), kDataLoss);
}

}  // namespace
}  // namespace tomoslab
