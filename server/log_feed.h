// A job's log for one reader: what is kept, then, if asked for, what comes.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/dispatcher.h"
#include "server/follow_reactor.h"
#include "server/job_logs.h"

namespace tomoslab {

class LogFeed final : public Feed<v1::LogLine> {
 public:
  LogFeed(Stores stores, const Dispatcher& dispatcher, const v1::ReadLogRequest& request,
          std::shared_ptr<Visit> visit)
      : stores_(stores), dispatcher_(dispatcher), request_(request), visit_(std::move(visit)) {}

  std::shared_ptr<void> Watch(std::function<void()> wake) override;
  /// InvalidArgument: negative numbers. NotFound.
  absl::Status Check() override;
  absl::StatusOr<std::vector<std::shared_ptr<const v1::LogLine>>> Next() override;
  std::optional<absl::Status> End() override;

 private:
  const Stores stores_;
  const Dispatcher& dispatcher_;
  const v1::ReadLogRequest request_;
  const std::shared_ptr<Visit> visit_;
  std::optional<JobLogReader> reader_;
  bool begun_ = false;
  bool seen_end_ = false;  // the line that says that the job is over
  int looks_after_end_ = 0;
};

}  // namespace tomoslab
