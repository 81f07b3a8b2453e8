#include "server/dispatcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <filesystem>
#include <thread>

#include "absl/strings/str_cat.h"
#include "server/delivery.h"
#include "server/job.h"
#include "tests/server/status_of.h"
#include "tests/server/test_stores.h"

namespace tomoslab {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

struct FakeLink : PoolLink {
  void Send(const v1::PoolCommand& command) override { commands.push_back(command); }
  void Break(const absl::Status& why) override { broken = why; }
  std::vector<v1::PoolCommand> commands;
  absl::Status broken;
};

class DispatcherTest : public testing::Test {
 protected:
  std::shared_ptr<FakeLink> Attach(const std::string& name, const std::string& instance = "",
                                   std::int64_t memory = 0) {
    v1::AttachRequest request;
    request.set_pool(name);
    request.add_rank();
    request.set_instance(instance);
    request.set_memory_bytes_per_rank(memory);
    auto link = std::make_shared<FakeLink>();
    EXPECT_TRUE(dispatcher_.Attach(request, link).ok());
    dispatcher_.Dispatch();
    return link;
  }
  std::string Lease(const FakeLink& link) {
    return link.commands.empty() ? "" : link.commands.back().lease().id();
  }
  absl::StatusOr<v1::ReportResponse> Report(const std::string& lease, const v1::JobEvent& event) {
    v1::ReportRequest request;
    request.set_lease(lease);
    *request.add_event() = event;
    return dispatcher_.Report(request);
  }
  std::string QueuedJob() { return stores_.Job(SampleJob(scan_.name())).name(); }
  v1::JobState State(const std::string& job) { return stores_.jobs().Get(job)->state(); }
  std::string Log(const std::string& job) {
    std::string text;
    const std::vector<v1::JobEvent> events = *stores_.jobs().EventsAfter(job, 0, 1000);
    for (const v1::JobEvent& event : events) {
      text += event.log().text() + event.state_change().reason() + "\n";
    }
    return text;
  }

