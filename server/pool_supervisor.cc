#include "server/pool_supervisor.h"

#include <poll.h>
#include <signal.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <deque>
#include <optional>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "server/child_process.h"

namespace tomoslab {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// Between two starts: twice as long each time; a pool that was attached has started well.
constexpr milliseconds kFirstPause{200}, kLongestPause{10'000}, kLongestOnceAttached{1'600},
    kGoodLife{30'000}, kTick{100}, kMostAttachPatience{240'000};
constexpr std::size_t kLongestLine = 2000, kLastLines = 12;

std::string RandomToken() {
  std::random_device device;
  return absl::StrFormat("%08x%08x", device(), device());
}

}  // namespace

std::string LocalPoolName(int number) { return absl::StrCat("local-", number); }

std::vector<PoolOffer> ExpectedOffers(const PoolOptions& options) {
  std::vector<PoolOffer> offers;
  for (int i = 1; i <= options.pools; ++i) {
    offers.push_back({LocalPoolName(i),
                      {options.ranks, options.memory_mb_per_rank << 20,
                       options.device_memory_mb_per_rank << 20}});
  }
  if (offers.empty()) offers.push_back({"", {}});
  return offers;
}

std::vector<std::string> PoolCommandLine(const PoolOptions& options, const std::string& server,
                                         const std::string& name, const std::string& instance) {
  // Ranks stay beside the memory that their threads touched first.
  const bool by_numa = options.numa_nodes > 1 && options.ranks % options.numa_nodes == 0;
  std::vector<std::string> command = {options.mpirun, "-n", absl::StrCat(options.ranks),
                                      "--oversubscribe", "--tag-output"};
  if (by_numa) command.insert(command.end(), {"--map-by", "numa"});
  command.insert(command.end(), {"--bind-to", by_numa ? "numa" : "none"});
  command.insert(command.end(), {"--mca", "mpi_yield_when_idle", "1"});
  command.insert(command.end(), {"--mca", "btl_vader_single_copy_mechanism", "none"});
  command.insert(command.end(), {"--mca", "btl", "self,vader"});  // no ports
  command.insert(command.end(),
                 {options.worker, "--server", server, "--pool", name, "--instance", instance,
                  "--threads", absl::StrCat(options.threads), "--device", options.device,
                  "--log-format", options.log_format == LogFormat::kJson ? "json" : "text",
                  "--memory-mb", absl::StrCat(options.memory_mb_per_rank), "--device-memory-mb",
                  absl::StrCat(options.device_memory_mb_per_rank)});
  return command;
}

std::vector<std::string> PoolEnvironment(const PoolOptions& options) {
  std::vector<std::string> environment = {
      "OMPI_ALLOW_RUN_AS_ROOT=1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1",
      // Threads that spin while they wait starve the other ranks of a busy machine.
      "OMP_WAIT_POLICY=PASSIVE",
      // What this process's surroundings say of other servers is not about this one.
      "TOMOSLAB_TLS_CA=", "TOMOSLAB_TLS_CERT=", "TOMOSLAB_TLS_KEY=", "TOMOSLAB_TOKEN_FILE=",
      absl::StrCat("TOMOSLAB_TOKEN=", options.token)};
  if (!options.preload.empty()) environment.push_back(absl::StrCat("LD_PRELOAD=", options.preload));
  return environment;
}

/// One pool and its present process.
class PoolSupervisor::LocalPool {
 public:
  LocalPool(const PoolOptions& options, std::string server, std::string name,
            Dispatcher& dispatcher)
      : options_(options),
        server_(std::move(server)),
        name_(std::move(name)),
        dispatcher_(dispatcher),
        attach_patience_(options.attach_patience) {}

  const std::string& instance() const { return instance_; }
  bool running() const { return process_.has_value(); }
  int output() const { return process_.has_value() ? process_->output() : -1; }

  void StartIfDue(Clock::time_point now) {
    if (running() || now < next_start_) return;
    instance_ = RandomToken();
    absl::StatusOr<ChildProcess> process = ChildProcess::Start(
        PoolCommandLine(options_, server_, name_, instance_), PoolEnvironment(options_));
    started_ = attached_ = now;
    if (!process.ok()) {
      spdlog::error("pool {}: {}", name_, std::string(process.status().message()));
      return WaitLonger(now);
    }
    process_.emplace(*std::move(process));
    ending_since_.reset();
    last_lines_.clear();
    spdlog::info("pool {}: started {} ranks (process {})", name_, options_.ranks, process_->pid());
  }

  /// SIGTERM now, SIGKILL after the grace time.
  void End(Clock::time_point now, const std::string& why) {
    if (!running() || ending_since_.has_value()) return;
    spdlog::warn("pool {}: ending it: {}", name_, why);
    ending_since_ = now;
    process_->Signal(SIGTERM);
  }

  void Look(Clock::time_point now) {
    if (!running()) return;
    LogOutput();
    if (const std::optional<std::string> how = process_->Ended()) return NoteEnd(now, *how);
    if (ending_since_.has_value() && now - *ending_since_ > options_.end_grace) {
      process_->Signal(SIGKILL);
    }
    LookIfAttached(now);
  }

