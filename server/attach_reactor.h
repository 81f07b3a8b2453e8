// The stream of commands to an attached pool. It lives as long as the pool does.
#pragma once

#include <grpcpp/grpcpp.h>

#include <deque>
#include <memory>
#include <mutex>
#include <optional>

#include "server/dispatcher.h"
#include "server/executor.h"
#include "server/gate.h"

namespace tomoslab {

class AttachReactor final : public grpc::ServerWriteReactor<v1::PoolCommand>,
                            public PoolLink,
                            public std::enable_shared_from_this<AttachReactor> {
 public:
  static grpc::ServerWriteReactor<v1::PoolCommand>* Start(Executor& executor,
                                                          Dispatcher& dispatcher,
                                                          const v1::AttachRequest& request,
                                                          std::shared_ptr<Visit> visit);

  void Send(const v1::PoolCommand& command) override;
  void Break(const absl::Status& why) override;

  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  AttachReactor(Executor& executor, Dispatcher& dispatcher, const std::string& pool,
                std::shared_ptr<Visit> visit)
      : executor_(executor), dispatcher_(dispatcher), pool_(pool), visit_(std::move(visit)) {}
  /// The caller's token may attach under this name, and take up this lease.
  absl::Status CheckRequest(const v1::AttachRequest& request);
  void Attach(const v1::AttachRequest& request);
  void PostDispatch();
  void PostDetach();
  /// Writes the next command, or ends the stream. With mutex_ held.
  void Advance();

  Executor& executor_;
  Dispatcher& dispatcher_;
  const std::string pool_;
  const std::shared_ptr<Visit> visit_;
  std::shared_ptr<AttachReactor> self_;  // until OnDone

  // Recursive: gRPC may complete an operation within the call that starts it.
  std::recursive_mutex mutex_;
  std::deque<v1::PoolCommand> commands_;  // the first one is being written while writing_
  bool writing_ = false;
  bool finished_ = false;
  bool attached_ = false, done_ = false;
  std::optional<absl::Status> end_;
};

}  // namespace tomoslab
