// tomoslabd: flags and wiring.
#include <google/protobuf/stubs/logging.h>
#include <signal.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/log_output.h"
#include "server/machine.h"
#include "server/server.h"
#include "worker/core/device.h"
#include "worker/core/status.h"

namespace {

using tomoslab::Machine;
using tomoslab::Server;
using tomoslab::ServerOptions;
namespace v1 = tomoslab::v1;

struct Flags {
  ServerOptions server;
  std::string port_file, web_port_file;
  bool no_local_pool = false;
  double pool_silence_seconds = 600, rank_silence_seconds = 7, drain_seconds = 30;
  double quota_gib = 0;
  int idle_seconds = 300;
  double least_kib_per_second = 32;
  double keep_jobs_days = 0, keep_scans_days = 0, free_gib = 0;
};

std::filesystem::path OwnFolder() {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
}

void AddListenFlags(CLI::App& app, tomoslab::ListenOptions& listen) {
  app.add_option("--listen", listen.address, "Address and port; port 0 takes any free one")
      ->capture_default_str();
  app.add_option("--tls-cert", listen.tls.certificate, "The server's certificate, PEM")
      ->type_name("FILE");
  app.add_option("--tls-key", listen.tls.key, "Its private key, PEM")->type_name("FILE");
  app.add_option("--tls-client-ca", listen.tls.ca,
                 "Mutual TLS: clients and pools must show a certificate that this CA issued")
      ->type_name("FILE");
  app.add_option("--tls-reload-seconds", listen.tls_reload_seconds,
                 "How often TLS files are looked at for changes")
      ->check(CLI::Range(1, 86400))
      ->capture_default_str();
  app.add_flag("--authenticate", listen.authenticate,
               "Ask for tokens also without TLS; with TLS they are always asked for");
  app.add_flag("--insecure", listen.insecure,
               "Listen without TLS on an address that other machines reach");
}

void AddWebFlags(CLI::App& app, Flags& flags) {
  app.add_option("--web", flags.server.web.address,
                 "Address and port of the web page, or none; default: as --listen, the next port")
      ->type_name("ADDRESS:PORT");
  app.add_option("--web-host", flags.server.web.names,
                 "A name by which browsers reach the web page of a server without TLS, beside this "
                 "machine's own name and addresses")
      ->type_name("NAME");
  app.add_option("--web-port-file", flags.web_port_file,
                 "File that gets \"host:port\" of the web page once it is there");
}

void AddLimitFlags(CLI::App& app, Flags& flags) {
  tomoslab::Limits& limits = flags.server.limits;
  const std::string group = "Limits (0 = none; of each user, where tokens are asked for)";
  app.add_option("--calls-per-second", limits.calls_per_second, "Calls, on average")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str()
      ->group(group);
  app.add_option("--watchers-per-user", limits.watchers, "Jobs watched at once")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str()
      ->group(group);
  app.add_option("--streams-per-user", limits.streams, "Uploads and downloads at once")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str()
      ->group(group);
  app.add_option("--queued-jobs-per-user", limits.queued_jobs, "Jobs in the queue")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str()
      ->group(group);
  app.add_option("--quota-gib", flags.quota_gib, "GiB of scans, volumes, checkpoints and previews")
      ->check(CLI::Range(0.0, 1e9))
      ->capture_default_str()
      ->group(group);
  app.add_option("--least-kib-per-second", flags.least_kib_per_second,
                 "Streams whose reader falls behind this rate by --idle-seconds are cut")
      ->check(CLI::Range(0.0, 1e6))
      ->capture_default_str()
      ->group(group);
  app.add_option("--idle-seconds", flags.idle_seconds,
                 "Streams on which nothing moves for so long, though it should, are cut")
      ->check(CLI::Range(0, 1'000'000))
      ->capture_default_str()
      ->group(group);
}

void AddRetentionFlags(CLI::App& app, Flags& flags) {
  const std::string group = "Retention (0 = for ever; tomoslab keep exempts single jobs and scans)";
  app.add_option("--keep-jobs-days", flags.keep_jobs_days, "Jobs and volumes, since their end")
      ->check(CLI::Range(0.0, 1e5))
      ->capture_default_str()
      ->group(group);
  app.add_option("--keep-scans-days", flags.keep_scans_days,
                 "Scans, since their creation and their last job's end")
      ->check(CLI::Range(0.0, 1e5))
      ->capture_default_str()
      ->group(group);
  app.add_option("--free-gib", flags.free_gib,
                 "With less free space the oldest jobs and scans are deleted, but nothing of the "
                 "last day")
      ->check(CLI::Range(0.0, 1e9))
      ->capture_default_str()
      ->group(group);
}

void AddFlags(CLI::App& app, Flags& flags) {
  tomoslab::PoolOptions& pools = flags.server.pools;
  AddListenFlags(app, flags.server.listen);
  AddWebFlags(app, flags);
  AddLimitFlags(app, flags);
  AddRetentionFlags(app, flags);
  app.add_option("--data", flags.server.data_folder,
                 "Folder for scans, volumes and the database; made if it is not there")
      ->capture_default_str();
  app.add_option("--log-format", pools.log_format,
                 "Lines on stderr, of local pools too: text (key=value) or json")
      ->transform(CLI::CheckedTransformer(tomoslab::kLogFormats).description("text|json"));
  app.add_option("--port-file", flags.port_file,
                 "File that gets \"host:port\" once the server listens");
  app.add_option("--pools", pools.pools, "Local pools")
      ->check(CLI::Range(0, 64))
      ->capture_default_str();
  app.add_flag("--no-local-pool", flags.no_local_pool, "Start no pool; pools dial in");
  app.add_option(
         "--ranks", pools.ranks,
         "MPI ranks of a local pool; 0 = one per NUMA node, or per GPU where there are more")
      ->check(CLI::Range(0, 4096));
  app.add_option("--threads", pools.threads,
                 "Threads of a rank; 0 = the machine's cores shared out")
      ->check(CLI::Range(0, 4096));
  app.add_option("--device", pools.device,
                 "What local pools compute on; auto: GPUs where there are any")
      ->check(CLI::IsMember({"auto", "cpu", "cuda", "emulated"}))
      ->capture_default_str();
  app.add_option("--device-memory-mb-per-rank", pools.device_memory_mb_per_rank,
                 "MiB of its GPU that a rank may use; 0 = 90 % of it, shared by the GPU's ranks")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--memory-mb-per-rank", pools.memory_mb_per_rank,
                 "MiB that a rank may use; 0 = 80 % of the machine's, shared out")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--worker", pools.worker, "The worker program")->capture_default_str();
  app.add_option("--mpirun", pools.mpirun, "MPI's launcher")->capture_default_str();
  app.add_option("--pool-silence-seconds", flags.pool_silence_seconds,
                 "A pool that works on a job and says nothing for so long is started again")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option(
         "--rank-silence-seconds", flags.rank_silence_seconds,
         "A pool loses its job when one of its ranks gives no sign for so long, or when its "
         "connection broke and is not back after a third of it")
      ->check(CLI::Range(3.0, 3600.0))
      ->capture_default_str();
  app.add_option("--drain-seconds", flags.drain_seconds,
                 "After SIGTERM, time for jobs to leave a checkpoint")
      ->check(CLI::Range(0.0, 86400.0))
      ->capture_default_str();
}

