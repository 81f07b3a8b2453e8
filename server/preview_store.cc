#include "server/preview_store.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "proto/chunking.h"
#include "server/plane_shape.h"
#include "server/resource_name.h"
#include "worker/core/status.h"

namespace tomoslab {
namespace {

std::int64_t BytesPerRow(const v1::PreviewReady& preview) {
  return std::int64_t{preview.columns()} * static_cast<std::int64_t>(sizeof(float));
}

CheckedLines RowsOf(const v1::PreviewReady& preview) {
  const std::int64_t bytes = preview.rows() * BytesPerRow(preview);
  return {{0, bytes}, {bytes, preview.rows() * kLineChecksumBytes}, BytesPerRow(preview)};
}

/// What the database says may be damaged, too.
absl::StatusOr<v1::PreviewReady> FromRow(const Statement& row, v1::Plane plane) {
  constexpr int kMostPixels = 65536;
  v1::PreviewReady preview;
  preview.set_plane(plane);
  preview.set_iteration(static_cast<std::int32_t>(row.Int(0)));
  preview.set_index(static_cast<std::int32_t>(row.Int(1)));
  preview.set_rows(static_cast<std::int32_t>(row.Int(2)));
  preview.set_columns(static_cast<std::int32_t>(row.Int(3)));
  const bool possible = std::min(preview.rows(), preview.columns()) >= 1 &&
                        std::max(preview.rows(), preview.columns()) <= kMostPixels;
  if (possible) return preview;
  return absl::DataLossError(
      absl::StrFormat("the database's entry of a preview is damaged: %d x %d pixels",
                      preview.rows(), preview.columns()));
}

}  // namespace

absl::Status CheckPreview(const v1::PreviewReady& preview, const v1::VolumeGeometry& volume) {
  const PlaneShape shape = ShapeOf(preview.plane(), volume);
  if (preview.plane() >= v1::AXIAL && preview.plane() <= v1::SAGITTAL && preview.rows() >= 1 &&
      preview.rows() <= shape.rows && preview.columns() >= 1 &&
      preview.columns() <= shape.columns && preview.index() >= 0 && preview.index() < shape.count &&
      preview.iteration() >= 0) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrFormat(
      "preview %d of plane %d with %d x %d pixels is none of a volume of %d x %d x %d voxels",
      preview.index(), static_cast<int>(preview.plane()), preview.columns(), preview.rows(),
      volume.columns(), volume.rows(), volume.slices()));
}

absl::StatusOr<std::unique_ptr<PreviewStore>> PreviewStore::Open(Database& database,
                                                                 const std::string& folder) {
  TOMOSLAB_RETURN_IF_ERROR(MakeFolder(folder));
  return std::unique_ptr<PreviewStore>(new PreviewStore(database, folder));
}

absl::StatusOr<std::string> PreviewStore::PathOf(const std::string& job,
                                                 const v1::PreviewReady& preview) const {
  TOMOSLAB_ASSIGN_OR_RETURN(const std::int64_t id, JobId(job));
  return absl::StrFormat("%s/%d/%d-%d-%d.f32", folder_, id, static_cast<int>(preview.plane()),
                         preview.iteration(), preview.index());
}

absl::Status PreviewStore::MakeFolderOf(const std::string& job) const {
  TOMOSLAB_ASSIGN_OR_RETURN(const std::int64_t id, JobId(job));
  return MakeFolder(absl::StrFormat("%s/%d", folder_, id));
}

