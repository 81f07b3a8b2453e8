// How late events reach many watchers of a job that runs.
//
// service_watchers [WATCHERS [ITERATIONS]]: 500 and 150 unless said. A tomoslabd with a local pool
// of two ranks reconstructs a scan; the watchers, each with a connection of its own, count every
// event and how long after its time it came. As many again / 10 watchers never read. Events from
// before a watcher was there are not timed.
#include <google/protobuf/util/time_util.h>
#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <future>
#include <mutex>
#include <thread>

#include "client/reconstruction_client.h"
#include "client/upload.h"
#include "proto/timestamp.h"
#include "tests/benchmarks/running_server.h"
#include "tests/benchmarks/service_figures.h"
#include "tests/server/samples.h"
#include "tomoslab/v1/reconstruction.grpc.pb.h"

namespace tomoslab {
namespace {

using Clock = std::chrono::steady_clock;
using google::protobuf::util::TimeUtil;

constexpr int kSize = 96;  // voxels along a side
constexpr double kDelayMs = 200;

class Flat final : public ProjectionReader {
 public:
  absl::Status ReadLines(FrameKind kind, std::int64_t, std::int64_t,
                         absl::Span<std::byte> lines) override {
    const std::uint16_t counts = kind == FrameKind::kDark   ? 10
                                 : kind == FrameKind::kFlat ? 10000
                                                            : 7000;
    for (std::size_t i = 0; i + 1 < lines.size(); i += 2) {
      lines[i] = static_cast<std::byte>(counts & 0xFF);
      lines[i + 1] = static_cast<std::byte>(counts >> 8);
    }
    return absl::OkStatus();
  }
};

/// What all watchers saw.
struct Seen {
  std::mutex mutex;
  std::vector<double> delays_ms;
  std::atomic<int> open{0}, gaps{0}, failures{0};
};

/// One stream of events, read by gRPC's own threads.
class Watcher final : public grpc::ClientReadReactor<v1::JobEvent> {
 public:
  enum class Reads { kAll, kNone };
  Watcher(std::shared_ptr<grpc::Channel> channel, const std::string& job, Reads reads, Seen* seen)
      : channel_(std::move(channel)),
        stub_(v1::Reconstruction::NewStub(channel_)),
        reads_(reads),
        seen_(seen),
        begun_ns_(TimeUtil::TimestampToNanoseconds(TimestampNow())) {
    request_.set_name(job);
    stub_->async()->WatchJob(&context_, &request_, this);
    if (reads_ == Reads::kAll) StartRead(&event_);
    StartCall();
  }

  void OnReadDone(bool ok) override {
    if (!ok) return;
    const std::int64_t now = TimeUtil::TimestampToNanoseconds(TimestampNow());
    const std::int64_t then = TimeUtil::TimestampToNanoseconds(event_.time());
    if (event_.sequence() != last_ + 1) ++seen_->gaps;
    if (last_ == 0) ++seen_->open;
    last_ = event_.sequence();
    if (then > begun_ns_) delays_ms_.push_back(static_cast<double>(now - then) / 1e6);
    StartRead(&event_);
  }
  void OnDone(const grpc::Status& status) override {
    if (!status.ok() && reads_ == Reads::kAll) ++seen_->failures;
    {
      const std::lock_guard<std::mutex> lock(seen_->mutex);
      seen_->delays_ms.insert(seen_->delays_ms.end(), delays_ms_.begin(), delays_ms_.end());
    }
    done_.set_value();
  }
  void Wait() { done_.get_future().wait(); }
  void Leave() { context_.TryCancel(); }

