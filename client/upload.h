// Sends a scan's lines to the server: in chunks with checksums, only those that are missing, again
// and again until all are acknowledged.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "client/retry.h"
#include "tomoslab/v1/scan.pb.h"
#include "worker/data/projection_reader.h"

namespace grpc {
class Channel;
}

namespace tomoslab {

struct UploadProgress {
  std::int64_t acknowledged_bytes = 0;  // on the server's disk
  std::int64_t total_bytes = 0;
  std::string trouble;  // why it is being tried again; empty when all goes well
};

struct UploadOptions {
  RetryPolicy retry;
  std::function<void(const UploadProgress&)>
      on_progress;  // from the calling thread or another one, never from two at once
};

/// Uploads what the server's copy of `scan` (by its name) lacks. Memory: a few chunks of 1 MiB,
/// whatever the scan's size. Broken connections and chunks damaged on the way are sent again; after
/// `give_up_after_seconds` without progress the last error is returned. Reading errors and refusals
/// end it at once. Nothing acknowledged is sent twice, so calling it again later goes on where it
/// stopped.
absl::Status UploadScan(const std::shared_ptr<grpc::Channel>& channel, const v1::Scan& scan,
                        ProjectionReader& reader, const UploadOptions& options);

}  // namespace tomoslab
