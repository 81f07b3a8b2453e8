// What ranks deliver: slices, previews and checkpoints. First message: the lease; then chunks. No
// gRPC.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "server/dispatcher.h"
#include "server/receive_reactor.h"
#include "tomoslab/v1/pool.pb.h"

namespace tomoslab {

class SlicesReceiver final : public Receiver<v1::DeliverSlicesRequest> {
 public:
  explicit SlicesReceiver(Dispatcher& dispatcher) : dispatcher_(dispatcher) {}
  absl::Status Take(const v1::DeliverSlicesRequest& request) override;
  /// Syncs what is left and announces the slices that have become whole.
  absl::Status Finish() override;

 private:
  absl::Status Begin(const std::string& lease);
  absl::Status Write(const v1::VolumeChunk& chunk);
  absl::Status Commit();

  Dispatcher& dispatcher_;
  std::string lease_;
  std::shared_ptr<VolumeInProgress> volume_;
  LineRanges written_;  // and not yet synced
};

class PreviewsReceiver final : public Receiver<v1::DeliverPreviewsRequest> {
 public:
  PreviewsReceiver(Dispatcher& dispatcher, PreviewStore& previews)
      : dispatcher_(dispatcher), previews_(previews) {}
  absl::Status Take(const v1::DeliverPreviewsRequest& request) override;
  absl::Status Finish() override;

 private:
  Dispatcher& dispatcher_;
  PreviewStore& previews_;
  std::string lease_;
  std::optional<PreviewSession> session_;
};

class CheckpointReceiver final : public Receiver<v1::DeliverCheckpointRequest> {
 public:
  explicit CheckpointReceiver(Dispatcher& dispatcher) : dispatcher_(dispatcher) {}
  absl::Status Take(const v1::DeliverCheckpointRequest& request) override;
  /// Syncs; the checkpoint counts when this rank was the last.
  absl::Status Finish() override;

 private:
  absl::Status Begin(const v1::DeliverCheckpointRequest::Begin& begin);

  Dispatcher& dispatcher_;
  std::string lease_;
  int iteration_ = 0;
  std::shared_ptr<CheckpointSession> session_;
  bool wanted_ = false;  // false: the checkpoint counts already
};

}  // namespace tomoslab
