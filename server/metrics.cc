#include "server/metrics.h"

#include <prometheus/text_serializer.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <utility>

#include "absl/strings/match.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "google/protobuf/util/time_util.h"
#include "proto/algorithm_values.h"
#include "server/access_rules.h"
#include "server/job.h"

namespace tomoslab {
namespace {

using google::protobuf::util::TimeUtil;
using prometheus::Histogram;

// Upper bounds, s.
const Histogram::BucketBoundaries kQueueBuckets = {1,   5,    15,   60,    300,
                                                   900, 3600, 7200, 21600, 86400};
const Histogram::BucketBoundaries kIterationBuckets = {0.01, 0.03, 0.1, 0.3, 1,
                                                       3,    10,   30,  100, 300};
const Histogram::BucketBoundaries kCheckpointBuckets = {0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000};
const Histogram::BucketBoundaries kCallBuckets = {0.001, 0.003, 0.01, 0.03, 0.1, 0.3,
                                                  1,     3,     10,   30,   60};

std::string AlgorithmOf(const v1::Job& job) {
  const std::string name = AlgorithmName(job.spec().algorithm());
  return name.empty() ? "other" : name;
}

double Seconds(const google::protobuf::Duration& duration) {
  return 1e-9 * static_cast<double>(TimeUtil::DurationToNanoseconds(duration));
}

double SumOf(const v1::PhaseSeconds& seconds) {
  return seconds.projection() + seconds.exchange() + seconds.backprojection() + seconds.update();
}

const char* NameOf(IngestReport::Result result) {
  switch (result) {
    case IngestReport::kAccepted:
      return "accepted";
    case IngestReport::kDuplicate:
      return "duplicate";
    default:
      return "refused";
  }
}

/// Where `gauges` has none for `label` yet it gets one.
void Set(prometheus::Family<prometheus::Gauge>& family,
         std::map<std::string, prometheus::Gauge*>& gauges, const std::string& pool, double value) {
  auto [it, is_new] = gauges.try_emplace(pool, nullptr);
  if (is_new) it->second = &family.Add({{"pool", pool}});
  it->second->Set(value);
}

void KeepOnly(prometheus::Family<prometheus::Gauge>& family,
              std::map<std::string, prometheus::Gauge*>& gauges,
              const std::map<std::string, double>& values) {
  std::erase_if(gauges, [&](const auto& entry) {
    if (values.count(entry.first) > 0) return false;
    family.Remove(entry.second);
    return true;
  });
  for (const auto& [pool, value] : values) Set(family, gauges, pool, value);
}

}  // namespace

prometheus::Family<prometheus::Counter>& Metrics::Counters(const char* name, const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry_);
}
prometheus::Family<prometheus::Gauge>& Metrics::GaugesOf(const char* name, const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry_);
}
prometheus::Family<prometheus::Histogram>& Metrics::Histograms(const char* name, const char* help) {
  return prometheus::BuildHistogram().Name(name).Help(help).Register(registry_);
}

