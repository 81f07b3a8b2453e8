// The server's database after damage: any bytes where a scan, a job, an event or a checkpoint was.
// The first byte says where.
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "server/caller.h"
#include "server/checkpoint_store.h"
#include "server/job_queue.h"
#include "server/schema.h"
#include "tests/fuzz/quiet_protobuf.h"
#include "tests/fuzz/small_scan.h"

namespace tomoslab {
namespace {

class StoredServer {
 public:
  StoredServer() {
    std::string name = "/dev/shm/tomoslab_fuzz_XXXXXX";
    if (mkdtemp(name.data()) == nullptr) std::abort();
    std::filesystem::create_directories(name + "/checkpoints");
    database_ = *Database::Open(":memory:");
    if (!PrepareSchema(*database_).ok()) std::abort();
    scans_ = *ScanStore::Open(*database_, name + "/scans");
    volumes_ = *VolumeStore::Open(name + "/volumes");
    previews_ = *PreviewStore::Open(*database_, name + "/previews");
    checkpoints_ = *CheckpointStore::Open(*database_, name + "/checkpoints");
    jobs_ = std::make_unique<JobTable>(*database_);
    queue_ = std::make_unique<JobQueue>(*scans_, *jobs_, *volumes_, *previews_);
    Fill();
    static const std::string* folder = new std::string(name);
    std::atexit([] { std::filesystem::remove_all(*folder); });
  }

  void Try(int where, const std::string& bytes) {
    constexpr const char* kOverwrite[] = {
        "UPDATE scans SET summary = ?", "UPDATE scans SET geometry = ?", "UPDATE jobs SET job = ?",
        "UPDATE events SET event = ?", "UPDATE checkpoints SET message = ?"};
    Transaction transaction(*database_);
    if (!transaction.Prepare(kOverwrite[where % std::size(kOverwrite)]).BindBlob(bytes).Run().ok())
      std::abort();
    if (!transaction.Commit().ok()) std::abort();
  }

  void ReadAll() {
    const std::string scan = "scans/1", job = "jobs/1";
    (void)scans_->Get(scan);
    (void)scans_->List({}, {});
    (void)scans_->Missing(scan);
    (void)scans_->Use(scan);
    (void)queue_->Get(job);
    (void)queue_->List({}, {});
    QueuePlace front;
    (void)jobs_->ReadyAfter(&front);
    (void)jobs_->EventsAfter(job, 0, 100);
    (void)checkpoints_->List(job);
    (void)checkpoints_->Open(job, job + "/checkpoints/1-1");
    if (const absl::StatusOr<v1::Job> read = jobs_->Get(job); read.ok())
      (void)volumes_->Open(*read);
  }

 private:
  void Fill() {
    v1::CreateScanRequest scan;
    *scan.mutable_scan() = SmallScan();
    v1::CreateJobRequest job;
    job.mutable_spec()->set_scan(scans_->Create(scan)->name());
    job.mutable_spec()->mutable_algorithm()->mutable_cgls()->mutable_stopping()->set_iterations(3);
    if (!queue_->Create(job, {{"", {}}}, {}).ok()) std::abort();
    v1::Checkpoint checkpoint;
    checkpoint.set_name("jobs/1/checkpoints/1-1");
    if (!checkpoints_->Commit("jobs/1", checkpoint).ok()) std::abort();
  }

  std::unique_ptr<Database> database_;
  std::unique_ptr<ScanStore> scans_;
  std::unique_ptr<VolumeStore> volumes_;
  std::unique_ptr<PreviewStore> previews_;
  std::unique_ptr<CheckpointStore> checkpoints_;
  std::unique_ptr<JobTable> jobs_;
  std::unique_ptr<JobQueue> queue_;
};

}  // namespace
}  // namespace tomoslab

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static auto* server = new tomoslab::StoredServer();
  if (size == 0) return 0;
  server->Try(data[0], std::string(reinterpret_cast<const char*>(data) + 1, size - 1));
  server->ReadAll();
  return 0;
}
