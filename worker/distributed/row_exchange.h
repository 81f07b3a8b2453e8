// Partial detector rows to their owners (Reduce), and owners' rows to every shadow that holds them
// (Expand): adjoints of each other. Non-blocking, a batch of views at a time. Palenstijn et al.,
// Adv. Struct. Chem. Imaging 2, 2016 (slab decomposition).
#pragma once

#include <cstdint>
#include <vector>

#include "worker/distributed/communicator.h"
#include "worker/operators/field.h"
#include "worker/plan/exchange_plan.h"

namespace tomoslab {

/// One batch under way. Two of them let batch k be projected while batch k − 1 travels.
/// Memory: the shadow of the largest batch; the rows that travel, until the batch is finished.
class RowExchange {
 public:
  RowExchange(const ExchangePlan* plan, int columns, const Communicator* ranks)
      : plan_(plan), columns_(columns), ranks_(ranks) {}
  ~RowExchange() { Wait(); }
  RowExchange(RowExchange&&) = default;

  /// Posts receives and sends of the batch's partial rows. shadow(): this rank's partial sums
  /// [view][column][shadow row].
  void StartReduce(const ViewBatch& batch);
  /// Waits, and writes the owned rows of y: the sum of all partial rows in the order of the ranks.
  void FinishReduce(Field& y);

  void StartExpand(const ViewBatch& batch, const Field& y);
  /// Waits; shadow() then holds complete rows.
  void FinishExpand(const Field& y);

  /// Room for the batch's shadow, [view][column][shadow row]; contents undefined.
  float* shadow(const ViewBatch& batch);
  /// Lets MPI move data while something else is computed.
  void Progress();

  std::int64_t sent_bytes() const { return sent_bytes_; }

 private:
  struct Piece {  // rows [rows) of all views and columns of the batch, from or for another rank
    int rank;
    IndexRange rows;
    std::vector<float> values;
  };
  std::int64_t Lines(const ViewBatch& batch) const { return batch.views.size() * columns_; }
  void Post(std::vector<Piece>& incoming, std::vector<Piece>& outgoing, const ViewBatch& batch);
  void Wait();
  void ForgetPieces();

  const ExchangePlan* plan_;
  int columns_;
  const Communicator* ranks_;
  const ViewBatch* batch_ = nullptr;
  std::vector<float> shadow_;
  std::vector<Piece> incoming_, outgoing_;
  std::vector<MPI_Request> requests_;
  std::int64_t sent_bytes_ = 0;
};

}  // namespace tomoslab
