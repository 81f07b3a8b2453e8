#include "server/dispatcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <filesystem>

#include "server/delivery.h"
#include "server/job.h"
#include "tests/server/dispatcher_world.h"
#include "tests/server/status_of.h"

namespace tomoslab {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

TEST_F(DispatcherTest, LeasesToIdlePoolsOnly) {
  const auto a = Attach("a");
  EXPECT_THAT(a->commands, IsEmpty());
  const std::string first = QueuedJob(), second = QueuedJob();
  dispatcher_.Dispatch();
  ASSERT_THAT(a->commands, SizeIs(1));
  EXPECT_EQ(a->commands[0].lease().job(), first);
  EXPECT_EQ(State(second), v1::QUEUED);
  const auto b = Attach("b");
  EXPECT_EQ(b->commands[0].lease().job(), second);
  EXPECT_EQ(dispatcher_.Pools()[1].job(), second);
}

TEST_F(DispatcherTest, GivesANewJobToAnIdlePoolAndToNoOther) {
  const auto a = Attach("a");
  const std::string first = QueuedJob(), second = QueuedJob();
  dispatcher_.DispatchNew(second);
  ASSERT_THAT(a->commands, SizeIs(1));
  EXPECT_EQ(a->commands[0].lease().job(), second);
  dispatcher_.DispatchNew(second);  // it is not in the queue any more
  dispatcher_.DispatchNew(first);   // there is no idle pool
  const auto b = Attach("b");
  ASSERT_THAT(b->commands, SizeIs(1));
  EXPECT_EQ(b->commands[0].lease().job(), first);
}

TEST_F(DispatcherTest, FindsAJobBehindManyThatSuitNoIdlePool) {
  v1::JobSpec spec = SampleJob(scan_.name());
  spec.set_pool("elsewhere");
  for (int i = 0; i < 150; ++i) stores_.Job(spec);
  const std::string job = QueuedJob();
  const auto link = Attach("a");
  ASSERT_THAT(link->commands, SizeIs(1));
  EXPECT_EQ(link->commands[0].lease().job(), job);
}

TEST_F(DispatcherTest, GoesOnToTheNextJobWhenOneCannotBegin) {
  const std::string bad = QueuedJob(), good = QueuedJob();
  std::filesystem::create_directory(stores_.folder() + "/volumes/1.h5");
  const auto link = Attach("a");
  EXPECT_NE(State(bad), v1::LOADING);
  ASSERT_THAT(link->commands, SizeIs(1));
  EXPECT_EQ(link->commands[0].lease().job(), good);
}

TEST_F(DispatcherTest, GivesAJobToAPoolItFitsOn) {
  const std::string job = QueuedJob();
  const auto small = Attach("a-small", "", 100);
  EXPECT_THAT(small->commands, IsEmpty());
  const auto large = Attach("b-large", "", 1 << 30);
  EXPECT_EQ(large->commands[0].lease().job(), job);
}

/// As when all files that a process may have are open.
class NoMoreFiles {
 public:
  NoMoreFiles() {
    getrlimit(RLIMIT_NOFILE, &before_);
    const struct rlimit none = {0, before_.rlim_max};
    setrlimit(RLIMIT_NOFILE, &none);
  }
  ~NoMoreFiles() { setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  struct rlimit before_ = {};
};

TEST_F(DispatcherTest, AJobWhoseFilesCannotBeOpenedIsTriedAgainLater) {
  const std::string job = QueuedJob();
  std::shared_ptr<FakeLink> link;
  {
    const NoMoreFiles limit;
    link = Attach("a");
  }
  EXPECT_EQ(State(job), v1::QUEUED);
  EXPECT_THAT(Log(job), HasSubstr("to be tried in 2 s: cannot "));
  EXPECT_THAT(Log(job), HasSubstr("Too many open files"));
  const auto now = std::chrono::steady_clock::now();
  dispatcher_.GoOnAfterFailures(now + seconds(1));
  EXPECT_THAT(link->commands, IsEmpty());
  dispatcher_.GoOnAfterFailures(now + seconds(5));
  EXPECT_THAT(link->commands, SizeIs(1));
  EXPECT_EQ(State(job), v1::LOADING);
}

TEST_F(DispatcherTest, FailsAJobThatCanNeverStart) {
  const std::string first = QueuedJob();
  v1::JobSpec spec = SampleJob(scan_.name());
  spec.mutable_start()->set_job(first);
  const std::string second = stores_.Job(spec).name();
  ASSERT_TRUE(dispatcher_.Cancel(first).ok());
  const auto link = Attach("a");
  EXPECT_THAT(link->commands, IsEmpty());
  EXPECT_EQ(State(second), v1::FAILED);
  EXPECT_EQ(stores_.jobs().Get(second)->status_message(),
            "jobs/1, from whose volume it was to start, is CANCELLED");
}

/// The job's state at `iteration`: its image alone.
v1::Checkpoint StateAt(int iteration, const v1::Lease& lease) {
  v1::Checkpoint state;
  state.set_iteration(iteration);
  state.set_phase("sirt");
  v1::StatePart* part = state.add_part();
  part->set_name("x");
  part->set_planes(lease.spec().volume().slices());
  part->set_plane_size(lease.spec().volume().rows() * lease.spec().volume().columns());
  return state;
}

absl::Status DeliverState(Dispatcher& dispatcher, const v1::Lease& lease, int iteration) {
  CheckpointReceiver receiver(dispatcher);
  v1::DeliverCheckpointRequest request;
  request.mutable_begin()->set_lease(lease.id());
  *request.mutable_begin()->mutable_checkpoint() = StateAt(iteration, lease);
  const v1::StatePart part = request.begin().checkpoint().part(0);
  absl::Status status = receiver.Take(request);
  for (int plane = 0; status.ok() && plane < part.planes(); ++plane) {
    request.mutable_chunk()->set_plane(plane);
    FillChunk(part, 0, std::string(PlaneBytes(part), 'x'), request.mutable_chunk());
    status = receiver.Take(request);
  }
  return status.ok() ? receiver.Finish() : status;
}

TEST_F(DispatcherTest, LeasesAJobWithItsCheckpointsAndRemovesThemWhenItIsOver) {
  const std::string job = QueuedJob();
  const auto a = Attach("a");
  const v1::Lease first = a->commands[0].lease();
  EXPECT_EQ(first.checkpoint_size(), 0);
  for (const int iteration : {2, 4}) ASSERT_TRUE(DeliverState(dispatcher_, first, iteration).ok());
  EXPECT_EQ(stores_.jobs().Get(job)->checkpoint().iteration(), 4);
  EXPECT_EQ(stores_.jobs().Get(job)->checkpoint().kind(), v1::CheckpointReport::WRITTEN);
  dispatcher_.Detach("a", a.get(), "gone");
  EXPECT_EQ(CodeOf(DeliverState(dispatcher_, first, 5)), kAborted);

  const auto b = Attach("b");
  const v1::Lease second = b->commands[0].lease();
  ASSERT_EQ(second.checkpoint_size(), 2);
  EXPECT_EQ(second.checkpoint(0).iteration(), 4);
  EXPECT_EQ(second.checkpoint(1).iteration(), 2);
  dispatcher_.NoteDamage(job, second.checkpoint(0).name(), "bits");
  dispatcher_.NoteDamage(job, second.checkpoint(0).name(), "bits");  // another rank
  EXPECT_THAT(Log(job), HasSubstr("/checkpoints/1-4 cannot be used and was dropped: bits"));
  ASSERT_TRUE(Report(second.id(), StateEvent(v1::QUEUED, "damaged")).ok());
  ASSERT_THAT(b->commands, SizeIs(2));
  ASSERT_EQ(b->commands[1].lease().checkpoint_size(), 1);
  EXPECT_EQ(b->commands[1].lease().checkpoint(0).iteration(), 2);
  ASSERT_TRUE(dispatcher_.Cancel(job).ok());
  ASSERT_TRUE(Report(Lease(*b), StateEvent(v1::CANCELLED, "")).ok());
  EXPECT_THAT(*stores_.checkpoints().List(job), IsEmpty());
}

}  // namespace
}  // namespace tomoslab
