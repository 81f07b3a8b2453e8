#include "server/scan_rows.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "proto/values.h"
#include "server/resource_name.h"
#include "server/stored_check.h"
#include "worker/core/status.h"

namespace tomoslab {
namespace {

/// What is received is in the scan's message, too: so many pieces it may be in.
constexpr std::int64_t kMostPieces = 100'000;

/// Merges a range with the rows it overlaps or touches, as LineRanges::Add does.
absl::Status MergeReceived(Transaction& transaction, std::int64_t scan, const WrittenLines& lines) {
  IndexRange merged = lines.lines;
  constexpr const char* kTouching = " scan = ? AND kind = ? AND begin <= ? AND end >= ?";
  {
    Statement touching = transaction.Prepare(
        absl::StrCat("SELECT MIN(begin), MAX(end) FROM received WHERE", kTouching).c_str());
    touching.Bind(scan).Bind(lines.kind).Bind(merged.end).Bind(merged.begin);
    TOMOSLAB_RETURN_IF_ERROR(touching.Step().status());
    if (!touching.IsNull(0)) {
      merged = {std::min(merged.begin, touching.Int(0)), std::max(merged.end, touching.Int(1))};
    }
  }
  TOMOSLAB_RETURN_IF_ERROR(
      transaction.Prepare(absl::StrCat("DELETE FROM received WHERE", kTouching).c_str())
          .Bind(scan)
          .Bind(lines.kind)
          .Bind(lines.lines.end)
          .Bind(lines.lines.begin)
          .Run());
  return transaction.Prepare("INSERT INTO received (scan, kind, begin, end) VALUES (?, ?, ?, ?)")
      .Bind(scan)
      .Bind(lines.kind)
      .Bind(merged.begin)
      .Bind(merged.end)
      .Run();
}

absl::StatusOr<std::int64_t> CountReceived(Transaction& transaction, std::int64_t id) {
  Statement sum =
      transaction.Prepare("SELECT SUM(end - begin), COUNT(*) FROM received WHERE scan = ?");
  TOMOSLAB_RETURN_IF_ERROR(sum.Bind(id).Step().status());
  if (sum.Int(1) <= kMostPieces) return sum.Int(0);
  return absl::ResourceExhaustedError(absl::StrFormat(
      "what %s has received would be in %d pieces, more than %d; send its lines in order, so that "
      "pieces grow together",
      ScanName(id), sum.Int(1), kMostPieces));
}

}  // namespace

absl::Status UnknownScan(const std::string& name) {
  return absl::NotFoundError(absl::StrFormat("there is no %s", name));
}

absl::StatusOr<v1::Scan> ScanFromRow(const Statement& row) {
  v1::Scan scan;
  const bool whole = !row.IsNull(2);
  if (!scan.ParseFromString(row.Bytes(1)) ||
      (whole && !scan.mutable_geometry()->ParseFromString(row.Bytes(2))) ||
      (whole && !IsPossible(scan))) {
    return absl::DataLossError(
        absl::StrFormat("the database's entry of %s is damaged", ScanName(row.Int(0))));
  }
  scan.set_name(ScanName(row.Int(0)));
  scan.set_complete(row.Int(3) != 0);
  return scan;
}

absl::Status AddReceived(Transaction& transaction, std::int64_t id, v1::Scan* scan) {
  Statement rows = transaction.Prepare(
      "SELECT kind, begin, end FROM received WHERE scan = ? ORDER BY kind, begin");
  rows.Bind(id);
  while (true) {
    TOMOSLAB_ASSIGN_OR_RETURN(const bool more, rows.Step());
    if (!more) return absl::OkStatus();
    v1::ReceivedLines* lines = scan->add_received();
    lines->set_kind(static_cast<v1::FrameKind>(rows.Int(0)));
    lines->set_begin(rows.Int(1));
    lines->set_end(rows.Int(2));
  }
}

absl::StatusOr<v1::Scan> LoadScan(Transaction& transaction, std::int64_t id) {
  v1::Scan scan;
  {
    Statement row = transaction.Prepare(
        "SELECT id, summary, geometry, complete FROM scans WHERE id = ? AND ready = 1");
    TOMOSLAB_ASSIGN_OR_RETURN(const bool found, row.Bind(id).Step());
    if (!found) return UnknownScan(ScanName(id));
    TOMOSLAB_ASSIGN_OR_RETURN(scan, ScanFromRow(row));
  }
  TOMOSLAB_RETURN_IF_ERROR(AddReceived(transaction, id, &scan));
  return scan;
}

absl::Status CheckUsable(Transaction& transaction, std::int64_t id) {
  Statement row = transaction.Prepare("SELECT 1 FROM scans WHERE id = ? AND ready = 1");
  TOMOSLAB_ASSIGN_OR_RETURN(const bool found, row.Bind(id).Step());
  return found ? absl::OkStatus() : UnknownScan(ScanName(id));
}

absl::Status SetReady(Transaction& transaction, std::int64_t id, ScanReady ready) {
  return transaction.Prepare("UPDATE scans SET ready = ? WHERE id = ?").Bind(ready).Bind(id).Run();
}

absl::Status CheckUnused(Transaction& transaction, std::int64_t id) {
  Statement user = transaction.Prepare("SELECT id FROM jobs WHERE scan = ? AND state < ?");
  TOMOSLAB_ASSIGN_OR_RETURN(const bool used, user.Bind(id).Bind(v1::SUCCEEDED).Step());
  if (!used) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrFormat("%s is used by %s, which is not over; cancel that job first", ScanName(id),
                      JobName(user.Int(0))));
}

absl::StatusOr<bool> EnterReceived(Transaction& transaction, std::int64_t id,
                                   std::int64_t all_lines,
                                   const std::vector<WrittenLines>& written) {
  TOMOSLAB_RETURN_IF_ERROR(CheckUsable(transaction, id));
  for (const WrittenLines& lines : written) {
    TOMOSLAB_RETURN_IF_ERROR(MergeReceived(transaction, id, lines));
  }
  TOMOSLAB_ASSIGN_OR_RETURN(const std::int64_t received, CountReceived(transaction, id));
  if (received != all_lines) return false;
  TOMOSLAB_RETURN_IF_ERROR(
      transaction.Prepare("UPDATE scans SET complete = 1 WHERE id = ? AND complete = 0")
          .Bind(id)
          .Run());
  return transaction.ChangedRows() == 1;
}

}  // namespace tomoslab
