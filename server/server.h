// tomoslabd without its command line: stores, services, local pools, and their order of birth and
// death.
#pragma once

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "server/access_service.h"
#include "server/audit_log.h"
#include "server/dispatcher.h"
#include "server/executor.h"
#include "server/folder_lock.h"
#include "server/gate.h"
#include "server/janitor.h"
#include "server/job_lines.h"
#include "server/listening.h"
#include "server/metrics.h"
#include "server/pool_service.h"
#include "server/pool_supervisor.h"
#include "server/reconstruction_service.h"
#include "server/web/job_routes.h"
#include "server/web/live_routes.h"
#include "server/web/web_server.h"

namespace tomoslab {

struct ServerOptions {
  ListenOptions listen;
  WebOptions web{.address = "none", .names = {}};
  Limits limits;
  Retention retention;
  std::string data_folder;
  PoolOptions pools;
  PoolPatience patience;
  std::chrono::milliseconds drain_patience{0};  // for running jobs to leave a checkpoint
};

/// Makes a token in the data folder of a server that does not run, e.g. when the last admin has
/// lost his; returns its secret. FailedPrecondition: the folder is in use.
absl::StatusOr<std::string> CreateTokenOffline(const std::string& data_folder,
                                               const v1::Token& token);

class Server {
 public:
  /// FailedPrecondition: the data folder is in use, or its version unknown. InvalidArgument: the
  /// address, or as CheckListenOptions.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const ServerOptions& options);
  ~Server();  // drains

  /// "host:port" on which it listens; "" when it does not.
  const std::string& address() const { return address_; }
  /// Where local pools dial: with TLS another port, of the loopback, without TLS.
  const std::string& pool_address() const { return pool_address_; }
  std::shared_ptr<grpc::Channel> InProcessChannel();
  /// "host:port" of the web page; "" when there is none.
  std::string web_address() const { return web_ == nullptr ? "" : web_->address(); }

  /// Prometheus' text format.
  std::string MetricsText();

  /// Lets running jobs leave a checkpoint, queues them again, ends the pools, closes the store.
  /// Once.
  void Drain();

 private:
  Server() = default;
  absl::Status OpenStores(const ServerOptions& options);
  /// Whoever reads the data folder may become the first admin.
  absl::Status MakeFirstAdmin(const std::string& folder);
  absl::Status Listen(const ServerOptions& options);
  absl::Status StartWeb(const ServerOptions& options);
  void StartPools(const PoolOptions& options);
  Stores AllStores() {
    return {*scans_, *jobs_, *volumes_, *previews_, *queue_, *checkpoints_, logs_.get()};
  }

  std::unique_ptr<FolderLock> folder_lock_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<ScanStore> scans_;
  std::unique_ptr<JobLogs> logs_;
  std::unique_ptr<JobLines> job_lines_;
  std::unique_ptr<Metrics> metrics_;
  std::unique_ptr<JobTable> jobs_;
  std::unique_ptr<VolumeStore> volumes_;
  std::unique_ptr<PreviewStore> previews_;
  std::unique_ptr<CheckpointStore> checkpoints_;
  std::unique_ptr<JobQueue> queue_;
  std::unique_ptr<Dispatcher> dispatcher_;
  std::unique_ptr<TokenStore> tokens_;
  std::unique_ptr<OwnershipTable> ownership_;
  std::unique_ptr<AuditLog> audit_;
  std::unique_ptr<Gate> gate_;
  std::unique_ptr<Executor> executor_;  // its tasks use all of the above
  std::unique_ptr<ReconstructionService> reconstruction_service_;
  std::unique_ptr<PoolService> pool_service_;
  std::unique_ptr<AccessService> access_service_;
  std::unique_ptr<grpc::Server> grpc_server_;
  std::unique_ptr<Sight> sight_;
  std::unique_ptr<JobRoutes> job_routes_;
  std::unique_ptr<LiveRoutes> live_routes_;
  std::unique_ptr<WebServer> web_;  // calls the services
  std::unique_ptr<PoolSupervisor> supervisor_;
  std::unique_ptr<Janitor> janitor_;
  std::string address_, pool_address_, data_folder_;
  std::chrono::milliseconds drain_patience_{0};
};

}  // namespace tomoslab
