// A job's events for one watcher: those that are stored, then those that come.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "server/dispatcher.h"
#include "server/follow_reactor.h"
#include "server/job_table.h"

namespace tomoslab {

class JobFeed final : public Feed<v1::JobEvent> {
 public:
  JobFeed(JobTable& jobs, const Dispatcher& dispatcher, const v1::WatchJobRequest& request,
          std::shared_ptr<Visit> visit)
      : jobs_(jobs),
        dispatcher_(dispatcher),
        request_(request),
        visit_(std::move(visit)),
        cursor_(request.after_event()) {}

  std::shared_ptr<void> Watch(std::function<void()> wake) override;
  absl::Status Check() override;
  absl::StatusOr<SharedEvents> Next() override;
  /// InvalidArgument: after_event is none of the job's.
  std::optional<absl::Status> End() override;

 private:
  JobTable& jobs_;
  const Dispatcher& dispatcher_;
  const v1::WatchJobRequest request_;
  const std::shared_ptr<Visit> visit_;
  std::int64_t cursor_;
};

}  // namespace tomoslab
