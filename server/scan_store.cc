#include "server/scan_store.h"

#include <google/protobuf/util/message_differencer.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "proto/timestamp.h"
#include "proto/values.h"
#include "server/listing.h"
#include "server/ownership.h"
#include "server/resource_name.h"
#include "worker/core/status.h"

namespace tomoslab {
namespace {

using google::protobuf::util::MessageDifferencer;

/// A scan's description travels in one message, to clients and in leases.
constexpr std::size_t kLargestScanMessage = 3 << 20;

absl::Status CheckSize(const v1::Scan& scan) {
  if (scan.ByteSizeLong() <= kLargestScanMessage) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrFormat(
      "the description of the scan has %d bytes, more than the %d that fit into a message; split "
      "its views into several scans, or shorten its provenance",
      scan.ByteSizeLong(), kLargestScanMessage));
}

void ClearServerFields(v1::Scan* scan) {
  scan->clear_name();
  scan->clear_create_time();
  scan->clear_received();
  scan->clear_complete();
  scan->clear_owner();
  scan->clear_keep();
}

std::int64_t BytesOf(const v1::Scan& scan) {
  std::int64_t lines = 0;
  for (const v1::FrameKind kind : kFrameKinds) lines += LineCount(scan, kind);
  return lines * BytesPerLine(scan);
}

}  // namespace

bool OpenScan::Has(v1::FrameKind kind, IndexRange lines) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto it = received_.find(kind);
  return lines.empty() || (it != received_.end() && it->second.Contains(lines));
}

absl::StatusOr<std::unique_ptr<ScanStore>> ScanStore::Open(Database& database,
                                                           const std::string& folder) {
  TOMOSLAB_RETURN_IF_ERROR(MakeFolder(folder));
  std::unique_ptr<ScanStore> store(new ScanStore(database, folder));
  TOMOSLAB_RETURN_IF_ERROR(store->CleanUp());
  return store;
}

std::string ScanStore::PathOf(std::int64_t id) const {
  return absl::StrFormat("%s/%d.h5", folder_, id);
}

absl::Status ScanStore::CleanUp() {
  std::vector<std::int64_t> ids;
  {
    Transaction transaction(database_);
    Statement rows = transaction.Prepare("SELECT id FROM scans WHERE ready <> 1");
    while (true) {
      TOMOSLAB_ASSIGN_OR_RETURN(const bool more, rows.Step());
      if (!more) break;
      ids.push_back(rows.Int(0));
    }
  }
  for (const std::int64_t id : ids) TOMOSLAB_RETURN_IF_ERROR(RemoveScan(id));
  return absl::OkStatus();
}

absl::Status ScanStore::RemoveScan(std::int64_t id) {
  TOMOSLAB_RETURN_IF_ERROR(RemoveFile(PathOf(id)));
  TOMOSLAB_RETURN_IF_ERROR(RemoveFile(PathOf(id) + ".partial"));
  Transaction transaction(database_);
  TOMOSLAB_RETURN_IF_ERROR(transaction.Prepare("DELETE FROM scans WHERE id = ?").Bind(id).Run());
  return transaction.Commit();
}

absl::StatusOr<v1::Scan> ScanStore::FindRequest(Transaction& transaction,
                                                const v1::CreateScanRequest& request,
                                                const std::string& owner) {
  std::int64_t id = 0;
  {
    Statement row = transaction.Prepare("SELECT id, ready FROM scans WHERE request_id = ?");
    TOMOSLAB_ASSIGN_OR_RETURN(const bool found,
                              row.Bind(OwnRequestId(owner, request.request_id())).Step());
    if (!found) return UnknownScan("such request");
    if (row.Int(1) != kUsable) {
      return absl::UnavailableError(
          "the scan of this request_id is being created or deleted; try again");
    }
    id = row.Int(0);
  }
  TOMOSLAB_ASSIGN_OR_RETURN(v1::Scan scan, LoadScan(transaction, id));
  v1::Scan stored = scan, wanted = request.scan();
  ClearServerFields(&stored);
  ClearServerFields(&wanted);
  // They may have been changed since, and none stands for all of the owner's.
  stored.clear_group(), wanted.clear_group();
  if (MessageDifferencer::Equals(stored, wanted)) return scan;
  return absl::AlreadyExistsError(
      absl::StrFormat("request_id \"%s\" has already made %s, which differs from this request; use "
                      "a new request_id",
                      request.request_id(), scan.name()));
}

