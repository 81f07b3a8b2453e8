// One client's upload stream: chunks in, acknowledgements out.
#pragma once

#include <grpcpp/grpcpp.h>

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "server/executor.h"
#include "server/gate.h"
#include "server/upload_session.h"

namespace tomoslab {

/// Reading and committing overlap: a commit starts as soon as there is something to commit and the
/// last one has ended, so groups grow by themselves while the disk is slow. Chunks wait when too
/// much is uncommitted.
class UploadReactor final
    : public grpc::ServerBidiReactor<v1::UploadProjectionsRequest, v1::UploadProjectionsResponse>,
      public std::enable_shared_from_this<UploadReactor> {
 public:
  using Stream =
      grpc::ServerBidiReactor<v1::UploadProjectionsRequest, v1::UploadProjectionsResponse>;

  /// `scan_completed` is called on the executor when the last line of the scan is on disk.
  static Stream* Start(Executor& executor, ScanStore& scans, grpc::CallbackServerContext* context,
                       std::shared_ptr<Visit> visit, std::function<void()> scan_completed);

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  UploadReactor(Executor& executor, ScanStore& scans, grpc::CallbackServerContext* context,
                std::shared_ptr<Visit> visit, std::function<void()> scan_completed)
      : executor_(executor),
        scans_(scans),
        context_(context),
        visit_(std::move(visit)),
        scan_completed_(std::move(scan_completed)) {}

  void Cut(const absl::Status& why);

  /// Starts what can be started; with mutex_ held.
  void Advance();
  void StartCommit();
  void StartAnswer();
  void TakeRequest();  // on the executor
  absl::Status Take(const v1::UploadProjectionsRequest& request);
  void Commit();  // on the executor
  void Note(const absl::Status& status);

  Executor& executor_;
  ScanStore& scans_;
  grpc::CallbackServerContext* const context_;
  const std::shared_ptr<Visit> visit_;
  const std::function<void()> scan_completed_;
  std::shared_ptr<UploadReactor> self_;  // until OnDone

  // Recursive: gRPC may complete an operation within the call that starts it.
  std::recursive_mutex mutex_;
  std::unique_ptr<UploadSession> session_;
  v1::UploadProjectionsRequest request_;    // being read or taken
  v1::UploadProjectionsResponse response_;  // being written
  std::vector<WrittenLines> to_acknowledge_;
  bool reading_ = false, committing_ = false, writing_ = false;
  bool input_ended_ = false, cancelled_ = false, finished_ = false;
  absl::Status status_;  // the first error
};

}  // namespace tomoslab
