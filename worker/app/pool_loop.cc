#include "worker/app/pool_loop.h"

#include <spdlog/spdlog.h>

#include <signal.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "absl/strings/str_format.h"
#include "worker/app/job_runner.h"
#include "worker/app/pool_client.h"
#include "worker/app/rank_info.h"
#include "worker/app/rank_log.h"
#include "worker/core/parallel.h"

namespace tomoslab {
namespace {

/// What rank 0 tells the others between jobs: a serialized PoolCommand, or this.
constexpr char kRefused[] = "refused";

v1::AttachRequest MakeAttachRequest(const PoolOptions& options, const Communicator& ranks,
                                    const Accelerator* accelerator) {
  v1::AttachRequest request;
  request.set_pool(options.pool);
  request.set_instance(options.instance);
  v1::RankReport mine;
  mine.set_rank(ranks.rank());
  mine.set_host(HostName());
  SetDevice(accelerator, &mine);
  for (const std::string& bytes : ranks.Gather(mine.SerializeAsString()))
    request.add_rank()->ParseFromString(bytes);
  std::int64_t memory = options.memory_bytes_per_rank;
  if (memory == 0) {
    std::int64_t here = 0;
    for (const v1::RankReport& rank : request.rank()) here += rank.host() == mine.host();
    // A tenth is left to everybody else.
    memory = AvailableMemoryBytes() / 10 * 9 / std::max<std::int64_t>(1, here);
  }
  request.set_memory_bytes_per_rank(
      -static_cast<std::int64_t>(ranks.Max(-static_cast<double>(memory))));
  return request;
}

/// Rank 0's connection: commands, one after the other, over as many streams as it takes. A thread
/// of its own waits on the stream all the time, also while a job runs: only then does gRPC answer
/// the server's keepalive.
class Commands {
 public:
  Commands(PoolClient* client, const ServerChoice& server, v1::AttachRequest request)
      : client_(client),
        server_(server),
        request_(std::move(request)),
        reader_([this] { ReadAll(); }),
        signals_([this] { AwaitSignal(); }) {}
  ~Commands() {
    {
      const std::lock_guard lock(mutex_);
      over_ = true;
      if (attachment_ != nullptr) attachment_->Cancel();
    }
    signals_.join();
    reader_.join();
  }

  /// This program was asked to end (SIGTERM, SIGUSR1): a job leaves a checkpoint and is given back,
  /// then Next says drain.
  const std::atomic<bool>& ending() const { return ending_; }

  /// The lease that the ranks work on, "" for none: a new stream keeps it.
  void WorkOn(const std::string& lease) {
    const std::lock_guard lock(mutex_);
    request_.set_lease(lease);
    idle_.notify_all();
  }

  /// Waits for a command; kRefused when the server refuses this pool for good.
  std::string Next() {
    std::unique_lock lock(mutex_);
    arrived_.wait(lock, [this] { return !commands_.empty(); });
    std::string command = std::move(commands_.front());
    commands_.pop_front();
    return command;
  }

 private:
  /// Ends after a drain or a refusal, and with this.
  void ReadAll() {
    std::chrono::milliseconds pause = kShortestPause;
    for (;;) {
      const std::shared_ptr<PoolClient::Attachment> attachment = Attach();
      if (attachment == nullptr) return;
      absl::StatusOr<v1::PoolCommand> command = attachment->Next();
      for (; command.ok(); command = attachment->Next()) {
        pause = kShortestPause;
        Add(command->SerializeAsString());
        if (command->drain()) return;
      }
      if (IsRefusal(command.status())) {
        spdlog::error("the server refuses this pool: {}", std::string(command.status().message()));
        return Add(kRefused);
      }
      if (absl::IsAborted(command.status())) AwaitIdle(command.status());
      const std::string hint = ExplainTls(server_, command.status());
      spdlog::warn("no connection to the server ({}); {}trying again",
                   std::string(command.status().message()), hint.empty() ? "" : hint + "; ");
      std::this_thread::sleep_for(pause);
      pause = std::min(2 * pause, LongestPause());
    }
  }

  /// Null when this is over.
  std::shared_ptr<PoolClient::Attachment> Attach() {
    const std::lock_guard lock(mutex_);
    attachment_ = over_ ? nullptr : client_->Attach(request_);
    return attachment_;
  }

  /// A pool with a lease has seconds to be back.
  std::chrono::milliseconds LongestPause() {
    const std::lock_guard lock(mutex_);
    return request_.lease().empty() ? kLongestPause : kLongestPauseWithLease;
  }

  /// The server has given this pool up, because a rank hangs. A pool that hangs does not end by
  /// itself.
  void AwaitIdle(const absl::Status& why) {
    std::unique_lock lock(mutex_);
    if (idle_.wait_for(lock, kLongestPause, [this] { return request_.lease().empty(); })) return;
    spdlog::error("the server has given this pool up ({}), and its ranks do not stop: ending it",
                  std::string(why.message()));
    std::_Exit(EXIT_FAILURE);
  }

  void AwaitSignal() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGUSR1);
    const timespec tick{0, 100'000'000};
    while (!over_.load()) {
      const int signal = sigtimedwait(&signals, nullptr, &tick);
      if (signal <= 0) continue;
      spdlog::info("asked to end (signal {})", signal);
      ending_ = true;
      v1::PoolCommand drain;
      drain.set_drain(true);
      Add(drain.SerializeAsString());
      return;
    }
  }

