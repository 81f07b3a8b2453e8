// What lists and limits rest upon: order by indices, and totals that the database keeps.
#include "server/listing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/job.h"
#include "server/ownership.h"
#include "tests/server/status_of.h"
#include "tests/server/test_stores.h"

namespace tomoslab {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Caller Operator(const std::string& user, const std::vector<std::string>& groups = {}) {
  Caller caller;
  caller.role = v1::ROLE_OPERATOR;
  caller.user = user;
  caller.groups = groups;
  return caller;
}

class ListingTest : public testing::Test {
 protected:
  std::string JobOf(const std::string& owner, const std::vector<std::string>& groups = {},
                    int most_queued = 0) {
    NewOwnership ownership{{owner, groups}, 0, most_queued};
    v1::CreateJobRequest request;
    *request.mutable_spec() = SampleJob(scan_.name());
    const auto created = stores_.queue().Create(request, {{"", {}}}, ownership);
    return created.ok() ? created->job().name() : std::string(created.status().message());
  }
  void End(const std::string& job, v1::JobState state) {
    ASSERT_TRUE(stores_.jobs().Append(job, {StateEvent(state, "")}).ok());
  }
  std::vector<std::int64_t> Jobs(const Caller& caller, const std::set<int>& states = {},
                                 Newest wanted = {1000, 100}) {
    Transaction transaction(stores_.database());
    return *VisibleJobs(transaction, caller, states, wanted);
  }
  std::int64_t StoredBytes(const std::string& owner) {
    return *OwnershipTable(stores_.database()).StoredBytes(owner);
  }
  void Run(const char* sql) {
    Transaction transaction(stores_.database());
    const absl::Status status = transaction.Prepare(sql).Run();
    ASSERT_TRUE(status.ok()) << sql << ": " << status;
    ASSERT_TRUE(transaction.Commit().ok());
  }
  TestStores stores_;
  const v1::Scan scan_ = stores_.FullScan();
};

TEST_F(ListingTest, ShowsOwnAndSharedJobsOnceInOrder) {
  JobOf("anna", {"night", "day"});  // 1
  JobOf("berta");                   // 2
  JobOf("anna");                    // 3
  JobOf("berta", {"day"});          // 4
  EXPECT_THAT(Jobs({}), ElementsAre(4, 3, 2, 1));
  EXPECT_THAT(Jobs(Operator("anna", {"night", "day"})), ElementsAre(4, 3, 1));
  EXPECT_THAT(Jobs(Operator("berta")), ElementsAre(4, 2));
  EXPECT_THAT(Jobs(Operator("carla", {"day"})), ElementsAre(4, 1));
  EXPECT_THAT(Jobs(Operator("carla")), IsEmpty());
  EXPECT_THAT(Jobs(Operator("anna", {"day"}), {}, {4, 1}), ElementsAre(3));
}

TEST_F(ListingTest, FollowsTheStatesOfJobs) {
  const std::string first = JobOf("anna", {"night"}), second = JobOf("anna", {"night"});
  JobOf("anna", {"night"});
  End(first, v1::CANCELLED);
  End(second, v1::FAILED);
  for (const Caller& caller : {Caller(), Operator("anna"), Operator("carla", {"night"})}) {
    EXPECT_THAT(Jobs(caller, {v1::QUEUED}), ElementsAre(3));
    EXPECT_THAT(Jobs(caller, {v1::CANCELLED, v1::FAILED}), ElementsAre(2, 1));
    EXPECT_THAT(Jobs(caller, {v1::CANCELLED, v1::FAILED}, {2, 5}), ElementsAre(1));
    EXPECT_THAT(Jobs(caller, {v1::RUNNING}), IsEmpty());
    EXPECT_THAT(Jobs(caller), ElementsAre(3, 2, 1));
  }
  ASSERT_TRUE(OwnershipTable(stores_.database()).Share(first, {"day"}).ok());
  EXPECT_THAT(Jobs(Operator("carla", {"day"}), {v1::CANCELLED}), ElementsAre(1));
  ASSERT_TRUE(stores_.queue().Delete(first).ok());
  EXPECT_THAT(Jobs(Operator("anna")), ElementsAre(3, 2));
}

TEST_F(ListingTest, CountsTheJobsInTheQueue) {
  const std::string job = JobOf("anna", {}, 2);
  JobOf("anna", {}, 2);
  EXPECT_THAT(JobOf("anna", {}, 2), testing::HasSubstr("anna has 2 jobs in the queue"));
  JobOf("berta", {}, 2);
  End(job, v1::CANCELLED);
  EXPECT_EQ(JobOf("anna", {}, 2), "jobs/4");
  End("jobs/4", v1::LOADING);
  End("jobs/4", v1::QUEUED);
  EXPECT_THAT(JobOf("anna", {}, 2), testing::HasSubstr("anna has 2 jobs in the queue"));
}

TEST_F(ListingTest, CountsVolumesPreviewsAndCheckpoints) {
  const std::string name = JobOf("anna");
  const std::int64_t volume = StoredBytes("anna");
  EXPECT_GT(volume, 0);
  v1::PreviewReady preview;
  preview.set_plane(v1::AXIAL);
  preview.set_rows(4);
  preview.set_columns(3);
  for (const int iteration : {1, 2, 2}) {
    preview.set_iteration(iteration);
    ASSERT_TRUE(stores_.previews().Add(name, preview).ok());
  }
  EXPECT_EQ(StoredBytes("anna"), volume + 2 * 48);
  v1::Checkpoint checkpoint;
  v1::StatePart* part = checkpoint.add_part();
  part->set_planes(5);
  part->set_plane_size(10);
  for (const int iteration : {1, 2, 3}) {  // two are kept
    checkpoint.set_name(absl::StrCat(name, "/checkpoints/1-", iteration));
    ASSERT_TRUE(stores_.checkpoints().Commit(name, checkpoint).ok());
  }
  EXPECT_EQ(StoredBytes("anna"), volume + 2 * 48 + 2 * 200);
  EXPECT_TRUE(*stores_.checkpoints().Forget(name, name + "/checkpoints/1-3"));
  EXPECT_EQ(StoredBytes("anna"), volume + 2 * 48 + 200);
  ASSERT_TRUE(stores_.checkpoints().RemoveAll(name).ok());
  ASSERT_TRUE(stores_.previews().RemoveAll(name).ok());
  EXPECT_EQ(StoredBytes("anna"), volume);
  ASSERT_TRUE(stores_.previews().Add(name, preview).ok());
  End(name, v1::CANCELLED);
  ASSERT_TRUE(stores_.queue().Delete(name).ok());
  EXPECT_EQ(StoredBytes("anna"), 0);
}

TEST_F(ListingTest, EntersWhatADatabaseFromBeforeHas) {
  const std::string first = JobOf("anna", {"night"});
  JobOf("anna");
  End(first, v1::CANCELLED);
  v1::PreviewReady preview;
  preview.set_rows(4);
  preview.set_columns(3);
  ASSERT_TRUE(stores_.previews().Add("jobs/2", preview).ok());
  const std::int64_t bytes = StoredBytes("anna");
  for (const char* sql : {"DROP TRIGGER scan_owner_entered",
                          "DROP TRIGGER scan_owner_left",
                          "DROP TRIGGER job_owner_entered",
                          "DROP TRIGGER job_owner_changed",
                          "DROP TRIGGER job_owner_left",
                          "DROP TRIGGER job_group_entered",
                          "DROP TRIGGER job_state_changed",
                          "DROP TRIGGER preview_entered",
                          "DROP TRIGGER preview_changed",
                          "DROP TRIGGER preview_left",
                          "DROP TRIGGER checkpoint_entered",
                          "DROP TRIGGER checkpoint_left",
                          "DROP INDEX jobs_in_order",
                          "DROP INDEX job_owners_in_order",
                          "DROP INDEX job_groups_in_order",
                          "DROP INDEX scan_owners_in_order",
                          "DROP INDEX scan_groups_in_order",
                          "DROP TABLE owner_totals",
                          "ALTER TABLE checkpoints DROP COLUMN bytes",
                          "ALTER TABLE job_owners DROP COLUMN state",
                          "ALTER TABLE job_groups DROP COLUMN state",
                          "UPDATE job_owners SET bytes = bytes - 48 WHERE job = 2"}) {
    Run(sql);
  }
  stores_.Reopen();
  EXPECT_EQ(StoredBytes("anna"), bytes);
  EXPECT_THAT(Jobs(Operator("anna"), {v1::QUEUED}), ElementsAre(2));
  EXPECT_THAT(Jobs(Operator("carla", {"night"}), {v1::CANCELLED}), ElementsAre(1));
  EXPECT_THAT(JobOf("anna", {}, 1), testing::HasSubstr("anna has 1 jobs in the queue"));
  stores_.Reopen();  // nothing is entered twice
  EXPECT_EQ(StoredBytes("anna"), bytes);
}

class QueueTest : public ListingTest {
 protected:
  std::string Job(int priority, const v1::Scan& scan, const std::string& start = "") {
    v1::JobSpec spec = SampleJob(scan.name());
    spec.set_priority(priority);
    if (!start.empty()) spec.mutable_start()->set_job(start);
    return stores_.Job(spec).name();
  }
  std::vector<std::string> Ready() {
    std::vector<std::string> names;
    QueuePlace place;
    while (true) {
      const std::vector<v1::Job> part = *stores_.jobs().ReadyAfter(&place);
      if (part.empty()) return names;
      for (const v1::Job& job : part) names.push_back(job.name());
    }
  }
};

TEST_F(QueueTest, GoesByPriorityThenByAgeThroughAllParts) {
  std::vector<std::string> low, high;
  for (int i = 0; i < 100; ++i) {
    low.push_back(Job(-3, scan_));
    high.push_back(Job(5, scan_));
  }
  std::vector<std::string> all = high;
  all.insert(all.end(), low.begin(), low.end());
  EXPECT_EQ(Ready(), all);
}

TEST_F(QueueTest, LeavesOutWhatWaitsForAScanOrAJob) {
  const v1::Scan empty = stores_.EmptyScan();
  const std::string ready = Job(0, scan_);
  Job(0, empty);
  const std::string next = Job(0, scan_, ready);
  EXPECT_THAT(Ready(), ElementsAre(ready));
  End(ready, v1::CANCELLED);
  EXPECT_THAT(Ready(), ElementsAre(next));  // which the dispatcher fails
}

}  // namespace
}  // namespace tomoslab