absl::Status PreviewStore::Add(const std::string& job, const v1::PreviewReady& preview) {
  TOMOSLAB_ASSIGN_OR_RETURN(const std::int64_t id, JobId(job));
  std::vector<v1::PreviewReady> dropped;
  {
    Transaction transaction(database_, Durability::kSoon);
    TOMOSLAB_RETURN_IF_ERROR(
        transaction
            .Prepare("INSERT INTO previews (job, plane, iteration, slice, rows, columns) VALUES "
                     "(?1, ?2, "
                     "?3, ?4, ?5, ?6) ON CONFLICT DO UPDATE SET rows = ?5, columns = ?6")
            .Bind(id)
            .Bind(preview.plane())
            .Bind(preview.iteration())
            .Bind(preview.index())
            .Bind(preview.rows())
            .Bind(preview.columns())
            .Run());
    {
      Statement old = transaction.Prepare(
          "DELETE FROM previews WHERE job = ?1 AND plane = ?2 AND iteration NOT IN (SELECT "
          "DISTINCT "
          "iteration FROM previews WHERE job = ?1 AND plane = ?2 ORDER BY iteration DESC LIMIT ?3) "
          "RETURNING iteration, slice");
      old.Bind(id).Bind(preview.plane()).Bind(kPreviewIterationsKept);
      while (true) {
        TOMOSLAB_ASSIGN_OR_RETURN(const bool more, old.Step());
        if (!more) break;
        v1::PreviewReady& drop = dropped.emplace_back();
        drop.set_plane(preview.plane());
        drop.set_iteration(static_cast<std::int32_t>(old.Int(0)));
        drop.set_index(static_cast<std::int32_t>(old.Int(1)));
      }
    }
    TOMOSLAB_RETURN_IF_ERROR(transaction.Commit());
  }
  for (const v1::PreviewReady& drop : dropped) {
    TOMOSLAB_ASSIGN_OR_RETURN(const std::string path, PathOf(job, drop));
    TOMOSLAB_RETURN_IF_ERROR(RemoveFile(path));
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::PreviewReady> PreviewStore::Find(const v1::ReadPreviewRequest& request) {
  TOMOSLAB_ASSIGN_OR_RETURN(const std::int64_t id, JobId(request.job()));
  Transaction transaction(database_, Durability::kSoon);
  Statement row = transaction.Prepare(
      "SELECT iteration, slice, rows, columns FROM previews WHERE job = ?1 AND plane = ?2 AND "
      "(?3 = 0 OR iteration = ?3) AND (?4 < 0 OR slice = ?4) ORDER BY iteration DESC, slice LIMIT "
      "1");
  const v1::Plane plane = request.plane() == v1::PLANE_UNSPECIFIED ? v1::AXIAL : request.plane();
  row.Bind(id)
      .Bind(plane)
      .Bind(request.iteration())
      .Bind(request.has_index() ? request.index() : -1);
  TOMOSLAB_ASSIGN_OR_RETURN(const bool found, row.Step());
  if (!found) {
    return absl::NotFoundError(
        absl::StrFormat("%s has no such preview; the newest %d iterations of each plane are kept",
                        request.job(), kPreviewIterationsKept));
  }
  return FromRow(row, plane);
}

absl::Status PreviewStore::RemoveAll(const std::string& job) {
  TOMOSLAB_ASSIGN_OR_RETURN(const std::int64_t id, JobId(job));
  {
    Transaction transaction(database_, Durability::kSoon);
    TOMOSLAB_RETURN_IF_ERROR(
        transaction.Prepare("DELETE FROM previews WHERE job = ?").Bind(id).Run());
    TOMOSLAB_RETURN_IF_ERROR(transaction.Commit());
  }
  std::error_code error;
  std::filesystem::remove_all(absl::StrFormat("%s/%d", folder_, id), error);
  if (!error) return absl::OkStatus();
  return absl::InternalError(
      absl::StrFormat("cannot remove the previews of %s: %s", job, error.message()));
}

absl::StatusOr<PreviewReader> PreviewReader::Open(PreviewStore& store,
                                                  const v1::ReadPreviewRequest& request) {
  TOMOSLAB_ASSIGN_OR_RETURN(const v1::PreviewReady preview, store.Find(request));
  TOMOSLAB_ASSIGN_OR_RETURN(const std::string path, store.PathOf(request.job(), preview));
  TOMOSLAB_ASSIGN_OR_RETURN(DataFile file, DataFile::Open(path));
  return PreviewReader(std::move(file), RowsOf(preview), preview);
}

absl::StatusOr<bool> PreviewReader::Next(v1::PreviewChunk* chunk) {
  if (next_row_ >= preview_.rows()) return false;
  const std::int64_t bytes_per_row = BytesPerRow(preview_);
  const int rows = static_cast<int>(
      std::min<std::int64_t>(preview_.rows() - next_row_, LinesPerChunk(bytes_per_row)));
  std::string data(static_cast<std::size_t>(rows * bytes_per_row), '\0');
  TOMOSLAB_RETURN_IF_ERROR(rows_.Read(file_, {next_row_, next_row_ + rows}, data.data()));
  *chunk->mutable_preview() = preview_;
  FillChunk(next_row_, bytes_per_row, data, chunk);
  next_row_ += rows;
  return true;
}

PreviewSession::~PreviewSession() {
  for (const auto& [path, file] : unfinished_) RemoveFile(path + ".partial").IgnoreError();
}

absl::StatusOr<PreviewSession::Unfinished*> PreviewSession::FileOf(const std::string& path) {
  if (const auto it = unfinished_.find(path); it != unfinished_.end()) return &it->second;
  if (unfinished_.size() >= 16) {
    return absl::InvalidArgumentError("16 previews are unfinished; send one after the other");
  }
  TOMOSLAB_RETURN_IF_ERROR(store_.MakeFolderOf(job_.name()));
  TOMOSLAB_ASSIGN_OR_RETURN(DataFile file, DataFile::Create(path + ".partial"));
  return &unfinished_.emplace(path, Unfinished{std::move(file), {}}).first->second;
}

absl::Status PreviewSession::Write(const v1::PreviewChunk& chunk) {
  const v1::PreviewReady& preview = chunk.preview();
  TOMOSLAB_RETURN_IF_ERROR(CheckPreview(preview, job_.spec().volume()));
  TOMOSLAB_RETURN_IF_ERROR(CheckChunk(chunk, BytesPerRow(preview), preview.rows()));
  TOMOSLAB_ASSIGN_OR_RETURN(const std::string path, store_.PathOf(job_.name(), preview));
  TOMOSLAB_ASSIGN_OR_RETURN(Unfinished* const file, FileOf(path));
  const IndexRange rows{chunk.first_row(), chunk.first_row() + chunk.row_count()};
  TOMOSLAB_RETURN_IF_ERROR(RowsOf(preview).Write(file->file, rows, chunk.data().data()));
  file->rows.Add(rows);
  if (file->rows.Count() < preview.rows()) return absl::OkStatus();
  unfinished_.erase(path);
  if (std::rename((path + ".partial").c_str(), path.c_str()) != 0)
    return FileError(errno, "rename to " + path + " the file", path + ".partial");
  return store_.Add(job_.name(), preview);
}

absl::Status PreviewSession::Finish() {
  if (unfinished_.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrFormat("%d previews ended before their last row", unfinished_.size()));
}

}  // namespace tomoslab
