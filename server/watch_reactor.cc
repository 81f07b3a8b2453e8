#include "server/watch_reactor.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "proto/grpc_status.h"
#include "server/job.h"
#include "worker/core/status.h"

namespace tomoslab {
grpc::ServerWriteReactor<v1::JobEvent>* WatchReactor::Start(Executor& executor, JobTable& jobs,
                                                            const Dispatcher& dispatcher,
                                                            const v1::WatchJobRequest& request,
                                                            grpc::CallbackServerContext* context,
                                                            std::shared_ptr<Visit> visit) {
  std::shared_ptr<WatchReactor> reactor(
      new WatchReactor(executor, jobs, dispatcher, request, std::move(visit)));
  reactor->self_ = reactor;
  reactor->visit_->CutBy([context](const absl::Status&) { context->TryCancel(); });
  const std::weak_ptr<WatchReactor> weak = reactor;
  reactor->subscription_ = jobs.watchers().Watch(request.name(), [weak] {
    if (const auto alive = weak.lock()) alive->Wake();
  });
  reactor->Wake();
  return reactor.get();
}

void WatchReactor::Wake() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    woken_ = true;
    if (busy_) return;
    busy_ = true;
  }
  PostStep();
}

void WatchReactor::PostStep() {
  executor_.Post([self = shared_from_this()] { self->Step(); });
}

absl::Status WatchReactor::Check() {
  if (checked_) return absl::OkStatus();
  checked_ = true;
  return visit_->Check(request_);
}

void WatchReactor::End(const absl::Status& status) {
  visit_->End(status);
  Finish(ToGrpc(status));
}

absl::StatusOr<bool> WatchReactor::LoadEvents() {
  TOMOSLAB_RETURN_IF_ERROR(Check());
  if (next_in_batch_ < batch_.size()) return true;
  next_in_batch_ = 0;
  TOMOSLAB_ASSIGN_OR_RETURN(batch_, jobs_.NextEvents(job_, cursor_));
  return !batch_.empty();
}

bool WatchReactor::FinishIfOver() {
  const absl::StatusOr<JobProgress> job = jobs_.ProgressOf(job_);
  if (!job.ok()) {
    End(job.status());
  } else if (cursor_ < 0 || cursor_ > job->last_event) {
    End(absl::InvalidArgumentError(
        absl::StrFormat("after_event = %d is outside 0 .. %d, the events %s has; 0 shows all",
                        cursor_, job->last_event, job_)));
  } else if (IsOver(job->state) && cursor_ == job->last_event) {
    End(absl::OkStatus());
  } else if (dispatcher_.draining() && cursor_ == job->last_event) {
    End(absl::UnavailableError("the server is shutting down; watch again from here"));
  } else {
    return false;
  }
  return true;
}

void WatchReactor::Step() {
  while (true) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      woken_ = false;
      if (cancelled_) break;
    }
    const absl::StatusOr<bool> more = LoadEvents();
    if (!more.ok()) return End(more.status());
    if (*more) {
      const v1::JobEvent& event = *batch_[next_in_batch_++];
      cursor_ = event.sequence();
      visit_->Waits(Visit::kWriting, static_cast<std::int64_t>(event.ByteSizeLong()));
      return StartWrite(&event);
    }
    if (FinishIfOver()) return;
    const std::lock_guard<std::mutex> lock(mutex_);
    if (woken_ || cancelled_) continue;
    busy_ = false;
    return;
  }
  End(absl::CancelledError("the call was cancelled"));
}

void WatchReactor::OnWriteDone(bool ok) {
  visit_->Moves(Visit::kWriting);
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!ok) cancelled_ = true;
  }
  PostStep();
}

void WatchReactor::OnCancel() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    cancelled_ = true;
  }
  Wake();
}

void WatchReactor::OnDone() {
  visit_->StopCutting();
  subscription_.reset();
  self_.reset();
}

}  // namespace tomoslab