std::chrono::milliseconds Milliseconds(double seconds) {
  return std::chrono::milliseconds(static_cast<std::int64_t>(1000 * seconds));
}

/// As many ranks as GPUs, and 90 % of a GPU's memory for its ranks. InvalidArgument: local pools
/// asked for GPUs that are not there; they would end at once, again and again.
absl::Status SetDeviceDefaults(tomoslab::PoolOptions& pools) {
  if (pools.device == "cpu" || pools.device == "emulated") return absl::OkStatus();
  const absl::StatusOr<std::vector<tomoslab::Device>> gpus = tomoslab::CudaDevices();
  if (!gpus.ok()) {
    if (pools.device != "cuda" || pools.pools == 0) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrCat("--device=cuda: ", gpus.status().message(),
                                                   "; or choose --device=auto or cpu"));
  }
  const int count = static_cast<int>(gpus->size());
  if (pools.ranks == 0) pools.ranks = std::max(pools.numa_nodes, count);
  if (pools.device_memory_mb_per_rank > 0) return absl::OkStatus();
  const int sharing = (pools.ranks * std::max(1, pools.pools) + count - 1) / count;
  for (const tomoslab::Device& gpu : *gpus) {
    const std::int64_t mb = (gpu.memory_bytes >> 20) * 9 / 10 / sharing;
    std::int64_t& least = pools.device_memory_mb_per_rank;
    least = least == 0 ? mb : std::min(least, mb);
  }
  return absl::OkStatus();
}

absl::Status SetDefaults(Flags& flags) {
  tomoslab::PoolOptions& pools = flags.server.pools;
  const std::filesystem::path preload = OwnFolder() / "tomoslab_bind_to_loopback.so";
#ifndef __SANITIZE_ADDRESS__  // whose own library must be the first
  if (std::filesystem::exists(preload)) pools.preload = preload.string();
#endif
  flags.server.limits.quota_bytes = static_cast<std::int64_t>(flags.quota_gib * (1 << 30));
  flags.server.limits.idle = std::chrono::seconds(flags.idle_seconds);
  flags.server.limits.least_bytes_per_second = 1024 * flags.least_kib_per_second;
  tomoslab::Retention& retention = flags.server.retention;
  retention.jobs = absl::Hours(24 * flags.keep_jobs_days);
  retention.scans = absl::Hours(24 * flags.keep_scans_days);
  retention.free_bytes = static_cast<std::int64_t>(flags.free_gib * (1 << 30));
  if (flags.no_local_pool) pools.pools = 0;
  flags.server.patience.silence = Milliseconds(flags.pool_silence_seconds);
  // A connection breaks when a pool dies, some seconds after its hosts lost each other; all in
  // all a lease is to end within 10 s.
  flags.server.patience.beat = Milliseconds(flags.rank_silence_seconds);
  flags.server.patience.reattach = Milliseconds(flags.rank_silence_seconds / 3);
  flags.server.drain_patience = Milliseconds(flags.drain_seconds);
  const Machine machine = tomoslab::ThisMachine();
  pools.numa_nodes = machine.numa_nodes;
  TOMOSLAB_RETURN_IF_ERROR(SetDeviceDefaults(pools));
  if (pools.ranks == 0) pools.ranks = machine.numa_nodes;
  const int all_ranks = pools.ranks * std::max(1, pools.pools);
  if (pools.threads == 0) pools.threads = std::max(1, machine.cores / all_ranks);
  if (pools.memory_mb_per_rank == 0) {
    pools.memory_mb_per_rank = (machine.memory_bytes >> 20) * 8 / 10 / all_ranks;
  }
  return absl::OkStatus();
}

