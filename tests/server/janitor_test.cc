#include "server/janitor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <limits>

#include "server/job.h"
#include "server/ownership.h"
#include "tests/server/test_stores.h"

namespace tomoslab {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class JanitorTest : public testing::Test {
 protected:
  /// What goes `later` than now.
  std::vector<std::string> Deleted(const Retention& retention, absl::Duration later) {
    Janitor janitor(stores_.All(), *audit_, retention, stores_.folder());
    return janitor.Tidy(absl::Now() + later);
  }
  std::string Over(const v1::JobSpec& spec) {
    const std::string name = stores_.Job(spec).name();
    EXPECT_TRUE(stores_.jobs().Append(name, {StateEvent(v1::CANCELLED, "")}).ok());
    return name;
  }
  const Retention week_{.jobs = absl::Hours(24 * 7), .scans = absl::Hours(24 * 14)};

  TestStores stores_;
  const std::unique_ptr<AuditLog> audit_ = *AuditLog::Open(stores_.folder() + "/audit.log");
};

TEST_F(JanitorTest, DeletesByAgeAndNotBefore) {
  const std::string scan = stores_.FullScan().name();
  const std::string job = Over(SampleJob(scan));
  EXPECT_THAT(Deleted(week_, absl::Hours(24 * 6)), IsEmpty());
  EXPECT_THAT(Deleted(week_, absl::Hours(24 * 8)), ElementsAre(job));
  EXPECT_TRUE(absl::IsNotFound(stores_.jobs().Get(job).status()));
  EXPECT_THAT(Deleted(week_, absl::Hours(24 * 15)), ElementsAre(scan));
  EXPECT_FALSE(std::filesystem::exists(stores_.folder() + "/scans/1.h5"));
  EXPECT_GT(std::filesystem::file_size(stores_.folder() + "/audit.log"), 100u);
}

TEST_F(JanitorTest, WithoutLimitsEverythingStays) {
  Over(SampleJob(stores_.FullScan().name()));
  EXPECT_THAT(Deleted({}, absl::Hours(1e6)), IsEmpty());
}

TEST_F(JanitorTest, NeverDeletesWhatAJobStillNeeds) {
  const std::string scan = stores_.FullScan().name();
  v1::JobSpec spec = SampleJob(scan);
  *spec.mutable_volume() = stores_.Job(SampleJob(scan)).spec().volume();
  const std::string start = stores_.Job(spec).name();
  spec.mutable_start()->set_job(start);
  const std::string job = stores_.Job(spec).name();
  for (const v1::JobState state : {v1::LOADING, v1::RUNNING, v1::WRITING, v1::SUCCEEDED}) {
    ASSERT_TRUE(stores_.jobs().Append(start, {StateEvent(state, "")}).ok());
  }
  EXPECT_THAT(Deleted(week_, absl::Hours(1e6)), IsEmpty());
  ASSERT_TRUE(stores_.jobs().Append(job, {StateEvent(v1::CANCELLED, "")}).ok());
  EXPECT_THAT(Deleted(week_, absl::Hours(1e6)), UnorderedElementsAre(start, job));
  EXPECT_TRUE(stores_.scans().Get(scan).ok());  // jobs/1 is in the queue
}

TEST_F(JanitorTest, KeepsWhatIsMarkedAndWhatIsBeingUploaded) {
  OwnershipTable ownership(stores_.database());
  const std::string scan = stores_.FullScan().name(), uploading = stores_.EmptyScan().name();
  const std::string job = Over(SampleJob(scan));
  const auto session = *UploadSession::Open(stores_.scans(), uploading);
  ASSERT_TRUE(ownership.Keep(job, true).ok());
  ASSERT_TRUE(ownership.Keep(scan, true).ok());
  EXPECT_THAT(Deleted(week_, absl::Hours(1e6)), IsEmpty());
  ASSERT_TRUE(ownership.Keep(job, false).ok());
  EXPECT_THAT(Deleted(week_, absl::Hours(1e6)), ElementsAre(job));
}

TEST_F(JanitorTest, OldestGoFirstWhenSpaceIsShort) {
  const std::string job = Over(SampleJob(stores_.FullScan().name()));
  const Retention never_enough{.free_bytes = std::numeric_limits<std::int64_t>::max()};
  EXPECT_THAT(Deleted(never_enough, absl::Hours(23)), IsEmpty());  // too young
  EXPECT_THAT(Deleted(never_enough, absl::Hours(25)), UnorderedElementsAre("scans/1", job));
  EXPECT_THAT(Deleted({.free_bytes = 1}, absl::Hours(1e6)), IsEmpty());  // there is enough
}

TEST_F(JanitorTest, VolumesOfDeletionsThatWereCutOffAreRemovedAtTheStart) {
  const v1::Scan scan = stores_.FullScan();
  const std::string stays = stores_.Job(SampleJob(scan.name())).name(),
                    goes = Over(SampleJob(scan.name()));
  for (const std::string& name : {stays, goes}) {
    ASSERT_TRUE(stores_.volumes().Begin(*stores_.jobs().Get(name), scan).ok());
  }
  ASSERT_TRUE(stores_.jobs().Delete(goes).ok());  // and then the power failed
  EXPECT_THAT(*stores_.volumes().Jobs(), UnorderedElementsAre(stays, goes));
  ASSERT_TRUE(stores_.queue().RemoveOrphans().ok());
  EXPECT_THAT(*stores_.volumes().Jobs(), ElementsAre(stays));
}

}  // namespace
}  // namespace tomoslab
