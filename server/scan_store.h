// Scans: their rows in the database and their files.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/line_ranges.h"
#include "server/caller.h"
#include "server/database.h"
#include "server/scan_file.h"
#include "server/scan_rows.h"
#include "tomoslab/v1/reconstruction.pb.h"

namespace tomoslab {

/// A scan in use: its file, and which of its lines are on disk. Thread-safe.
class OpenScan {
 public:
  OpenScan(std::int64_t id, ScanFile file) : file_(std::move(file)), id_(id) {}

  std::int64_t id() const { return id_; }
  const ScanFile& file() const { return file_; }
  bool Has(v1::FrameKind kind, IndexRange lines) const;

 private:
  friend class ScanStore;
  const ScanFile file_;
  const std::int64_t id_;
  mutable std::mutex mutex_;
  std::map<v1::FrameKind, LineRanges> received_;
};

/// What became of a chunk of an upload.
struct IngestReport {
  enum Result { kAccepted, kDuplicate, kRefused };
  Result result = kAccepted;
  std::int64_t bytes = 0;
  double frames = 0;  // of the chunk's lines
};
using NoteIngest = std::function<void(const IngestReport&)>;

class ScanStore {
 public:
  /// Keeps files in `folder`; cleans up what an interrupted creation or deletion left.
  static absl::StatusOr<std::unique_ptr<ScanStore>> Open(Database& database,
                                                         const std::string& folder);

  /// ResourceExhausted: no room on the disk or in the owner's quota, with the figures.
  absl::StatusOr<v1::Scan> Create(const v1::CreateScanRequest& request,
                                  const NewOwnership& ownership = {});
  absl::StatusOr<v1::Scan> Get(const std::string& name);
  absl::StatusOr<bool> IsComplete(const std::string& name);
  /// What the caller may see.
  absl::StatusOr<v1::ListScansResponse> List(const v1::ListScansRequest& request,
                                             const Caller& caller = {});
  absl::Status Delete(const std::string& name);

  /// The scan's file, shared by all who use it at the same time.
  absl::StatusOr<std::shared_ptr<OpenScan>> Use(const std::string& name);
  /// Whom uploads tell about every chunk; before any other call.
  void ObserveIngest(NoteIngest note) { note_ingest_ = std::move(note); }
  void Note(const IngestReport& report) const {
    if (note_ingest_) note_ingest_(report);
  }

  /// Somebody uses it now.
  bool IsOpen(const std::string& name);
  /// Makes written lines durable: syncs the file, then commits their rows. True: the scan has
  /// become complete now.
  absl::StatusOr<bool> Commit(OpenScan& scan, const std::vector<WrittenLines>& written);

  /// "" for a complete scan, else what is missing: "37 of 181 views and 2 of 10 darks of scans/4".
  absl::StatusOr<std::string> Missing(const std::string& name);

 private:
  ScanStore(Database& database, std::string folder)
      : database_(database), folder_(std::move(folder)) {}
  std::string PathOf(std::int64_t id) const;
  absl::Status CleanUp();
  absl::StatusOr<v1::Scan> FindRequest(Transaction& transaction,
                                       const v1::CreateScanRequest& request,
                                       const std::string& owner);
  absl::StatusOr<std::int64_t> InsertRow(const v1::CreateScanRequest& request,
                                         const NewOwnership& ownership, v1::Scan* scan);
  absl::StatusOr<bool> CommitRows(const OpenScan& scan, const std::vector<WrittenLines>& written);
  absl::Status RemoveScan(std::int64_t id);
  absl::Status MakeUsable(std::int64_t id);
  /// Removes what was created in part; when the disk does not let it, before the next creation.
  void GiveUp(std::int64_t id);
  void RemoveGivenUp();

  Database& database_;
  const std::string folder_;
  NoteIngest note_ingest_;
  std::mutex mutex_;
  std::map<std::int64_t, std::weak_ptr<OpenScan>> open_;
  std::vector<std::int64_t> given_up_;
};

}  // namespace tomoslab
