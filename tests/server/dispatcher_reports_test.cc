#include "server/dispatcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "server/delivery.h"
#include "server/job.h"
#include "tests/server/dispatcher_world.h"
#include "tests/server/status_of.h"

namespace tomoslab {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

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

}  // namespace
}  // namespace tomoslab