 private:
  void NoteEnd(Clock::time_point now, const std::string& how) {
    LogOutput();
    if (!line_.empty()) LogLine();
    process_.reset();
    spdlog::info("pool {}: mpirun {}", name_, how);
    if (now - started_ > kGoodLife) pause_ = kFirstPause;
    WaitLonger(now);
    dispatcher_.NoteExit(instance_,
                         absl::StrFormat("pool %s ended: mpirun %s%s", name_, how, LastWords()));
  }

  void LookIfAttached(Clock::time_point now) {
    if (dispatcher_.Knows(instance_)) {
      attached_ = now;
      attach_patience_ = options_.attach_patience;
    } else if (!ending_since_.has_value() && now - attached_ > attach_patience_) {
      End(now, absl::StrFormat("its ranks have not attached for %d s",
                               std::chrono::floor<std::chrono::seconds>(now - attached_).count()));
      attach_patience_ = std::min(2 * attach_patience_, kMostAttachPatience);
    }
  }

  void WaitLonger(Clock::time_point now) {
    if (attached_ != started_) pause_ = std::min(pause_, kLongestOnceAttached);
    next_start_ = now + pause_;
    pause_ = std::min(2 * pause_, kLongestPause);
  }

  void LogOutput() {
    char buffer[4096];
    while (true) {
      const ssize_t size = read(process_->output(), buffer, sizeof buffer);
      if (size <= 0) return;
      for (const char c : std::string_view(buffer, static_cast<std::size_t>(size))) {
        if (c == '\n' || line_.size() >= kLongestLine) LogLine();
        if (c != '\n') line_ += c;
      }
    }
  }

  void LogLine() {
    spdlog::info("pool {} | {}", name_, line_);
    const bool says_something = line_.find_first_not_of("-= \r") != std::string::npos;
    if (says_something) last_lines_.push_back(line_);
    if (last_lines_.size() > kLastLines) last_lines_.pop_front();
    line_.clear();
  }

  /// What the pool wrote last: the ranks' own words, and what mpirun says of a rank that died.
  std::string LastWords() const {
    if (last_lines_.empty()) return "";
    return absl::StrCat(". Its last lines:\n  ", absl::StrJoin(last_lines_, "\n  "));
  }

  const PoolOptions options_;
  const std::string server_, name_;
  Dispatcher& dispatcher_;
  std::string instance_, line_;
  std::deque<std::string> last_lines_;
  std::optional<ChildProcess> process_;
  Clock::time_point started_, next_start_, attached_;
  std::optional<Clock::time_point> ending_since_;
  milliseconds pause_ = kFirstPause, attach_patience_;
};

PoolSupervisor::PoolSupervisor(const PoolOptions& options, const std::string& server,
                               Dispatcher& dispatcher)
    : options_(options), dispatcher_(dispatcher) {
  for (int i = 1; i <= options.pools; ++i) {
    pools_.push_back(std::make_unique<LocalPool>(options, server, LocalPoolName(i), dispatcher));
  }
  thread_ = std::thread([this] { Run(); });
}

PoolSupervisor::~PoolSupervisor() {
  stopping_ = true;
  thread_.join();
}

void PoolSupervisor::WaitForOutput() {
  std::vector<pollfd> outputs;
  for (const auto& pool : pools_) {
    if (pool->running()) outputs.push_back({pool->output(), POLLIN, 0});
  }
  poll(outputs.data(), outputs.size(), static_cast<int>(kTick.count()));
  // A pool that closed its output but lives must not make this a busy loop.
  const bool hung_up = std::any_of(outputs.begin(), outputs.end(), [](const pollfd& output) {
    return (output.revents & POLLIN) == 0 && output.revents != 0;
  });
  if (hung_up) std::this_thread::sleep_for(milliseconds(20));
}

void PoolSupervisor::EndStuckPools() {
  const Clock::time_point now = Clock::now();
  for (const Dispatcher::Stuck& stuck : dispatcher_.StuckPools(now)) {
    for (const auto& pool : pools_) {
      if (pool->instance() == stuck.instance) pool->End(now, stuck.why);
    }
    dispatcher_.Break(stuck.pool, stuck.why);
  }
}

void PoolSupervisor::Run() {
  std::optional<Clock::time_point> stopped;
  while (true) {
    const Clock::time_point now = Clock::now();
    if (stopping_ && !stopped.has_value()) stopped = now;
    bool any = false;
    for (const auto& pool : pools_) {
      pool->Look(now);
      if (!stopped.has_value()) pool->StartIfDue(now);
      if (stopped.has_value() && now - *stopped > options_.end_grace) {
        pool->End(now, "the server is shutting down");
      }
      any = any || pool->running();
    }
    if (stopped.has_value() && !any) return;
    EndStuckPools();
    dispatcher_.GoOnAfterFailures(Clock::now());
    WaitForOutput();
  }
}

}  // namespace tomoslab
