// A rank's part of a checkpoint on its way to the server and back.
#pragma once

#include <atomic>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "worker/app/pool_client.h"
#include "worker/app/state_archive.h"

namespace tomoslab {

/// The planes that this rank holds of every part: copies of them, or the fields themselves.
class StatePlanes {
 public:
  /// Copies all planes. Throws std::bad_alloc.
  static StatePlanes CopyOf(const StateTaker& state);
  /// Looks at the fields, which must not change meanwhile; keeps kPlanesAtATime planes.
  static StatePlanes ViewOf(const StateTaker& state);

  const v1::Checkpoint& description() const { return description_; }
  /// The planes of a part that are held here, by their global index.
  IndexRange Held(int part) const { return held_[part]; }
  /// The numbers of one of them; valid until the next call.
  const float* Plane(int part, std::int64_t plane);

 private:
  explicit StatePlanes(const StateTaker& state);
  v1::Checkpoint description_;
  std::vector<IndexRange> held_;
  std::vector<const Field*> fields_;              // of a view
  std::vector<std::unique_ptr<float[]>> planes_;  // of a copy
  std::vector<float> some_;                       // of a view: planes [some_range_) of some_part_
  int some_part_ = -1;
  IndexRange some_range_;
};

/// Delivers what this rank holds, and again when the connection breaks. Ends early when `abandon`
/// becomes true.
absl::Status DeliverState(PoolClient& client, const std::string& lease, StatePlanes& planes,
                          const std::atomic<bool>& abandon);

/// x ← the planes of a part that x holds; again from the start when the connection breaks.
absl::Status FetchPart(PoolClient& client, const std::string& lease, const v1::Checkpoint& kept,
                       int part, Field& x);

/// Delivers from a thread of its own, one state at a time.
class StateSender {
 public:
  /// `client` outlives this.
  StateSender(PoolClient* client, std::string lease) : client_(client), lease_(std::move(lease)) {}
  ~StateSender();  // abandons what is under way

  bool busy() const;
  /// Not while busy.
  void Start(StatePlanes planes);
  /// Waits for the end of the last delivery; its status, once: OK afterwards and when there was
  /// none.
  absl::Status Wait();

 private:
  PoolClient* client_;
  std::string lease_;
  std::atomic<bool> abandon_{false};
  std::future<absl::Status> under_way_;
};

}  // namespace tomoslab