Metrics::Metrics(const std::string& version)
    : jobs_(GaugesOf("tomoslab_jobs", "Jobs that the server has, by state.")),
      jobs_ended_(Counters("tomoslab_jobs_ended_total", "Jobs that ended, by state.")),
      attempts_(Counter("tomoslab_attempts_total", "Attempts at jobs that pools began.")),
      attempts_lost_(
          Counter("tomoslab_attempts_lost_total", "Attempts that ended without ending their job.")),
      queue_seconds_(Histograms("tomoslab_job_queue_seconds",
                                "From a job's creation to its first attempt; the wait for its "
                                "projections is part of it.")),
      iteration_seconds_(Histograms("tomoslab_job_iteration_seconds",
                                    "Time of an iteration, of the slowest rank.")),
      phase_seconds_(Counters("tomoslab_job_phase_seconds_total",
                              "Time in an iteration's phases, each of its slowest rank.")),
      residual_(GaugesOf("tomoslab_job_relative_residual",
                         "||b - Ax|| / ||b|| of running jobs, of 32 at most.")),
      exchange_bytes_(
          Counter("tomoslab_exchange_bytes_total", "Bytes that ranks sent each other.")),
      exchange_wait_seconds_(Counter("tomoslab_exchange_wait_seconds_total",
                                     "Time in exchanges, each of its slowest rank.")),
      checkpoint_seconds_(Histograms("tomoslab_checkpoint_seconds",
                                     "Time to write a checkpoint, while the job goes on.")
                              .Add({}, kCheckpointBuckets)),
      checkpoint_bytes_(
          Counter("tomoslab_checkpoint_bytes_total", "Bytes of checkpoints that count.")),
      checkpoints_resumed_(Counter("tomoslab_checkpoints_resumed_total",
                                   "Attempts that went on from a checkpoint.")),
      checkpoint_age_seconds_(Gauge("tomoslab_checkpoint_age_seconds",
                                    "What a running iterative job would lose now, at most: time "
                                    "since its newest checkpoint, or its attempt's begin.")),
      ingest_bytes_(Counters("tomoslab_ingest_bytes_total", "Bytes of projections, by result.")),
      ingest_frames_(Counters("tomoslab_ingest_frames_total",
                              "Projections, flats and darks, by result; parts of frames count as "
                              "fractions.")),
      pools_(GaugesOf("tomoslab_pools", "Attached pools, by what they do.")),
      ranks_up_(Gauge("tomoslab_ranks_up", "Ranks of attached pools.")),
      rank_resident_bytes_(GaugesOf("tomoslab_pool_resident_bytes",
                                    "Memory of the hosts that a pool's ranks take.")),
      rank_device_bytes_(
          GaugesOf("tomoslab_pool_device_bytes", "Memory of GPUs that a pool's ranks take.")),
      rank_device_limit_bytes_(GaugesOf("tomoslab_pool_device_limit_bytes",
                                        "Memory of GPUs that a pool's ranks may take.")),
      store_free_bytes_(Gauge("tomoslab_store_free_bytes", "Free space where the data folder is.")),
      store_size_bytes_(
          Gauge("tomoslab_store_size_bytes", "Size of the disk with the data folder.")),
      calls_(Counters("tomoslab_grpc_calls_total", "gRPC calls that ended, by method and status.")),
      call_seconds_(Histograms("tomoslab_grpc_call_seconds",
                               "Time of gRPC calls that are no streams, by method.")),
      watchers_(Gauge("tomoslab_watchers", "Streams that follow jobs or their logs.")),
      open_streams_(Gauge("tomoslab_open_streams", "gRPC streams that are open.")),
      process_resident_bytes_(
          Gauge("process_resident_memory_bytes", "Memory of the server's process.")),
      process_cpu_seconds_(
          Counter("process_cpu_seconds_total", "CPU time of the server's process.")),
      process_open_fds_(Gauge("process_open_fds", "Open files and connections of the process.")),
      process_start_seconds_(
          Gauge("process_start_time_seconds", "When the process began, since the epoch.")) {
  GaugesOf("tomoslab_build_info", "1; the labels say what runs.")
      .Add({{"version", version}})
      .Set(1);
  process_start_seconds_.Set(absl::ToDoubleSeconds(absl::Now() - absl::UnixEpoch()));
  // What has not happened yet is 0, and not missing.
  for (const char* state : {"SUCCEEDED", "FAILED", "CANCELLED"})
    jobs_ended_.Add({{"state", state}});
  for (const auto result :
       {IngestReport::kAccepted, IngestReport::kDuplicate, IngestReport::kRefused}) {
    ingest_bytes_.Add({{"result", NameOf(result)}});
    ingest_frames_.Add({{"result", NameOf(result)}});
  }
  for (const AccessRule& rule : AccessRules()) methods_[rule.method] = rule.method;
}

void Metrics::EndRunning(const std::string& job) {
  const auto it = running_.find(job);
  if (it == running_.end()) return;
  if (it->second.residual != nullptr) residual_.Remove(it->second.residual);
  running_.erase(it);
}

void Metrics::NoteState(const v1::Job& job, const v1::StateChange& change) {
  if (change.state() == v1::LOADING) {
    attempts_.Increment();
    EndRunning(job.name());
    running_[job.name()] = {Clock::now(), job.spec().checkpoint_every_seconds() >= 0 &&
                                              IterationsPlanned(job.spec()) > 0};
    if (job.attempts() != 1) return;
    queue_seconds_.Add({{"algorithm", AlgorithmOf(job)}}, kQueueBuckets)
        .Observe(Seconds(job.start_time() - job.create_time()));
  } else if (change.state() == v1::QUEUED) {
    if (job.attempts() > 0) attempts_lost_.Increment();
    EndRunning(job.name());
  } else if (IsOver(change.state())) {
    jobs_ended_.Add({{"state", v1::JobState_Name(change.state())}}).Increment();
    EndRunning(job.name());
  }
}

void Metrics::NoteIteration(const v1::Job& job, const v1::IterationReport& report) {
  double slowest = SumOf(report.seconds());
  if (report.rank_size() > 0) {
    slowest = 0;
    for (const v1::RankTimes& rank : report.rank())
      slowest = std::max(slowest, SumOf(rank.seconds()));
  }
  iteration_seconds_.Add({{"algorithm", AlgorithmOf(job)}}, kIterationBuckets).Observe(slowest);
  const std::pair<const char*, double> phases[] = {
      {"projection", report.seconds().projection()},
      {"exchange", report.seconds().exchange()},
      {"backprojection", report.seconds().backprojection()},
      {"update", report.seconds().update()}};
  for (const auto& [phase, seconds] : phases)
    phase_seconds_.Add({{"phase", phase}}).Increment(std::max(0.0, seconds));
  exchange_bytes_.Increment(std::max(0.0, static_cast<double>(report.exchanged_bytes())));
  exchange_wait_seconds_.Increment(std::max(0.0, report.seconds().exchange()));
  const auto running = running_.find(job.name());
  if (running == running_.end()) return;
  if (running->second.residual == nullptr) {
    const auto shown = std::count_if(running_.begin(), running_.end(), [](const auto& entry) {
      return entry.second.residual != nullptr;
    });
    if (static_cast<std::size_t>(shown) >= kMostJobs) return;
    running->second.residual = &residual_.Add({{"job", job.name()}});
  }
  running->second.residual->Set(report.relative_residual());
}

