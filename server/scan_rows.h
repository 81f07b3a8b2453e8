// Scans' rows in the database, within a transaction.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/line_ranges.h"
#include "server/database.h"
#include "tomoslab/v1/reconstruction.pb.h"

namespace tomoslab {

/// Only usable scans are seen.
enum ScanReady { kBeingCreated = 0, kUsable = 1, kBeingDeleted = 2 };

/// Lines of one kind that were written and are not yet acknowledged.
struct WrittenLines {
  v1::FrameKind kind;
  IndexRange lines;
};

/// NotFound.
absl::Status UnknownScan(const std::string& name);

/// A scan without its received lines. Row: id, summary, geometry (or NULL), complete. DataLoss: the
/// row is damaged.
absl::StatusOr<v1::Scan> ScanFromRow(const Statement& row);
absl::Status AddReceived(Transaction& transaction, std::int64_t id, v1::Scan* scan);
/// Whole. NotFound, DataLoss.
absl::StatusOr<v1::Scan> LoadScan(Transaction& transaction, std::int64_t id);

/// NotFound: it is being created or deleted, or there is none.
absl::Status CheckUsable(Transaction& transaction, std::int64_t id);
/// FailedPrecondition names the job that still needs the scan.
absl::Status CheckUnused(Transaction& transaction, std::int64_t id);
absl::Status SetReady(Transaction& transaction, std::int64_t id, ScanReady ready);

/// Adds written lines to what a scan of `all_lines` has received. True: it has become complete now.
/// NotFound; ResourceExhausted: in too many pieces.
absl::StatusOr<bool> EnterReceived(Transaction& transaction, std::int64_t id,
                                   std::int64_t all_lines,
                                   const std::vector<WrittenLines>& written);

}  // namespace tomoslab