  static bool IsRefusal(const absl::Status& status) {
    return status.code() == absl::StatusCode::kInvalidArgument ||
           status.code() == absl::StatusCode::kPermissionDenied ||
           status.code() == absl::StatusCode::kUnauthenticated;
  }

  void Add(std::string command) {
    const std::lock_guard lock(mutex_);
    commands_.push_back(std::move(command));
    arrived_.notify_one();
  }

  static constexpr std::chrono::milliseconds kShortestPause{100}, kLongestPause{5000},
      kLongestPauseWithLease{400};
  PoolClient* client_;
  const ServerChoice server_;
  v1::AttachRequest request_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::condition_variable idle_;
  std::shared_ptr<PoolClient::Attachment> attachment_;
  std::deque<std::string> commands_;
  std::atomic<bool> ending_{false}, over_{false};
  std::thread reader_, signals_;  // last: they use the others
};

/// A failure that only this rank knows of: the others wait in a collective call, so all must end.
/// Says why, first.
[[noreturn]] void EndAllRanks(const PoolRank& pool, const v1::Lease& lease, const std::string& what,
                              bool permanent) {
  const Communicator& ranks = *pool.ranks;
  v1::ReportRequest report;
  report.set_lease(lease.id());
  report.set_permanent(permanent);
  v1::StateChange* change = report.add_event()->mutable_state_change();
  change->set_state(v1::FAILED);
  change->set_reason(absl::StrFormat("rank %d on %s: %s", ranks.rank(), HostName(), what));
  spdlog::error("{}", what);
  pool.log->Flush();
  (void)pool.client->Report(report);
  ranks.Abort();
}

void RunGuarded(const PoolRank& pool, const v1::Lease& lease) {
  try {
    RunLease(pool, lease);
  } catch (const DeviceMemoryError& error) {
    EndAllRanks(pool, lease, error.what(), /*permanent=*/true);
  } catch (const std::bad_alloc&) {
    EndAllRanks(pool, lease,
                absl::StrFormat("out of memory (%.2f GiB are free on its machine); use more ranks, "
                                "larger voxels or fewer of them",
                                static_cast<double>(AvailableMemoryBytes()) / (1 << 30)),
                /*permanent=*/true);
  } catch (const std::exception& error) {
    EndAllRanks(pool, lease, error.what(), /*permanent=*/false);
  }
}

/// This rank's GPU and its share of it; nullptr for the CPU. Collective. Ends all ranks, with the
/// reason logged, when the one that was asked for cannot be used.
std::unique_ptr<Accelerator> OpenAccelerator(const PoolOptions& options,
                                             const Communicator& ranks) {
  const auto give_up = [&](const absl::Status& why) {
    spdlog::error("--device=cuda: {}; or use --device=cpu", std::string(why.message()));
    ranks.Abort();
  };
  const absl::StatusOr<ChosenDevice> chosen = ChooseDevice(options.device, ranks.LocalRank());
  if (!chosen.ok()) give_up(chosen.status());
  if (ranks.rank() == 0 && !chosen->why.empty())
    spdlog::info("ranks compute on the CPU: {}", chosen->why);
  const Device& device = chosen->device;
  const std::string here =
      absl::StrFormat("%s %d %d", HostName(), static_cast<int>(device.kind), device.index);
  const std::vector<std::string> all = ranks.Gather(here);
  if (device.is_cpu()) return nullptr;
  const auto sharing = static_cast<std::int64_t>(std::count(all.begin(), all.end(), here));
  const std::int64_t limit = options.device_bytes_per_rank > 0
                                 ? options.device_bytes_per_rank
                                 : device.memory_bytes / 10 * 9 / sharing;
  auto accelerator = Accelerator::Open(device, limit);
  if (!accelerator.ok()) give_up(accelerator.status());
  return *std::move(accelerator);
}

}  // namespace

int ServePool(const PoolOptions& options, const Communicator& ranks) {
  const std::unique_ptr<Accelerator> accelerator = OpenAccelerator(options, ranks);
  absl::StatusOr<std::shared_ptr<grpc::Channel>> channel = PoolClient::Dial(options.server);
  if (!channel.ok()) {
    spdlog::error("rank {}: {}", ranks.rank(), std::string(channel.status().message()));
    return 2;
  }
  PoolClient client(*std::move(channel));
  RankLog log(&client, ranks.rank());
  const v1::AttachRequest request = MakeAttachRequest(options, ranks, accelerator.get());
  std::optional<Commands> commands;
  if (ranks.rank() == 0) commands.emplace(&client, options.server, request);
  const std::atomic<bool> never(false);
  const PoolRank pool{&client,
                      &log,
                      &ranks,
                      accelerator.get(),
                      request.memory_bytes_per_rank(),
                      commands ? &commands->ending() : &never};
  for (;;) {
    const std::string bytes = ranks.BroadcastPatiently(commands ? commands->Next() : "", 0);
    if (bytes == kRefused) return 1;
    v1::PoolCommand command;
    if (!command.ParseFromString(bytes)) continue;
    if (command.drain()) return 0;
    if (!command.has_lease()) continue;
    log.Begin(command.lease());
    if (ranks.rank() == 0)
      spdlog::info("attempt {} on {} ranks", command.lease().attempt(), ranks.size());
    if (commands) commands->WorkOn(command.lease().id());
    RunGuarded(pool, command.lease());
    if (commands) commands->WorkOn("");
    log.End();
    if (ranks.rank() == 0) spdlog::info("the lease of {} ended", command.lease().job());
  }
}

}  // namespace tomoslab
