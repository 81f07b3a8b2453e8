// tomoslabd without its command line: stores, services, local pools, and their order of birth and
// death.
#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "server/dispatcher.h"
#include "server/executor.h"
#include "server/listening.h"
#include "server/pool_service.h"
#include "server/pool_supervisor.h"
#include "server/reconstruction_service.h"

namespace tomoslab {

struct ServerOptions {
  ListenOptions listen;
  std::string data_folder;
  PoolOptions pools;
};

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

  /// Takes no more calls, queues running jobs again, ends the pools, closes the store. Once.
  void Drain();

 private:
  Server() = default;
  absl::Status OpenStores(const ServerOptions& options);
  absl::Status Listen(const ServerOptions& options);
  void StartPools(const PoolOptions& options);
  Stores AllStores() { return {*scans_, *jobs_, *volumes_, *previews_, *queue_}; }

  class FolderLock;
  std::unique_ptr<FolderLock> folder_lock_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<ScanStore> scans_;
  std::unique_ptr<JobTable> jobs_;
  std::unique_ptr<VolumeStore> volumes_;
  std::unique_ptr<PreviewStore> previews_;
  std::unique_ptr<JobQueue> queue_;
  std::unique_ptr<Dispatcher> dispatcher_;
  std::unique_ptr<Executor> executor_;  // its tasks use all of the above
  std::unique_ptr<ReconstructionService> reconstruction_service_;
  std::unique_ptr<PoolService> pool_service_;
  std::unique_ptr<grpc::Server> grpc_server_;
  std::unique_ptr<PoolSupervisor> supervisor_;
  std::string address_, pool_address_;
};

}  // namespace tomoslab
