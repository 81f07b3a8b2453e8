#include "worker/distributed/row_exchange.h"

#include <algorithm>

#include "worker/core/check.h"

namespace tomoslab {

float* RowExchange::shadow(const ViewBatch& batch) {
  const int me = ranks_->rank();
  if (!reserved_) {  // growing later would hold the old and the new for a moment
    std::int64_t most = 0;
    for (const ViewBatch& each : plan_->batches)
      most = std::max(most, Lines(each) * each.shadow[me].size());
    store_->ReserveShadow(most);
    reserved_ = true;
  }
  shadow_ = store_->Shadow(Lines(batch) * batch.shadow[me].size());
  return shadow_;
}

void RowExchange::Add(int rank, IndexRange rows, bool outgoing) {
  if (rows.empty()) return;
  const auto index = static_cast<int>(pieces_.size());
  pieces_.push_back({rank, rows, store_->Piece(index, Lines(*batch_) * rows.size()), outgoing});
}

void RowExchange::Pack(ConstRowLines from) {
  for (std::size_t k = 0; k < pieces_.size(); ++k) {
    if (!pieces_[k].outgoing) continue;
    store_->Copy(from, {pieces_[k].values, pieces_[k].rows}, pieces_[k].rows, Lines(*batch_));
    store_->Send(static_cast<int>(k));
  }
  posted_ = false;
  if (!store_->SendsLater()) Post();
}

void RowExchange::StartReduce(const ViewBatch& batch) {
  const int me = ranks_->rank();
  batch_ = &batch;
  store_->Begin();
  for (int other = 0; other < ranks_->size(); ++other) {
    if (other == me) continue;
    Add(other, plan_->Overlap(batch, other, me), /*outgoing=*/false);
    Add(other, plan_->Overlap(batch, me, other), /*outgoing=*/true);
  }
  Pack({shadow_, batch.shadow[me]});
}

void RowExchange::FinishReduce(Field& y) {
  Receive();
  const int me = ranks_->rank();
  const ViewBatch& batch = *batch_;
  const RowLines mine{Owned(y), plan_->owned[me]};
  store_->Clear(mine.values, Lines(batch) * mine.rows.size());
  auto piece = pieces_.begin();
  for (int rank = 0; rank < ranks_->size(); ++rank) {
    if (rank == me)
      store_->Add({shadow_, batch.shadow[me]}, mine, plan_->Overlap(batch, me, me), Lines(batch));
    for (; piece != pieces_.end() && piece->rank == rank; ++piece) {
      if (!piece->outgoing)
        store_->Add({piece->values, piece->rows}, mine, piece->rows, Lines(batch));
    }
  }
  pieces_.clear();
  store_->Forget();
  store_->End();
}

void RowExchange::StartExpand(const ViewBatch& batch, const Field& y) {
  const int me = ranks_->rank();
  batch_ = &batch;
  store_->Begin();
  for (int other = 0; other < ranks_->size(); ++other) {
    if (other == me) continue;
    Add(other, plan_->Overlap(batch, me, other), /*outgoing=*/false);
    Add(other, plan_->Overlap(batch, other, me), /*outgoing=*/true);
  }
  Pack({Owned(y), plan_->owned[me]});
}

void RowExchange::FinishExpand(const Field& y) {
  Receive();
  const int me = ranks_->rank();
  const ViewBatch& batch = *batch_;
  const RowLines all{shadow(batch), batch.shadow[me]};
  store_->Copy({Owned(y), plan_->owned[me]}, all, plan_->Overlap(batch, me, me), Lines(batch));
  for (const Piece& piece : pieces_) {
    if (!piece.outgoing) store_->Copy({piece.values, piece.rows}, all, piece.rows, Lines(batch));
  }
  pieces_.clear();
  store_->Forget();
  store_->End();
}

void RowExchange::Post() {
  TOMOSLAB_CHECK(requests_.empty());
  posted_ = true;
  if (pieces_.empty()) return;
  store_->Collect();
  const auto post = [&](std::size_t k) {
    const Piece& piece = pieces_[k];
    float* message = store_->Message(static_cast<int>(k));
    MPI_Datatype line;  // counts of it, so that no count passes 2³¹
    MPI_Type_contiguous(static_cast<int>(piece.rows.size()), MPI_FLOAT, &line);
    MPI_Type_commit(&line);
    requests_.push_back(MPI_REQUEST_NULL);
    const int count = static_cast<int>(Lines(*batch_)), tag = 1;
    if (piece.outgoing) {
      MPI_Isend(message, count, line, piece.rank, tag, ranks_->comm(), &requests_.back());
      sent_bytes_ += BytesOf<float>(Lines(*batch_) * piece.rows.size());
    } else {
      MPI_Irecv(message, count, line, piece.rank, tag, ranks_->comm(), &requests_.back());
    }
    MPI_Type_free(&line);
  };
  for (const bool outgoing : {false, true}) {
    for (std::size_t k = 0; k < pieces_.size(); ++k) {
      if (pieces_[k].outgoing == outgoing) post(k);
    }
  }
}

void RowExchange::Progress() {
  if (requests_.empty()) return;
  int done = 0;
  MPI_Testall(static_cast<int>(requests_.size()), requests_.data(), &done, MPI_STATUSES_IGNORE);
}

void RowExchange::Receive() {
  if (!posted_) Post();
  Wait();
  for (std::size_t k = 0; k < pieces_.size(); ++k) {
    if (!pieces_[k].outgoing) store_->Arrived(static_cast<int>(k));
  }
}

void RowExchange::Wait() {
  if (requests_.empty()) return;
  const double start = MPI_Wtime();
  MPI_Waitall(static_cast<int>(requests_.size()), requests_.data(), MPI_STATUSES_IGNORE);
  waited_s_ += MPI_Wtime() - start;
  requests_.clear();
}

}  // namespace tomoslab
