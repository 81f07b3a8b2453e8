// The server's stores on a temporary folder, without gRPC; Reopen is what a restart does.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "server/dispatcher.h"
#include "server/schema.h"
#include "server/upload_session.h"
#include "tests/server/samples.h"
#include "tests/server/temporary_folder.h"

namespace tomoslab {

class TestStores {
 public:
  TestStores() { Reopen(); }

  void Reopen() {
    queue_.reset(), jobs_.reset(), checkpoints_.reset(), previews_.reset(), volumes_.reset(), scans_.reset();
    database_.reset();
    database_ = *Database::Open(folder_.path() + "/tomoslab.db");
    EXPECT_TRUE(PrepareSchema(*database_).ok());
    scans_ = *ScanStore::Open(*database_, folder_.path() + "/scans");
    volumes_ = *VolumeStore::Open(folder_.path() + "/volumes");
    previews_ = *PreviewStore::Open(*database_, folder_.path() + "/previews");
    checkpoints_ = *CheckpointStore::Open(*database_, folder_.path() + "/checkpoints");
    jobs_ = std::make_unique<JobTable>(*database_);
    queue_ = std::make_unique<JobQueue>(*scans_, *jobs_, *volumes_, *previews_);
  }

  Stores All() { return {*scans_, *jobs_, *volumes_, *previews_, *queue_, *checkpoints_}; }
  Database& database() { return *database_; }
  ScanStore& scans() { return *scans_; }
  JobTable& jobs() { return *jobs_; }
  VolumeStore& volumes() { return *volumes_; }
  PreviewStore& previews() { return *previews_; }
  CheckpointStore& checkpoints() { return *checkpoints_; }
  JobQueue& queue() { return *queue_; }
  const std::string& folder() const { return folder_.path(); }

  v1::Scan EmptyScan(const v1::Scan& scan = SampleScan()) {
    v1::CreateScanRequest request;
    *request.mutable_scan() = scan;
    return *scans_->Create(request);
  }
  v1::Scan FullScan(const v1::Scan& empty = SampleScan()) {
    const v1::Scan scan = EmptyScan(empty);
    auto session = *UploadSession::Open(*scans_, scan.name());
    for (const v1::ProjectionChunk& chunk : AllChunks(scan))
      EXPECT_TRUE(session->Write(chunk).ok());
    EXPECT_TRUE(session->Commit()->scan_completed);
    return *scans_->Get(scan.name());
  }
  v1::Job Job(const v1::JobSpec& spec) {
    v1::CreateJobRequest request;
    *request.mutable_spec() = spec;
    const auto created = queue_->Create(request, {{"", {}}});
    EXPECT_TRUE(created.ok()) << created.status();
    return created->job();
  }

 private:
  TemporaryFolder folder_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<ScanStore> scans_;
  std::unique_ptr<VolumeStore> volumes_;
  std::unique_ptr<PreviewStore> previews_;
  std::unique_ptr<CheckpointStore> checkpoints_;
  std::unique_ptr<JobTable> jobs_;
  std::unique_ptr<JobQueue> queue_;
};

}  // namespace tomoslab
