// One viewer's stream: replays a job's log from the store, then follows it. No thread waits for it.
#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>
#include <mutex>
#include <vector>

#include "server/dispatcher.h"
#include "server/executor.h"
#include "server/gate.h"
#include "server/job_table.h"

namespace tomoslab {

class WatchReactor final : public grpc::ServerWriteReactor<v1::JobEvent>,
                           public std::enable_shared_from_this<WatchReactor> {
 public:
  static grpc::ServerWriteReactor<v1::JobEvent>* Start(Executor& executor, JobTable& jobs,
                                                       const Dispatcher& dispatcher,
                                                       const v1::WatchJobRequest& request,
                                                       grpc::CallbackServerContext* context,
                                                       std::shared_ptr<Visit> visit);
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  WatchReactor(Executor& executor, JobTable& jobs, const Dispatcher& dispatcher,
               const v1::WatchJobRequest& request, std::shared_ptr<Visit> visit)
      : executor_(executor),
        jobs_(jobs),
        dispatcher_(dispatcher),
        request_(request),
        job_(request.name()),
        visit_(std::move(visit)),
        cursor_(request.after_event()) {}

  /// Makes sure that a step runs (again) after this call.
  void Wake();
  void PostStep();
  /// Writes the next event, ends the stream, or falls asleep until woken.
  void Step();
  /// The first time whether the caller may see the job.
  absl::Status Check();
  absl::StatusOr<bool> LoadEvents();
  void End(const absl::Status& status);
  /// Ends the stream when there is nothing more to come.
  bool FinishIfOver();

  Executor& executor_;
  JobTable& jobs_;
  const Dispatcher& dispatcher_;
  const v1::WatchJobRequest request_;
  const std::string job_;
  const std::shared_ptr<Visit> visit_;
  std::shared_ptr<WatchReactor> self_;  // until OnDone
  std::shared_ptr<void> subscription_;

  // Touched by the one step or write that is under way.
  bool checked_ = false;
  std::int64_t cursor_;
  SharedEvents batch_;
  std::size_t next_in_batch_ = 0;

  std::mutex mutex_;
  bool busy_ = false;   // a step or a write is under way, or the stream has ended
  bool woken_ = false;  // while busy
  bool cancelled_ = false;
};

}  // namespace tomoslab
