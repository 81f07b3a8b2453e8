// Every figure of GET /metrics: declared here once, with its help and unit, fed by what happens
// and, when asked, by how things stand.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <chrono>
#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "server/data_file.h"
#include "server/gate.h"
#include "server/job_table.h"
#include "server/scan_store.h"

namespace tomoslab {

/// How things stand now.
struct ServerState {
  std::map<v1::JobState, int> jobs;
  std::vector<v1::PoolInfo> pools;
  std::optional<DiskSpace> space;
  std::size_t watchers = 0, open_streams = 0;
};

/// Labels take few values: states, algorithms, methods, codes; pools and running jobs up to a
/// limit, beyond which they are summed up as "other" (pools) or left out (jobs). Thread-safe.
class Metrics final : public JobObserver {
 public:
  static constexpr std::size_t kMostPools = 100, kMostJobs = 32;
  using Clock = std::chrono::steady_clock;

  explicit Metrics(const std::string& version);

  void Appended(const v1::Job& job, const std::vector<v1::JobEvent>& events) override;
  void Deleted(const std::string&) override {}
  void NoteCall(const CallReport& call);
  void NoteIngest(const IngestReport& ingest);

  /// All of them, in Prometheus' text format.
  std::string Text(const ServerState& state);

 private:
  template <class T>
  using Family = prometheus::Family<T>;
  using Gauges = std::map<std::string, prometheus::Gauge*>;

  /// What is known of a job that a pool has.
  struct Running {
    Clock::time_point saved;  // its newest checkpoint, or the attempt's begin
    bool checkpoints = true;
    prometheus::Gauge* residual = nullptr;
  };

  Family<prometheus::Counter>& Counters(const char* name, const char* help);
  Family<prometheus::Gauge>& GaugesOf(const char* name, const char* help);
  Family<prometheus::Histogram>& Histograms(const char* name, const char* help);
  prometheus::Counter& Counter(const char* name, const char* help) {
    return Counters(name, help).Add({});
  }
  prometheus::Gauge& Gauge(const char* name, const char* help) {
    return GaugesOf(name, help).Add({});
  }

  // With mutex_ held.
  void NoteState(const v1::Job& job, const v1::StateChange& change);
  void NoteIteration(const v1::Job& job, const v1::IterationReport& report);
  void NoteCheckpoint(const v1::Job& job, const v1::CheckpointReport& report);
  void EndRunning(const std::string& job);
  void SamplePools(const std::vector<v1::PoolInfo>& pools);
  void SampleProcess();
  double OldestCheckpointSeconds() const;

  std::mutex mutex_;
  prometheus::Registry registry_;
  std::map<std::string, Running> running_;  // by job
  std::map<std::string, std::string> methods_;

  // Jobs.
  Family<prometheus::Gauge>& jobs_;
  Family<prometheus::Counter>& jobs_ended_;
  prometheus::Counter& attempts_;
  prometheus::Counter& attempts_lost_;
  Family<prometheus::Histogram>& queue_seconds_;
  Family<prometheus::Histogram>& iteration_seconds_;
  Family<prometheus::Counter>& phase_seconds_;
  Family<prometheus::Gauge>& residual_;
  prometheus::Counter& exchange_bytes_;
  prometheus::Counter& exchange_wait_seconds_;
  // Checkpoints.
  prometheus::Histogram& checkpoint_seconds_;
  prometheus::Counter& checkpoint_bytes_;
  prometheus::Counter& checkpoints_resumed_;
  prometheus::Gauge& checkpoint_age_seconds_;
  // What comes in.
  Family<prometheus::Counter>& ingest_bytes_;
  Family<prometheus::Counter>& ingest_frames_;
  // Pools.
  Family<prometheus::Gauge>& pools_;
  prometheus::Gauge& ranks_up_;
  Family<prometheus::Gauge>& rank_resident_bytes_;
  Family<prometheus::Gauge>& rank_device_bytes_;
  Family<prometheus::Gauge>& rank_device_limit_bytes_;
  Gauges resident_, device_, device_limit_;  // by pool
  // The server.
  prometheus::Gauge& store_free_bytes_;
  prometheus::Gauge& store_size_bytes_;
  Family<prometheus::Counter>& calls_;
  Family<prometheus::Histogram>& call_seconds_;
  prometheus::Gauge& watchers_;
  prometheus::Gauge& open_streams_;
  prometheus::Gauge& process_resident_bytes_;
  prometheus::Counter& process_cpu_seconds_;
  prometheus::Gauge& process_open_fds_;
  prometheus::Gauge& process_start_seconds_;
};

}  // namespace tomoslab