  TestStores stores_;
  const v1::Scan scan_ = stores_.FullScan();
  Dispatcher dispatcher_{
      stores_.All(), {{"local-1", {1, 0}}}, {.silence = seconds(10), .cancel_grace = seconds(5)}};
};

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

TEST_F(DispatcherTest, RefusesReportsThatAreNotAPoolsToMake) {
  const std::string job = QueuedJob();
  const auto link = Attach("a");
  EXPECT_EQ(CodeOf(Report(Lease(*link), SlicesEvent(0, 4))), kInvalidArgument);
  ASSERT_TRUE(Report(Lease(*link), StateEvent(v1::WRITING, "")).ok());
  EXPECT_EQ(CodeOf(Report(Lease(*link), StateEvent(v1::RUNNING, ""))), kFailedPrecondition);
  EXPECT_EQ(CodeOf(Report("jobs/1/attempts/7", LogEvent(v1::INFO, ""))), kAborted);
  EXPECT_EQ(State(job), v1::WRITING);
}

TEST_F(DispatcherTest, RefusesWhatNoPoolCanMean) {
  const std::string job = QueuedJob();
  const auto link = Attach("a");
  const std::string lease = Lease(*link);
  const auto refused = [&](auto change) {
    v1::JobEvent event;
    change(&event);
    return CodeOf(Report(lease, event)) == kInvalidArgument;
  };
  EXPECT_TRUE(refused([](auto* e) { e->mutable_iteration()->set_iteration(-1); }));
  EXPECT_TRUE(refused([](auto* e) {
    for (int i = 0; i < 200'000; ++i) e->mutable_iteration()->add_rank()->set_sent_bytes(1 << 30);
  }));
  EXPECT_TRUE(refused([](auto* e) { e->mutable_preview_ready()->set_rows(1 << 30); }));
  EXPECT_TRUE(refused([](auto* e) { e->mutable_pool()->add_rank()->set_slice_end(1 << 20); }));
  EXPECT_TRUE(refused([](auto* e) { e->mutable_pool()->add_rank()->set_memory_bytes(-1); }));
  EXPECT_TRUE(refused([](auto* e) { e->mutable_materials()->add_entry(); }));
  EXPECT_TRUE(refused([](auto* e) {
    e->mutable_checkpoint()->set_kind(v1::CheckpointReport::RESUMED);
    e->mutable_checkpoint()->set_seconds(-1);
  }));
  v1::ReportRequest many;
  many.set_lease(lease);
  while (many.event_size() <= 1000) *many.add_event() = LogEvent(v1::INFO, "x");
  EXPECT_EQ(CodeOf(dispatcher_.Report(many)), kInvalidArgument);
  EXPECT_EQ(State(job), v1::LOADING);  // and none of it was kept
  EXPECT_EQ(stores_.jobs().EventsAfter(job, 0, 100)->size(), 2u);
}

TEST_F(DispatcherTest, TextsOfPoolsBecomePlainLines) {
  const std::string job = QueuedJob();
  const auto link = Attach("a");
  ASSERT_TRUE(
      Report(Lease(*link), LogEvent(v1::INFO, "a\nb\x1b[2J" + std::string(1 << 19, 'x'))).ok());
  v1::JobEvent pool;
  pool.mutable_pool()->add_rank()->set_host("evil\nhost");
  ASSERT_TRUE(Report(Lease(*link), pool).ok());
  const std::vector<v1::JobEvent> events = *stores_.jobs().EventsAfter(job, 0, 100);
  EXPECT_LE(events[2].log().text().size(), 8192u);
  EXPECT_THAT(events[2].log().text(), testing::StartsWith("a b [2Jxxx"));
  EXPECT_EQ(events[3].pool().rank(0).host(), "evil host");
}

TEST_F(DispatcherTest, RefusesPoolsThatCannotBe) {
  const auto refused = [&](auto change) {
    v1::AttachRequest request;
    request.set_pool("a");
    request.add_rank();
    change(&request);
    return CodeOf(dispatcher_.Attach(request, std::make_shared<FakeLink>())) == kInvalidArgument;
  };
  EXPECT_TRUE(refused([](auto* r) { r->clear_pool(); }));
  EXPECT_TRUE(refused([](auto* r) { r->set_pool("a b"); }));
  EXPECT_TRUE(refused([](auto* r) { r->set_pool(std::string(101, 'a')); }));
  EXPECT_TRUE(refused([](auto* r) { r->set_instance("a\nb"); }));
  EXPECT_TRUE(refused([](auto* r) { r->set_lease(std::string(1000, 'a')); }));
  EXPECT_TRUE(refused([](auto* r) { r->set_memory_bytes_per_rank(-1); }));
  EXPECT_TRUE(refused([](auto* r) { r->mutable_rank(0)->set_device_limit_bytes(-1); }));
  EXPECT_TRUE(refused([](auto* r) { r->mutable_rank(0)->set_host(std::string(4 << 20, 'h')); }));
  EXPECT_THAT(dispatcher_.Pools(), IsEmpty());
}

TEST_F(DispatcherTest, ThereAreOnlySoManyPools) {
  v1::AttachRequest request;
  for (int i = 0; i < 1000; ++i) {
    request.set_pool(absl::StrCat("pool", i));
    ASSERT_TRUE(dispatcher_.Attach(request, std::make_shared<FakeLink>()).ok());
  }
  request.set_pool("pool1000");
  EXPECT_EQ(CodeOf(dispatcher_.Attach(request, std::make_shared<FakeLink>())), kResourceExhausted);
}

TEST_F(DispatcherTest, APoolCannotDropTheCheckpointsOfAnotherJob) {
  const std::string mine = QueuedJob(), others = QueuedJob();
  v1::Checkpoint checkpoint;
  checkpoint.set_name(others + "/checkpoints/1-5");
  checkpoint.set_iteration(5);
  ASSERT_TRUE(stores_.checkpoints().Commit(others, checkpoint).ok());
  dispatcher_.NoteDamage(mine, checkpoint.name(), "says a pool that works on another job");
  EXPECT_THAT(*stores_.checkpoints().List(others), SizeIs(1));
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

TEST_F(DispatcherTest, AnEndedAttemptCannotWriteIntoTheNextOnesVolume) {
  QueuedJob();
  const auto a = Attach("a");
  SlicesReceiver old(dispatcher_);
  v1::DeliverSlicesRequest request;
  request.set_lease(Lease(*a));
  ASSERT_TRUE(old.Take(request).ok());
  EXPECT_EQ(CodeOf(old.Take(request)), kInvalidArgument);  // the lease twice
  const LeasedJob work = *dispatcher_.Find(Lease(*a));
  *request.mutable_chunk() = SampleSlices(work.job.spec().volume(), 0, 1);
  ASSERT_TRUE(old.Take(request).ok());
  dispatcher_.Detach("a", a.get(), "gone");
  EXPECT_EQ(CodeOf(old.Take(request)), kAborted);
  EXPECT_EQ(CodeOf(old.Finish()), kAborted);
  EXPECT_EQ(CodeOf(work.volume->Write({0, 1}, request.chunk().data().data())), kAborted);
  EXPECT_EQ(stores_.jobs().Get("jobs/1")->slices_done(), 0);
}

TEST_F(DispatcherTest, AnnouncesSlicesThatSeveralRanksHaveMadeWhole) {
  const std::string job = QueuedJob();
  const auto a = Attach("a");
  const v1::VolumeGeometry volume = a->commands[0].lease().spec().volume();
  const v1::VolumeChunk both = SampleSlices(volume, 0, 2);
  const std::int64_t bytes_per_line = volume.columns() * 4, lines = 2 * volume.rows();
  for (const IndexRange part : {IndexRange{0, 3}, IndexRange{3, lines}}) {
    SlicesReceiver rank(dispatcher_);
    v1::DeliverSlicesRequest request;
    request.set_lease(Lease(*a));
    ASSERT_TRUE(rank.Take(request).ok());
    FillChunk(part.begin, bytes_per_line,
              std::string_view(both.data())
                  .substr(part.begin * bytes_per_line, part.size() * bytes_per_line),
              request.mutable_chunk());
    ASSERT_TRUE(rank.Take(request).ok());
    ASSERT_TRUE(rank.Finish().ok());
    EXPECT_EQ(stores_.jobs().Get(job)->slices_done(), part.begin == 0 ? 0 : 2);
  }
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

TEST_F(DispatcherTest, AppliesARepeatedReportOnce) {
  const std::string job = QueuedJob();
  const auto link = Attach("a");
  v1::ReportRequest request;
  request.set_lease(Lease(*link));
  *request.add_event() = LogEvent(v1::INFO, "once");
  for (const int number : {1, 1, 2}) {
    request.set_number(number);
    ASSERT_TRUE(dispatcher_.Report(request).ok());
  }
  const std::string log = Log(job);
  EXPECT_NE(log.find("once"), log.rfind("once"));
  EXPECT_EQ(log.find("once", log.find("once") + 1), log.rfind("once")) << log;
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

}  // namespace
}  // namespace tomoslab
