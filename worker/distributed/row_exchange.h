// Partial detector rows to their owners (Reduce), and owners' rows to every shadow that holds them
// (Expand): adjoints of each other. Non-blocking, a batch of views at a time. Palenstijn et al.,
// Adv. Struct. Chem. Imaging 2, 2016 (slab decomposition).
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "worker/distributed/communicator.h"
#include "worker/distributed/row_store.h"
#include "worker/operators/field.h"
#include "worker/plan/exchange_plan.h"

namespace tomoslab {

/// One batch under way. Two of them let batch k be projected while batch k − 1 travels. Fields,
/// shadow and rows are all in the memory of the store.
/// Memory: the shadow of the largest batch; the rows that travel, until the batch is finished (on
/// an accelerator, always).
class RowExchange {
 public:
  RowExchange(const ExchangePlan* plan, int columns, const Communicator* ranks,
              std::unique_ptr<RowStore> store)
      : plan_(plan), columns_(columns), ranks_(ranks), store_(std::move(store)) {}
  ~RowExchange() { Wait(); }
  RowExchange(RowExchange&&) = default;
  RowExchange& operator=(RowExchange&&) = default;

  /// Sends and receives the batch's partial rows. shadow(): this rank's partial sums
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
  /// Spent waiting for messages.
  double waited_s() const { return waited_s_; }

 private:
  struct Piece {  // rows [rows) of all views and columns of the batch, from or for another rank
    int rank;
    IndexRange rows;
    float* values;  // the store's piece of the same index
    bool outgoing;
  };
  std::int64_t Lines(const ViewBatch& batch) const { return batch.views.size() * columns_; }
  /// The first of this rank's own numbers of the batch.
  template <class FieldType>
  auto* Owned(FieldType& y) const {
    return y.address() + batch_->views.begin * columns_ * y.inner_size();
  }
  void Add(int rank, IndexRange rows, bool outgoing);
  void Pack(ConstRowLines from);
  void Post();
  void Receive();
  void Wait();

  const ExchangePlan* plan_;
  int columns_;
  const Communicator* ranks_;
  std::unique_ptr<RowStore> store_;
  const ViewBatch* batch_ = nullptr;
  bool reserved_ = false, posted_ = false;
  float* shadow_ = nullptr;
  std::vector<Piece> pieces_;
  std::vector<MPI_Request> requests_;
  std::int64_t sent_bytes_ = 0;
  double waited_s_ = 0;
};

}  // namespace tomoslab