absl::StatusOr<std::int64_t> ScanStore::InsertRow(const v1::CreateScanRequest& request,
                                                  const NewOwnership& ownership, v1::Scan* scan) {
  const auto& [owner, groups] = ownership.ownership;
  Transaction transaction(database_);
  if (!request.request_id().empty()) {
    absl::StatusOr<v1::Scan> found = FindRequest(transaction, request, owner);
    if (found.ok()) {
      *scan = *std::move(found);
      return 0;
    }
    if (!absl::IsNotFound(found.status())) return found.status();
  }
  *scan = request.scan();
  ClearServerFields(scan);
  *scan->mutable_create_time() = TimestampNow();
  scan->set_owner(owner);
  scan->mutable_group()->Assign(groups.begin(), groups.end());
  v1::Scan summary = *scan;
  ClearLongFields(&summary);
  {
    Statement insert = transaction.Prepare(
        "INSERT INTO scans (ready, summary, geometry, request_id) VALUES (0, ?, ?, ?)");
    insert.BindBlob(summary.SerializeAsString()).BindBlob(scan->geometry().SerializeAsString());
    if (request.request_id().empty()) {
      insert.BindNull();
    } else {
      insert.Bind(OwnRequestId(owner, request.request_id()));
    }
    TOMOSLAB_RETURN_IF_ERROR(insert.Run());
  }
  const std::int64_t id = transaction.LastInsertedId();
  TOMOSLAB_RETURN_IF_ERROR(
      EnterOwner(transaction, {Collection::kScans, id}, ownership, BytesOf(*scan)));
  TOMOSLAB_RETURN_IF_ERROR(transaction.Commit());
  scan->set_name(ScanName(id));
  return id;
}

absl::Status ScanStore::MakeUsable(std::int64_t id) {
  Transaction transaction(database_);
  TOMOSLAB_RETURN_IF_ERROR(SetReady(transaction, id, kUsable));
  return transaction.Commit();
}

void ScanStore::GiveUp(std::int64_t id) {
  if (RemoveScan(id).ok()) return;
  const std::lock_guard<std::mutex> lock(mutex_);
  given_up_.push_back(id);
}

void ScanStore::RemoveGivenUp() {
  std::vector<std::int64_t> ids;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    ids.swap(given_up_);
  }
  for (const std::int64_t id : ids) GiveUp(id);
}

absl::StatusOr<v1::Scan> ScanStore::Create(const v1::CreateScanRequest& request,
                                           const NewOwnership& ownership) {
  TOMOSLAB_RETURN_IF_ERROR(CheckRequestId(request.request_id()));
  TOMOSLAB_RETURN_IF_ERROR(CheckSize(request.scan()));
  TOMOSLAB_RETURN_IF_ERROR(ValidateScan(request.scan()));
  RemoveGivenUp();  // or the same request would find what is left of it
  v1::Scan scan;
  TOMOSLAB_ASSIGN_OR_RETURN(const std::int64_t id, InsertRow(request, ownership, &scan));
  if (id == 0) return scan;  // the same request again
  const absl::Status laid_out = ScanFile::Create(PathOf(id), scan);
  const absl::Status created = laid_out.ok() ? MakeUsable(id) : laid_out;
  if (!created.ok()) {
    GiveUp(id);
    return created;
  }
  const v1::Detector& detector = scan.geometry().detector();
  spdlog::info("{}: created, {} views of {} x {} pixels", scan.name(), scan.view_count(),
               detector.columns(), detector.rows());
  return scan;
}

absl::StatusOr<v1::Scan> ScanStore::Get(const std::string& name) {
  TOMOSLAB_ASSIGN_OR_RETURN(const std::int64_t id, ScanId(name));
  Transaction transaction(database_);
  return LoadScan(transaction, id);
}

absl::StatusOr<v1::ListScansResponse> ScanStore::List(const v1::ListScansRequest& request,
                                                      const Caller& caller) {
  TOMOSLAB_ASSIGN_OR_RETURN(const Page page, ToPage(request.page_size(), request.page_token()));
  v1::ListScansResponse response;
  std::size_t bytes = 0;
  Transaction transaction(database_, Durability::kSoon);
  TOMOSLAB_ASSIGN_OR_RETURN(const std::vector<std::int64_t> ids,
                            VisibleScans(transaction, caller, {page.below, page.size + 1}));
  Statement rows = transaction.Prepare(
      "SELECT id, summary, NULL, complete FROM scans WHERE id IN (SELECT value FROM json_each(?)) "
      "ORDER BY id DESC");
  rows.Bind(JsonOf(ids));
  std::int64_t last = 0;
  bool whole = std::ssize(ids) <= page.size;
  while (true) {
    TOMOSLAB_ASSIGN_OR_RETURN(const bool more, rows.Step());
    if (!more) break;
    if (response.scan_size() == page.size || bytes > kPageBytes) {
      whole = false;
      break;
    }
    last = rows.Int(0);
    absl::StatusOr<v1::Scan> read = ScanFromRow(rows);
    if (!read.ok()) {  // it hides nothing else
      spdlog::error("{}", std::string(read.status().message()));
      continue;
    }
    v1::Scan* scan = response.add_scan();
    *scan = *std::move(read);
    TOMOSLAB_RETURN_IF_ERROR(AddReceived(transaction, rows.Int(0), scan));
    bytes += scan->ByteSizeLong();
  }
  if (!whole) response.set_next_page_token(PageToken(last));
  return response;
}

