#include "worker/distributed/row_exchange.h"

#include <algorithm>

#include "worker/core/check.h"
#include "worker/core/parallel.h"

namespace tomoslab {
namespace {

/// Lines of rows: number r of line l stands at values[l · rows.size() + r − rows.begin].
struct RowLines {
  float* values;
  IndexRange rows;
};
struct ConstRowLines {
  const float* values;
  IndexRange rows;
};

/// body(from, to, count) for the rows [part) of every line; part lies within both.
template <class Body>
void ForLines(ConstRowLines from, RowLines to, IndexRange part, std::int64_t lines, Body&& body) {
  if (part.empty()) return;
  ParallelFor(0, (lines + 255) / 256, [&](std::int64_t block) {
    for (std::int64_t line = block * 256; line < std::min(lines, block * 256 + 256); ++line) {
      body(from.values + line * from.rows.size() + part.begin - from.rows.begin,
           to.values + line * to.rows.size() + part.begin - to.rows.begin, part.size());
    }
  });
}

void CopyRows(ConstRowLines from, RowLines to, IndexRange part, std::int64_t lines) {
  ForLines(from, to, part, lines,
           [](const float* a, float* b, std::int64_t n) { std::copy_n(a, n, b); });
}

void AddRows(ConstRowLines from, RowLines to, IndexRange part, std::int64_t lines) {
  ForLines(from, to, part, lines, [](const float* a, float* b, std::int64_t n) {
    for (std::int64_t i = 0; i < n; ++i) b[i] += a[i];
  });
}

}  // namespace

float* RowExchange::shadow(const ViewBatch& batch) {
  const int me = ranks_->rank();
  if (shadow_.empty()) {  // growing later would hold the old and the new for a moment
    std::int64_t most = 0;
    for (const ViewBatch& each : plan_->batches)
      most = std::max(most, Lines(each) * each.shadow[me].size());
    shadow_.reserve(most);
  }
  shadow_.resize(Lines(batch) * batch.shadow[me].size());
  return shadow_.data();
}

void RowExchange::StartReduce(const ViewBatch& batch) {
  const int me = ranks_->rank();
  batch_ = &batch;
  for (int other = 0; other < ranks_->size(); ++other) {
    if (other == me) continue;
    if (const IndexRange rows = plan_->Overlap(batch, other, me); !rows.empty()) {
      incoming_.push_back({other, rows, std::vector<float>(Lines(batch) * rows.size())});
    }
    if (const IndexRange rows = plan_->Overlap(batch, me, other); !rows.empty()) {
      Piece piece{other, rows, std::vector<float>(Lines(batch) * rows.size())};
      CopyRows({shadow_.data(), batch.shadow[me]}, {piece.values.data(), rows}, rows, Lines(batch));
      outgoing_.push_back(std::move(piece));
    }
  }
  Post(incoming_, outgoing_, batch);
}

void RowExchange::FinishReduce(Field& y) {
  Wait();
  const int me = ranks_->rank();
  const IndexRange owned = plan_->owned[me];
  const ViewBatch& batch = *batch_;
  const RowLines mine{y.line(batch.views.begin * columns_), owned};
  std::fill_n(mine.values, Lines(batch) * owned.size(), 0.0f);
  auto piece = incoming_.begin();
  for (int rank = 0; rank < ranks_->size(); ++rank) {
    if (rank == me) {
      AddRows({shadow_.data(), batch.shadow[me]}, mine, plan_->Overlap(batch, me, me),
              Lines(batch));
    } else if (piece != incoming_.end() && piece->rank == rank) {
      AddRows({piece->values.data(), piece->rows}, mine, piece->rows, Lines(batch));
      ++piece;
    }
  }
  ForgetPieces();
}

void RowExchange::StartExpand(const ViewBatch& batch, const Field& y) {
  const int me = ranks_->rank();
  batch_ = &batch;
  const ConstRowLines mine{y.line(batch.views.begin * columns_), plan_->owned[me]};
  for (int other = 0; other < ranks_->size(); ++other) {
    if (other == me) continue;
    if (const IndexRange rows = plan_->Overlap(batch, me, other); !rows.empty()) {
      incoming_.push_back({other, rows, std::vector<float>(Lines(batch) * rows.size())});
    }
    if (const IndexRange rows = plan_->Overlap(batch, other, me); !rows.empty()) {
      Piece piece{other, rows, std::vector<float>(Lines(batch) * rows.size())};
      CopyRows(mine, {piece.values.data(), rows}, rows, Lines(batch));
      outgoing_.push_back(std::move(piece));
    }
  }
  Post(incoming_, outgoing_, batch);
}

void RowExchange::FinishExpand(const Field& y) {
  Wait();
  const int me = ranks_->rank();
  const ViewBatch& batch = *batch_;
  const RowLines all{shadow(batch), batch.shadow[me]};
  CopyRows({y.line(batch.views.begin * columns_), plan_->owned[me]}, all,
           plan_->Overlap(batch, me, me), Lines(batch));
  for (const Piece& piece : incoming_)
    CopyRows({piece.values.data(), piece.rows}, all, piece.rows, Lines(batch));
  ForgetPieces();
}

void RowExchange::Post(std::vector<Piece>& incoming, std::vector<Piece>& outgoing,
                       const ViewBatch& batch) {
  TOMOSLAB_CHECK(requests_.empty());
  // Counts of one datatype per line, so that no count passes 2³¹.
  const auto post = [&](Piece& piece, bool send) {
    MPI_Datatype line;
    MPI_Type_contiguous(static_cast<int>(piece.rows.size()), MPI_FLOAT, &line);
    MPI_Type_commit(&line);
    requests_.push_back(MPI_REQUEST_NULL);
    const int count = static_cast<int>(Lines(batch)), tag = 1;
    if (send) {
      MPI_Isend(piece.values.data(), count, line, piece.rank, tag, ranks_->comm(),
                &requests_.back());
      sent_bytes_ += static_cast<std::int64_t>(piece.values.size() * sizeof(float));
    } else {
      MPI_Irecv(piece.values.data(), count, line, piece.rank, tag, ranks_->comm(),
                &requests_.back());
    }
    MPI_Type_free(&line);
  };
  for (Piece& piece : incoming) post(piece, false);
  for (Piece& piece : outgoing) post(piece, true);
}

void RowExchange::Progress() {
  if (requests_.empty()) return;
  int done = 0;
  MPI_Testall(static_cast<int>(requests_.size()), requests_.data(), &done, MPI_STATUSES_IGNORE);
}

void RowExchange::ForgetPieces() {
  incoming_.clear();
  outgoing_.clear();
}

void RowExchange::Wait() {
  if (!requests_.empty()) {
    MPI_Waitall(static_cast<int>(requests_.size()), requests_.data(), MPI_STATUSES_IGNORE);
  }
  requests_.clear();
}

}  // namespace tomoslab
