// tomoslab-worker: one MPI rank of a pool. Started by mpirun or srun; dials the server and waits
// for jobs.
#include <mpi.h>
#include <signal.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdlib>
#include <map>
#include <string>

#include "proto/dial.h"
#include "proto/log_output.h"
#include "worker/app/heap.h"
#include "worker/app/pool_loop.h"
#include "worker/app/rank_info.h"
#include "worker/app/start_watch.h"
#include "worker/core/parallel.h"

namespace {

const std::map<std::string, tomoslab::DeviceChoice> kDevices = {
    {"auto", tomoslab::DeviceChoice::kAuto},
    {"cpu", tomoslab::DeviceChoice::kCpu},
    {"cuda", tomoslab::DeviceChoice::kCuda},
    {"emulated", tomoslab::DeviceChoice::kEmulated}};

struct Flags {
  tomoslab::PoolOptions pool;
  std::int64_t memory_mb = 0, device_memory_mb = 0;
  int threads = 0, start_seconds = 120;
  std::string token_file;
  tomoslab::LogFormat log_format = tomoslab::LogFormat::kText;
};

/// Files by flag or environment; the token not by flag, which everybody on the machine could read.
void AddServerFlags(CLI::App& app, Flags& flags) {
  tomoslab::ServerChoice& server = flags.pool.server;
  app.add_option("--server", server.address, "tomoslabd's address, HOST:PORT")->required();
  app.add_option("--tls-ca", server.tls.ca,
                 "the CA of the server's certificate, PEM, or \"system\"; switches TLS on")
      ->envname("TOMOSLAB_TLS_CA");
  app.add_option("--tls-cert", server.tls.certificate, "this pool's certificate, for mutual TLS")
      ->envname("TOMOSLAB_TLS_CERT");
  app.add_option("--tls-key", server.tls.key, "its private key")->envname("TOMOSLAB_TLS_KEY");
  app.add_option(
         "--token-file", flags.token_file,
         "the pool's token (tomoslab token create --role pool); or environment TOMOSLAB_TOKEN")
      ->envname("TOMOSLAB_TOKEN_FILE");
}

/// The token where there is one; false, with the reason printed, when its file cannot be read.
bool TakeToken(Flags& flags) {
  const char* token = std::getenv("TOMOSLAB_TOKEN");
  if (token != nullptr && flags.token_file.empty()) flags.pool.server.token = token;
  if (flags.token_file.empty()) return true;
  absl::StatusOr<std::string> read = tomoslab::ReadTokenFile(flags.token_file);
  if (read.ok()) {
    flags.pool.server.token = *std::move(read);
    return true;
  }
  spdlog::error("{}", std::string(read.status().message()));
  return false;
}

void AddFlags(CLI::App& app, Flags& flags) {
  AddServerFlags(app, flags);
  app.add_option("--pool", flags.pool.pool, "name of this pool, unique on its server")->required();
  app.add_option("--instance", flags.pool.instance,
                 "set by the launcher, so that it knows its own pool");
  app.add_option("--threads", flags.threads, "threads per rank (default: what OpenMP finds)")
      ->check(CLI::Range(1, 4096));
  app.add_option("--start-seconds", flags.start_seconds,
                 "a pool ends when not all of its ranks have started within so long")
      ->check(CLI::Range(1, 86400))
      ->capture_default_str();
  app.add_option(
         "--memory-mb", flags.memory_mb,
         "memory a rank may use, MiB (default: what is free, shared by the machine's ranks)")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{1} << 30));
  app.add_option("--log-format", flags.log_format, "lines on stderr: text (key=value) or json")
      ->transform(CLI::CheckedTransformer(tomoslab::kLogFormats).description("text|json"));
  app.add_option("--device", flags.pool.device,
                 "auto (a GPU where there is one), cpu or cuda; ranks of a machine share its GPUs")
      ->transform(CLI::CheckedTransformer(kDevices).description("auto|cpu|cuda|emulated"));
  app.add_option("--device-memory-mb", flags.device_memory_mb,
                 "memory of its GPU a rank may use, MiB (default: 90 %, shared by the GPU's ranks)")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{1} << 30));
}

/// Before any thread starts, so that all inherit it: rank 0's pool waits for the signals
/// (ServePool), the others follow it.
void BlockEndSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGUSR1);  // what mpirun hands on to all ranks; a SIGTERM it answers itself
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

void StartMpi(const Flags& flags, int argc, char** argv) {
  const tomoslab::StartWatch watch{std::chrono::seconds(flags.start_seconds)};
  int provided = 0;
  MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{
      "One MPI rank of a tomoslab pool.\nExample: mpirun -n 2 tomoslab-worker --server "
      "localhost:50177 --pool night"};
  Flags flags;
  AddFlags(app, flags);
  CLI11_PARSE(app, argc, argv);
  tomoslab::ReturnVectorsWhenFreed();
  tomoslab::LookAfterConnectionsOften();
  tomoslab::LogToStderr(flags.log_format);
  if (!TakeToken(flags)) return 2;
  if (flags.threads > 0) tomoslab::SetThreadCount(flags.threads);
  flags.pool.memory_bytes_per_rank = flags.memory_mb << 20;
  flags.pool.device_bytes_per_rank = flags.device_memory_mb << 20;

  BlockEndSignals();
  StartMpi(flags, argc, argv);
  const int exit_status = tomoslab::ServePool(flags.pool, tomoslab::Communicator::World());
  MPI_Finalize();
  return exit_status;
}