/// Readers see the whole line or no file.
bool WritePortFile(const std::string& path, const std::string& address) {
  const std::string partial = path + ".partial";
  {
    std::ofstream file(partial);
    file << address << "\n";
    if (!file.flush()) return false;
  }
  return std::rename(partial.c_str(), path.c_str()) == 0;
}

sigset_t BlockEndSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  return signals;
}

int Run(const Flags& flags, const sigset_t& end_signals) {
  tomoslab::AllowMostOpenFiles();
  absl::StatusOr<std::unique_ptr<Server>> server = Server::Start(flags.server);
  if (!server.ok()) {
    spdlog::error("{}", std::string(server.status().message()));
    return absl::IsInvalidArgument(server.status()) ? 2 : 1;
  }
  spdlog::info("listening on {}, data in {}", (*server)->address(), flags.server.data_folder);
  if (!flags.port_file.empty() && !WritePortFile(flags.port_file, (*server)->address())) {
    spdlog::error("cannot write {}", flags.port_file);
    return 1;
  }
  const std::string web = (*server)->web_address();
  if (!web.empty()) {
    spdlog::info("web page at http{}://{}/", tomoslab::UsesTls(flags.server.listen) ? "s" : "",
                 web);
  }
  if (!flags.web_port_file.empty() && !WritePortFile(flags.web_port_file, web)) {
    spdlog::error("cannot write {}", flags.web_port_file);
    return 1;
  }
  int signal = 0;
  sigwait(&end_signals, &signal);
  spdlog::info("draining after signal {}", signal);
  (*server)->Drain();
  server->reset();
  spdlog::info("closed");
  return 0;
}

struct NewToken {
  std::string user = "admin";
  v1::Role role = v1::ROLE_ADMIN;
};

const CLI::App* AddCreateToken(CLI::App& app, Flags& flags, NewToken& token) {
  CLI::App* command = app.add_subcommand(
      "create-token", "Make a token while the server does not run; prints its secret");
  command->add_option("--data", flags.server.data_folder, "The server's data folder")->required();
  command->add_option("--user", token.user, "Whose it is")->capture_default_str();
  command->add_option("--role", token.role, "viewer, operator, admin or pool (default: admin)")
      ->transform(
          CLI::CheckedTransformer(std::map<std::string, v1::Role>{{"viewer", v1::ROLE_VIEWER},
                                                                  {"operator", v1::ROLE_OPERATOR},
                                                                  {"admin", v1::ROLE_ADMIN},
                                                                  {"pool", v1::ROLE_POOL}},
                                  CLI::ignore_case)
              .description(""));
  return command;
}

int CreateToken(const std::string& folder, const NewToken& wanted) {
  v1::Token token;
  token.set_user(wanted.user);
  token.set_role(wanted.role);
  const absl::StatusOr<std::string> secret = tomoslab::CreateTokenOffline(folder, token);
  if (!secret.ok()) {
    spdlog::error("{}", std::string(secret.status().message()));
    return absl::IsInvalidArgument(secret.status()) ? 2 : 1;
  }
  std::printf("%s\n", secret->c_str());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  // Before any thread starts, so that all inherit the mask and only sigwait sees them.
  const sigset_t end_signals = BlockEndSignals();
  tomoslab::LogToStderr(tomoslab::LogFormat::kText);
  // Protobuf would log every message of a stranger that it cannot read.
  google::protobuf::SetLogHandler(nullptr);

  Flags flags;
  flags.server.data_folder = "tomoslab-data";
  flags.server.web.address = "";
  flags.server.pools.ranks = flags.server.pools.threads = 0;
  flags.server.pools.worker = (OwnFolder() / "tomoslab-worker").string();
  CLI::App app("tomoslabd: takes scans, queues jobs, runs pools of MPI ranks, keeps volumes");
  app.set_version_flag("--version", TOMOSLAB_VERSION);
  AddFlags(app, flags);
  NewToken new_token;
  const CLI::App* create_token = AddCreateToken(app, flags, new_token);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (create_token->parsed()) return CreateToken(flags.server.data_folder, new_token);
  tomoslab::LogToStderr(flags.server.pools.log_format);
  if (const absl::Status set = SetDefaults(flags); !set.ok()) {
    spdlog::error("{}", std::string(set.message()));
    return 2;
  }
  return Run(flags, end_signals);
}