absl::Status ScanStore::Delete(const std::string& name) {
  TOMOSLAB_ASSIGN_OR_RETURN(const std::int64_t id, ScanId(name));
  {
    Transaction transaction(database_);
    TOMOSLAB_RETURN_IF_ERROR(CheckUsable(transaction, id));
    TOMOSLAB_RETURN_IF_ERROR(CheckUnused(transaction, id));
    TOMOSLAB_RETURN_IF_ERROR(SetReady(transaction, id, kBeingDeleted));
    TOMOSLAB_RETURN_IF_ERROR(transaction.Commit());
  }
  return RemoveScan(id);
}

absl::StatusOr<std::shared_ptr<OpenScan>> ScanStore::Use(const std::string& name) {
  TOMOSLAB_ASSIGN_OR_RETURN(const std::int64_t id, ScanId(name));
  const std::lock_guard<std::mutex> lock(mutex_);
  TOMOSLAB_ASSIGN_OR_RETURN(const v1::Scan scan, Get(name));
  std::erase_if(open_, [](const auto& entry) { return entry.second.expired(); });
  if (const auto it = open_.find(id); it != open_.end()) {
    std::shared_ptr<OpenScan> open = it->second.lock();
    if (open != nullptr && !open->file().failed()) return open;
  }
  TOMOSLAB_ASSIGN_OR_RETURN(ScanFile file, ScanFile::Open(PathOf(id), scan));
  auto open = std::make_shared<OpenScan>(id, std::move(file));
  for (const v1::ReceivedLines& lines : scan.received()) {
    open->received_[lines.kind()].Add({lines.begin(), lines.end()});
  }
  open_[id] = open;
  return open;
}

bool ScanStore::IsOpen(const std::string& name) {
  const absl::StatusOr<std::int64_t> id = ScanId(name);
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto it = id.ok() ? open_.find(*id) : open_.end();
  return it != open_.end() && !it->second.expired();
}

absl::StatusOr<bool> ScanStore::CommitRows(const OpenScan& scan,
                                           const std::vector<WrittenLines>& written) {
  std::int64_t all_lines = 0;
  for (const v1::FrameKind kind : kFrameKinds) all_lines += scan.file_.LineCount(kind);
  Transaction transaction(database_);
  TOMOSLAB_ASSIGN_OR_RETURN(const bool completed,
                            EnterReceived(transaction, scan.id_, all_lines, written));
  TOMOSLAB_RETURN_IF_ERROR(transaction.Commit());
  return completed;
}

absl::StatusOr<bool> ScanStore::Commit(OpenScan& scan, const std::vector<WrittenLines>& written) {
  if (written.empty()) return false;
  TOMOSLAB_RETURN_IF_ERROR(scan.file_.Sync());
  TOMOSLAB_ASSIGN_OR_RETURN(const bool completed, CommitRows(scan, written));
  const std::lock_guard<std::mutex> lock(scan.mutex_);
  for (const WrittenLines& lines : written) scan.received_[lines.kind].Add(lines.lines);
  if (completed) spdlog::info("{}: complete", ScanName(scan.id_));
  return completed;
}

absl::StatusOr<bool> ScanStore::IsComplete(const std::string& name) {
  TOMOSLAB_ASSIGN_OR_RETURN(const std::int64_t id, ScanId(name));
  Transaction transaction(database_, Durability::kSoon);
  Statement row = transaction.Prepare("SELECT complete FROM scans WHERE id = ? AND ready = 1");
  TOMOSLAB_ASSIGN_OR_RETURN(const bool found, row.Bind(id).Step());
  if (!found) return UnknownScan(name);
  return row.Int(0) != 0;
}

absl::StatusOr<std::string> ScanStore::Missing(const std::string& name) {
  TOMOSLAB_ASSIGN_OR_RETURN(const bool complete, IsComplete(name));
  if (complete) return std::string();
  TOMOSLAB_ASSIGN_OR_RETURN(const v1::Scan scan, Get(name));
  std::map<v1::FrameKind, LineRanges> received;
  for (const v1::ReceivedLines& lines : scan.received()) {
    received[lines.kind()].Add({lines.begin(), lines.end()});
  }
  std::vector<std::string> missing;
  for (const v1::FrameKind kind : kFrameKinds) {
    const std::int64_t frames = FrameCount(scan, kind);
    const std::int64_t there = received[kind].WholeBlocks(scan.geometry().detector().rows());
    if (there < frames) {
      missing.push_back(absl::StrFormat("%d of %d %s", frames - there, frames, PluralOf(kind)));
    }
  }
  return absl::StrCat(absl::StrJoin(missing, " and "), " of ", name);
}

}  // namespace tomoslab