void Metrics::NoteCheckpoint(const v1::Job& job, const v1::CheckpointReport& report) {
  if (const auto running = running_.find(job.name()); running != running_.end())
    running->second.saved = Clock::now();
  if (report.kind() == v1::CheckpointReport::RESUMED) {
    checkpoints_resumed_.Increment();
    return;
  }
  checkpoint_seconds_.Observe(report.seconds());
  checkpoint_bytes_.Increment(std::max(0.0, static_cast<double>(report.bytes())));
}

void Metrics::Appended(const v1::Job& job, const std::vector<v1::JobEvent>& events) {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (const v1::JobEvent& event : events) {
    if (event.has_state_change()) NoteState(job, event.state_change());
    if (event.has_iteration()) NoteIteration(job, event.iteration());
    if (event.has_checkpoint()) NoteCheckpoint(job, event.checkpoint());
  }
}

void Metrics::NoteCall(const CallReport& call) {
  const auto known = methods_.find(call.method);
  const std::string method = known == methods_.end() ? "other" : known->second;
  calls_.Add({{"method", method}, {"code", absl::StatusCodeToString(call.code)}}).Increment();
  if (call.is_stream || known == methods_.end()) return;
  call_seconds_.Add({{"method", method}}, kCallBuckets).Observe(call.time.count());
}

void Metrics::NoteIngest(const IngestReport& ingest) {
  const prometheus::Labels labels = {{"result", NameOf(ingest.result)}};
  ingest_bytes_.Add(labels).Increment(static_cast<double>(ingest.bytes));
  ingest_frames_.Add(labels).Increment(ingest.frames);
}

void Metrics::SamplePools(const std::vector<v1::PoolInfo>& pools) {
  int ranks = 0, idle = 0;
  std::map<std::string, double> resident, device, limit;
  for (const v1::PoolInfo& pool : pools) {
    ranks += pool.ranks();
    idle += pool.job().empty() ? 1 : 0;
    const std::string name = resident.size() < kMostPools ? pool.name() : "other";
    double& resident_bytes = resident[name];
    for (const v1::RankUsage& usage : pool.usage()) {
      resident_bytes += static_cast<double>(usage.resident_bytes());
      if (usage.device_bytes() > 0) device[name] += static_cast<double>(usage.device_bytes());
    }
    for (const v1::RankReport& rank : pool.rank()) {
      if (rank.device_limit_bytes() > 0)
        limit[name] += static_cast<double>(rank.device_limit_bytes());
    }
  }
  ranks_up_.Set(ranks);
  pools_.Add({{"state", "idle"}}).Set(idle);
  pools_.Add({{"state", "busy"}}).Set(static_cast<double>(pools.size()) - idle);
  KeepOnly(rank_resident_bytes_, resident_, resident);
  KeepOnly(rank_device_bytes_, device_, device);
  KeepOnly(rank_device_limit_bytes_, device_limit_, limit);
}

void Metrics::SampleProcess() {
  std::int64_t pages = 0, resident_pages = 0;
  std::ifstream("/proc/self/statm") >> pages >> resident_pages;
  process_resident_bytes_.Set(static_cast<double>(resident_pages * sysconf(_SC_PAGESIZE)));
  rusage times = {};
  getrusage(RUSAGE_SELF, &times);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  const double now = seconds(times.ru_utime) + seconds(times.ru_stime);
  process_cpu_seconds_.Increment(std::max(0.0, now - process_cpu_seconds_.Value()));
  std::error_code error;
  const auto files = std::filesystem::directory_iterator("/proc/self/fd", error);
  if (!error) process_open_fds_.Set(static_cast<double>(std::distance(begin(files), end(files))));
}

double Metrics::OldestCheckpointSeconds() const {
  Clock::duration oldest{0};
  const Clock::time_point now = Clock::now();
  for (const auto& [job, running] : running_) {
    if (running.checkpoints) oldest = std::max(oldest, now - running.saved);
  }
  return std::chrono::duration<double>(oldest).count();
}

std::string Metrics::Text(const ServerState& state) {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (int s = v1::QUEUED; s <= v1::CANCELLED; ++s) {
    const auto known = state.jobs.find(static_cast<v1::JobState>(s));
    jobs_.Add({{"state", v1::JobState_Name(static_cast<v1::JobState>(s))}})
        .Set(known == state.jobs.end() ? 0 : known->second);
  }
  SamplePools(state.pools);
  SampleProcess();
  if (state.space.has_value()) {
    store_free_bytes_.Set(static_cast<double>(state.space->free_bytes));
    store_size_bytes_.Set(static_cast<double>(state.space->total_bytes));
  }
  watchers_.Set(static_cast<double>(state.watchers));
  open_streams_.Set(static_cast<double>(state.open_streams));
  checkpoint_age_seconds_.Set(OldestCheckpointSeconds());
  return prometheus::TextSerializer().Serialize(registry_.Collect());
}

}  // namespace tomoslab