 private:
  const std::shared_ptr<grpc::Channel> channel_;
  const std::unique_ptr<v1::Reconstruction::Stub> stub_;
  const Reads reads_;
  Seen* const seen_;
  const std::int64_t begun_ns_;
  grpc::ClientContext context_;
  v1::WatchJobRequest request_;
  v1::JobEvent event_;
  std::int64_t last_ = 0;
  std::vector<double> delays_ms_;
  std::promise<void> done_;
};

[[noreturn]] void Fail(const absl::Status& status) {
  std::fprintf(stderr, "%s\n", std::string(status.message()).c_str());
  std::exit(1);
}

std::string SubmitJob(const std::shared_ptr<grpc::Channel>& channel, int iterations) {
  ReconstructionClient client(channel);
  const absl::StatusOr<v1::Scan> scan = client.CreateScan(SampleScan(kSize, kSize, kSize));
  if (!scan.ok()) Fail(scan.status());
  v1::JobSpec spec = SampleJob(scan->name());
  spec.mutable_algorithm()->mutable_sirt()->mutable_stopping()->set_iterations(iterations);
  const absl::StatusOr<v1::Job> job = client.CreateJob(spec);
  if (!job.ok()) Fail(job.status());
  return job->name();
}

void Complete(const std::shared_ptr<grpc::Channel>& channel, const std::string& job) {
  ReconstructionClient client(channel);
  const absl::StatusOr<v1::Job> queued = client.GetJob(job);
  if (!queued.ok()) Fail(queued.status());
  const absl::StatusOr<v1::Scan> scan = client.GetScan(queued->spec().scan());
  if (!scan.ok()) Fail(scan.status());
  Flat reader;
  if (const absl::Status sent = UploadScan(channel, *scan, reader, {}); !sent.ok()) Fail(sent);
}

double OwnCpuSeconds() {
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

using WatcherList = std::vector<std::unique_ptr<Watcher>>;

WatcherList StartWatchers(const RunningServer& server, const std::string& job, int count,
                          Watcher::Reads reads, Seen* seen) {
  WatcherList watchers;
  for (int i = 0; i < count; ++i)
    watchers.push_back(std::make_unique<Watcher>(server.Connect(), job, reads, seen));
  return watchers;
}

int Main(int count, int iterations) {
  ServiceFigures figures(absl::StrFormat(
      "%d watchers, and %d that never read, of a job of %d iterations (SIRT, %d^3, 2 ranks)", count,
      count / 10, iterations, kSize));
  RunningServer server({"--ranks", "2", "--threads", "1", "--device", "cpu"});
  const auto channel = server.Connect();
  const std::string job = SubmitJob(channel, iterations);
  Seen seen;
  // The job waits for its scan, so that everybody is there when it begins.
  const WatcherList lazy = StartWatchers(server, job, count / 10, Watcher::Reads::kNone, &seen);
  const WatcherList watchers = StartWatchers(server, job, count, Watcher::Reads::kAll, &seen);
  while (seen.open < count) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  const double memory = server.MemoryMb(), cpu = server.CpuSeconds(), own = OwnCpuSeconds();
  const auto begin = Clock::now();
  Complete(channel, job);
  for (const auto& watcher : watchers) watcher->Wait();
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  const double events = static_cast<double>(seen.delays_ms.size());
  figures.Note("events delivered", events);
  figures.Note("events of the job per second", events / count / seconds);
  figures.Note("ms from an event's time to its arrival, median", Quantile(seen.delays_ms, 0.5));
  figures.AtMost("ms, p99", Quantile(seen.delays_ms, 0.99), kDelayMs);
  figures.Note("ms, most", Quantile(seen.delays_ms, 1));
  figures.AtMost("streams with a gap, or that failed", seen.gaps + seen.failures, 0);
  figures.Note("seconds the job took", seconds);
  figures.Note("cores that the server took", (server.CpuSeconds() - cpu) / seconds);
  figures.Note("cores that this program took", (OwnCpuSeconds() - own) / seconds);
  figures.Note("us of the server's CPU per event delivered",
               1e6 * (server.CpuSeconds() - cpu) / events);
  figures.Note("MB of the server before the job", memory);
  figures.AtMost("MB more at most while it ran", server.PeakMemoryMb() - memory, 50);
  for (const auto& watcher : lazy) watcher->Leave();
  for (const auto& watcher : lazy) watcher->Wait();
  return figures.Finish();
}

}  // namespace
}  // namespace tomoslab

int main(int argc, char** argv) {
  return tomoslab::Main(argc > 1 ? std::atoi(argv[1]) : 500, argc > 2 ? std::atoi(argv[2]) : 150);
}
