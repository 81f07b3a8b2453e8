// A job's events for one viewer: replayed from the store, then as they come.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "server/dispatcher.h"
#include "server/follow_reactor.h"
#include "server/job_table.h"

namespace tomoslab {

/// Ends when the job is over and all was said; Unavailable when the server drains.
class EventFeed final : public Feed<v1::JobEvent> {
 public:
  EventFeed(JobTable& jobs, const Dispatcher& dispatcher, const v1::WatchJobRequest& request,
            std::shared_ptr<Visit> visit)
      : jobs_(jobs),
        dispatcher_(dispatcher),
        request_(request),
        visit_(std::move(visit)),
        cursor_(request.after_event()) {}

  std::shared_ptr<void> Watch(std::function<void()> wake) override;
  absl::Status Check() override;
  absl::StatusOr<std::vector<v1::JobEvent>> Next() override;
  std::optional<absl::Status> End() override;

 private:
  JobTable& jobs_;
  const Dispatcher& dispatcher_;
  const v1::WatchJobRequest request_;
  const std::shared_ptr<Visit> visit_;
  std::int64_t cursor_;  // the last event that was given
};

}  // namespace tomoslab
