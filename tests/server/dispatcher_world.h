// A dispatcher with a complete scan and pools that only note what they are told.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "server/dispatcher.h"
#include "server/job.h"
#include "tests/server/test_stores.h"

namespace tomoslab {

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
      stores_.All(),
      {{"local-1", {1, 0}}},
      {.silence = std::chrono::seconds(10), .cancel_grace = std::chrono::seconds(5)}};
};

}  // namespace tomoslab
