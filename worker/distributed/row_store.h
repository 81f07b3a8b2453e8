// Where a RowExchange keeps its rows: host memory, or an accelerator and what MPI can read of it.
#pragma once

#include <cstdint>
#include <memory>

#include "worker/core/accelerator.h"
#include "worker/geometry/volume.h"

namespace tomoslab {

/// Lines of rows: number r of line l stands at values[l · rows.size() + r − rows.begin].
struct RowLines {
  float* values;
  IndexRange rows;
};
struct ConstRowLines {
  const float* values;
  IndexRange rows;
};

/// A shadow, and numbered pieces that travel. On an accelerator everything is on Queue::kExchange,
/// so that what kCompute does goes on meanwhile.
class RowStore {
 public:
  virtual ~RowStore() = default;

  /// Waits, in the queue's order, for what was computed so far; End makes what is computed from now
  /// on wait for the rows.
  virtual void Begin() = 0;
  virtual void End() = 0;

  /// Room for the shadow; contents undefined when it grows.
  virtual float* Shadow(std::int64_t numbers) = 0;
  /// Before the first shadow: the largest there will be.
  virtual void ReserveShadow(std::int64_t numbers) = 0;
  /// Room for piece `index`, until Forget.
  virtual float* Piece(int index, std::int64_t numbers) = 0;
  virtual void Forget() = 0;

  /// The rows [part) of every line; part lies within both.
  virtual void Copy(ConstRowLines from, RowLines to, IndexRange part, std::int64_t lines) = 0;
  virtual void Add(ConstRowLines from, RowLines to, IndexRange part, std::int64_t lines) = 0;
  virtual void Clear(float* values, std::int64_t numbers) = 0;

  /// Whether rows are better sent when the next batch is being computed than at once, because
  /// Collect waits for the accelerator.
  virtual bool SendsLater() const = 0;
  /// A packed piece is going to be sent.
  virtual void Send(int index) = 0;
  /// Waits until all pieces that were given to Send can be read by MPI.
  virtual void Collect() = 0;
  /// What MPI reads and writes of a piece.
  virtual float* Message(int index) = 0;
  /// MPI has written the piece.
  virtual void Arrived(int index) = 0;
};

std::unique_ptr<RowStore> MakeHostRows();

/// kStaged: MPI sees pinned host memory. kDirect: MPI sees the accelerator's.
enum class Messages { kStaged, kDirect };
std::unique_ptr<RowStore> MakeDeviceRows(Accelerator* accelerator, Messages messages);

}  // namespace tomoslab
