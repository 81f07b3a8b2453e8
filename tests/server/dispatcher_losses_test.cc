#include "server/dispatcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "server/job.h"
#include "tests/server/dispatcher_world.h"
#include "tests/server/status_of.h"

namespace tomoslab {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

TEST_F(DispatcherTest, ABrokenLinkOfAnOlderPoolChangesNothing) {
  const std::string job = QueuedJob();
  const auto link = Attach("a");
  FakeLink older;
  dispatcher_.Detach("a", &older, "late news");
  EXPECT_EQ(State(job), v1::LOADING);
  dispatcher_.Detach("a", link.get(), "gone");
  EXPECT_EQ(State(job), v1::QUEUED);
  EXPECT_THAT(Log(job), HasSubstr("attempt 1 ended before the first iteration: gone"));
}

TEST_F(DispatcherTest, SaysHowALocalPoolEnded) {
  const std::string job = QueuedJob();
  const auto link = Attach("a", "instance-1");
  dispatcher_.Detach("a", link.get(), "its connection broke");
  dispatcher_.NoteExit("instance-1", "mpirun was killed by signal 9");
  EXPECT_THAT(Log(job), HasSubstr("mpirun was killed by signal 9"));

  const auto next = Attach("a", "instance-2");  // this time the exit is noticed first
  dispatcher_.NoteExit("instance-2", "mpirun exited with status 1");
  EXPECT_FALSE(next->broken.ok());
  EXPECT_EQ(State(job), v1::QUEUED);
  EXPECT_THAT(Log(job), HasSubstr("ended before the first iteration: mpirun exited with status 1"));
}

TEST_F(DispatcherTest, FindsSilentPoolsAndThoseThatIgnoreACancel) {
  const std::string job = QueuedJob();
  const auto link = Attach("a", "i");
  const auto now = Dispatcher::Clock::now();
  EXPECT_THAT(dispatcher_.StuckPools(now + seconds(9)), IsEmpty());
  auto stuck = dispatcher_.StuckPools(now + seconds(11));
  ASSERT_THAT(stuck, SizeIs(1));
  EXPECT_EQ(stuck[0].instance, "i");
  EXPECT_THAT(stuck[0].why, HasSubstr("silent for 10 s"));
  ASSERT_TRUE(dispatcher_.Cancel(job).ok());
  stuck = dispatcher_.StuckPools(now + seconds(8));
  ASSERT_THAT(stuck, SizeIs(1));
  EXPECT_THAT(stuck[0].why, HasSubstr("did not stop within 5 s"));
  dispatcher_.Break("a", stuck[0].why);
  EXPECT_EQ(CodeOf(link->broken), kAborted);
  EXPECT_EQ(State(job), v1::CANCELLED);
  EXPECT_THAT(dispatcher_.StuckPools(now + seconds(99)), IsEmpty());
}

TEST_F(DispatcherTest, DrainQueuesAgainWithoutCountingAFailure) {
  for (int restart = 0; restart < 7; ++restart) {
    const std::string job = restart == 0 ? QueuedJob() : "jobs/1";
    Dispatcher dispatcher(stores_.All(), {});
    v1::AttachRequest request;
    request.set_pool("a");
    auto link = std::make_shared<FakeLink>();
    ASSERT_TRUE(dispatcher.Attach(request, link).ok());
    dispatcher.Dispatch();
    ASSERT_THAT(link->commands, SizeIs(1));
    dispatcher.Drain();
    EXPECT_TRUE(link->commands.back().drain());
    EXPECT_EQ(State(job), v1::QUEUED);
    EXPECT_EQ(CodeOf(dispatcher.Attach(request, link)), kUnavailable);
    EXPECT_EQ(CodeOf(dispatcher.Touch(link->commands[0].lease().id())), kAborted);
  }
}

TEST_F(DispatcherTest, RecoversWhatWasLeasedWhenTheServerDied) {
  const std::string running = QueuedJob(), cancelled = QueuedJob();
  const auto a = Attach("a"), b = Attach("b");
  ASSERT_TRUE(dispatcher_.Cancel(cancelled).ok());
  stores_.Reopen();  // SIGKILL
  Dispatcher next(stores_.All(), {});
  ASSERT_TRUE(next.Recover().ok());
  EXPECT_EQ(State(running), v1::QUEUED);
  EXPECT_EQ(State(cancelled), v1::CANCELLED);
  EXPECT_THAT(Log(running), HasSubstr("the server was restarted"));
}

TEST_F(DispatcherTest, APoolWhoseConnectionBrokeKeepsItsLease) {
  Dispatcher dispatcher(stores_.All(), {}, {.reattach = seconds(5)});
  const std::string job = QueuedJob();
  v1::AttachRequest request;
  request.set_pool("a");
  auto link = std::make_shared<FakeLink>();
  ASSERT_TRUE(dispatcher.Attach(request, link).ok());
  dispatcher.Dispatch();
  const std::string lease = Lease(*link);
  dispatcher.Detach("a", link.get(), "cut");
  EXPECT_TRUE(dispatcher.Touch(lease).ok());
  request.set_lease(lease);
  auto again = std::make_shared<FakeLink>();
  ASSERT_TRUE(dispatcher.Attach(request, again).ok());
  EXPECT_EQ(CodeOf(dispatcher.Attach(request, link)), kAlreadyExists);
  const auto now = Dispatcher::Clock::now();
  EXPECT_THAT(dispatcher.StuckPools(now + seconds(6)), IsEmpty());

  dispatcher.Detach("a", again.get(), "cut");
  EXPECT_THAT(dispatcher.StuckPools(now + seconds(4)), IsEmpty());
  const auto stuck = dispatcher.StuckPools(now + seconds(7));
  ASSERT_THAT(stuck, SizeIs(1));
  EXPECT_THAT(stuck[0].why, HasSubstr("did not come back within 5 s"));
  request.clear_lease();  // started anew
  ASSERT_TRUE(dispatcher.Attach(request, link).ok());
  EXPECT_EQ(CodeOf(dispatcher.Touch(lease)), kAborted);
  EXPECT_EQ(State(job), v1::QUEUED);
}

TEST_F(DispatcherTest, FindsTheRankThatGivesNoSignOfLife) {
  const std::string job = QueuedJob();
  const auto link = Attach("a");
  EXPECT_EQ(CodeOf(dispatcher_.Beat(BeatOf(Lease(*link), 1))), kOutOfRange);
  ASSERT_TRUE(dispatcher_.Beat(BeatOf(Lease(*link), 0)).ok());
  auto now = Dispatcher::Clock::now();
  std::vector<Dispatcher::Stuck> stuck;
  for (int tick = 0; tick < 16 && stuck.empty(); ++tick)
    stuck = dispatcher_.StuckPools(now += std::chrono::milliseconds(500));
  ASSERT_THAT(stuck, SizeIs(1));
  EXPECT_THAT(stuck[0].why, HasSubstr("rank 0"));
  EXPECT_THAT(stuck[0].why, HasSubstr("gave no sign of life for 7 s"));
}

TEST_F(DispatcherTest, WaitsForCheckpointsWhenItDrains) {
  const std::string job = QueuedJob();
  const auto link = Attach("a");
  const std::string lease = Lease(*link);
  std::thread pool([&] {
    v1::ReportRequest request;
    request.set_lease(lease);
    while (true) {
      const absl::StatusOr<v1::ReportResponse> answer = dispatcher_.Report(request);
      ASSERT_TRUE(answer.ok()) << answer.status();
      if (answer->drain()) break;
    }
    EXPECT_TRUE(Report(lease, StateEvent(v1::QUEUED, "handed back")).ok());
  });
  dispatcher_.Drain(seconds(60));
  pool.join();
  EXPECT_EQ(State(job), v1::QUEUED);
  EXPECT_THAT(Log(job), HasSubstr("handed back"));
}

TEST_F(DispatcherTest, GivesNothingMoreToAPoolThatLeaves) {
  const auto a = Attach("a");
  const std::string job = QueuedJob();
  dispatcher_.Dispatch();
  v1::ReportRequest request;
  request.set_lease(Lease(*a));
  *request.add_event() = StateEvent(v1::QUEUED, "its pool is shutting down");
  request.set_permanent(true);
  ASSERT_TRUE(dispatcher_.Report(request).ok());
  EXPECT_THAT(a->commands, SizeIs(1));
  EXPECT_EQ(State(job), v1::QUEUED);
  dispatcher_.Detach("a", a.get(), "it has left");
  const auto again = Attach("a");
  ASSERT_THAT(again->commands, SizeIs(1));
  EXPECT_EQ(again->commands[0].lease().job(), job);
}

}  // namespace
}  // namespace tomoslab
