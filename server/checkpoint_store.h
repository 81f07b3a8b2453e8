// The checkpoints of jobs that are not over: one file each, and a row that makes it count.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/line_ranges.h"
#include "proto/state_chunks.h"
#include "server/checkpoint_file.h"
#include "server/database.h"

namespace tomoslab {

inline constexpr int kCheckpointsKept = 2;  // per job

class CheckpointStore {
 public:
  /// Removes files that do not count, and checkpoints of jobs that are over.
  static absl::StatusOr<std::unique_ptr<CheckpointStore>> Open(Database& database,
                                                               const std::string& folder);

  /// Lays out the file of a named checkpoint of `job`. ResourceExhausted.
  absl::StatusOr<CheckpointFile> Create(const v1::Checkpoint& checkpoint);
  /// From now on it counts; what is older than the last kCheckpointsKept of its job goes. Its file
  /// must be synced.
  absl::Status Commit(const std::string& job, const v1::Checkpoint& checkpoint);
  /// Those that count, newest first.
  absl::StatusOr<std::vector<v1::Checkpoint>> List(const std::string& job);
  /// NotFound: it does not count, or is not this job's. DataLoss.
  absl::StatusOr<CheckpointFile> Open(const std::string& job, const std::string& name);
  /// It does not count any more, and its file goes. False: it did not count before, or is not this
  /// job's.
  absl::StatusOr<bool> Forget(const std::string& job, const std::string& name);
  absl::Status RemoveAll(const std::string& job);
  /// Of one that was never committed.
  void Discard(const v1::Checkpoint& checkpoint) const;

 private:
  CheckpointStore(Database& database, std::string folder)
      : database_(database), folder_(std::move(folder)) {}
  std::string PathOf(const std::string& name) const;
  absl::Status RemoveStrays();
  Database& database_;
  const std::string folder_;
};

/// The checkpoints of one lease: at most one is being written, by all ranks together. Thread-safe.
class CheckpointSession {
 public:
  /// shapes: what the job's state consists of. `store` outlives this.
  CheckpointSession(CheckpointStore* store, std::string job, int attempt, StateShapes shapes)
      : store_(store), job_(std::move(job)), attempt_(attempt), shapes_(shapes) {}
  ~CheckpointSession() { Close(); }

  /// A rank begins to deliver: true when its chunks are wanted, false when this checkpoint counts
  /// already. Another iteration than that under way gives that one up. InvalidArgument;
  /// ResourceExhausted; Aborted after Close.
  absl::StatusOr<bool> Begin(const v1::Checkpoint& checkpoint);
  /// `iteration`: of the Begin that it belongs to. Aborted: that checkpoint was given up.
  absl::Status Write(int iteration, const v1::StateChunk& chunk);
  /// A rank has delivered all it has. A report of the checkpoint when it counts by that.
  absl::StatusOr<std::optional<v1::CheckpointReport>> Finish(int iteration);
  /// No more writes; one under way is removed.
  void Close();

 private:
  struct InProgress {
    CheckpointFile file;
    std::vector<LineRanges> written;  // blocks of each part, plane by plane
    std::chrono::steady_clock::time_point begun;
  };
  using Lock = std::lock_guard<std::mutex>;
  absl::StatusOr<std::shared_ptr<InProgress>> Find(int iteration);
  static bool IsWhole(const InProgress& under_way);
  void GiveUp();  // with mutex_ held

  CheckpointStore* const store_;
  const std::string job_;
  const int attempt_;
  const StateShapes shapes_;
  std::mutex mutex_;
  bool open_ = true;
  int committed_iteration_ = -1;
  std::shared_ptr<InProgress> under_way_;
};

/// Streams planes of one part, a block at a time.
class CheckpointReader {
 public:
  /// OutOfRange: there are no such planes.
  static absl::StatusOr<CheckpointReader> Open(CheckpointStore& store, const std::string& job,
                                               const v1::FetchCheckpointRequest& request);
  absl::StatusOr<bool> Next(v1::StateChunk* chunk);

 private:
  CheckpointReader(CheckpointFile file, const v1::FetchCheckpointRequest& request)
      : file_(std::move(file)), request_(request), plane_(request.plane_begin()) {}
  CheckpointFile file_;
  v1::FetchCheckpointRequest request_;
  int plane_;
  std::int64_t block_ = 0;
};

}  // namespace tomoslab
