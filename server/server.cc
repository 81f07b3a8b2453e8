#include "server/server.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <utility>

#include "absl/strings/str_format.h"
#include "server/data_file.h"
#include "server/schema.h"
#include "server/web/page_files.h"
#include "worker/core/status.h"

namespace tomoslab {
namespace {

constexpr int kDiskThreads = 8;
constexpr std::chrono::seconds kStreamGrace{3};
constexpr std::chrono::minutes kTidyEvery{10};

/// The host by which this machine itself reaches the server.
std::string DialedHost(const std::string& listen) {
  const std::string host = listen.substr(0, listen.rfind(':'));
  return host.empty() || host == "0.0.0.0" || host == "[::]" || host == "*" ? "127.0.0.1" : host;
}

/// A cut link is noticed within 22 s where a call is open (that of a pool with a lease sooner: its
/// ranks no longer beat), and clients may ping more often. A ping waits behind up to 4 MB of data:
/// with less patience a link of a few Mbit/s would be taken for a cut one. Connections without
/// calls are not pinged: gRPC looks after those only every 5 s, so a rank that computes would
/// answer too late.
void SetKeepalive(grpc::ServerBuilder& builder) {
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 2000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20'000);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 500);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PING_STRIKES, 0);
}

/// What a connection may take before anybody is asked who he is.
void SetBounds(grpc::ServerBuilder& builder) {
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, 10'000);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, 1000);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, 16 << 10);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const ServerOptions& options) {
  TOMOSLAB_RETURN_IF_ERROR(CheckListenOptions(options.listen));
  TOMOSLAB_RETURN_IF_ERROR(CheckWebOptions(options.web, options.listen));
  std::unique_ptr<Server> server(new Server());
  TOMOSLAB_RETURN_IF_ERROR(server->OpenStores(options));
  TOMOSLAB_RETURN_IF_ERROR(server->dispatcher_->Recover());
  TOMOSLAB_RETURN_IF_ERROR(server->Listen(options));
  TOMOSLAB_RETURN_IF_ERROR(server->StartWeb(options));
  server->drain_patience_ = options.drain_patience;
  PoolOptions pools = options.pools;
  if (NeedsTokens(options.listen)) pools.token = server->tokens_->CreateForLocalPools();
  server->StartPools(pools);
  server->janitor_ = std::make_unique<Janitor>(server->AllStores(), *server->audit_,
                                               options.retention, options.data_folder);
  server->janitor_->Start(kTidyEvery);
  return server;
}

absl::StatusOr<std::string> CreateTokenOffline(const std::string& data_folder,
                                               const v1::Token& token) {
  TOMOSLAB_RETURN_IF_ERROR(MakeFolder(data_folder));
  TOMOSLAB_ASSIGN_OR_RETURN(const std::unique_ptr<FolderLock> lock, FolderLock::Take(data_folder));
  TOMOSLAB_ASSIGN_OR_RETURN(const std::unique_ptr<Database> database,
                            Database::Open(data_folder + "/tomoslab.db"));
  TOMOSLAB_RETURN_IF_ERROR(PrepareSchema(*database));
  TOMOSLAB_ASSIGN_OR_RETURN(const std::unique_ptr<TokenStore> tokens, TokenStore::Open(*database));
  TOMOSLAB_ASSIGN_OR_RETURN(const v1::CreateTokenResponse created, tokens->Create(token));
  return created.secret();
}

absl::Status Server::MakeFirstAdmin(const std::string& folder) {
  if (tokens_->HasAdmin()) return absl::OkStatus();
  v1::Token admin;
  admin.set_role(v1::ROLE_ADMIN);
  admin.set_user("admin");
  admin.set_comment("made at the first start");
  TOMOSLAB_ASSIGN_OR_RETURN(const v1::CreateTokenResponse created, tokens_->Create(admin));
  const std::string path = folder + "/admin.token";
  TOMOSLAB_RETURN_IF_ERROR(WritePrivateFile(path, created.secret() + "\n"));
  spdlog::info("no admin has a token yet: one is in {}, for --token-file", path);
  return absl::OkStatus();
}

absl::Status Server::OpenStores(const ServerOptions& options) {
  const std::string& folder = options.data_folder;
  TOMOSLAB_RETURN_IF_ERROR(MakeFolder(folder));
  TOMOSLAB_ASSIGN_OR_RETURN(folder_lock_, FolderLock::Take(folder));
  TOMOSLAB_ASSIGN_OR_RETURN(database_, Database::Open(folder + "/tomoslab.db"));
  TOMOSLAB_RETURN_IF_ERROR(PrepareSchema(*database_));
  TOMOSLAB_ASSIGN_OR_RETURN(scans_, ScanStore::Open(*database_, folder + "/scans"));
  TOMOSLAB_ASSIGN_OR_RETURN(volumes_, VolumeStore::Open(folder + "/volumes"));
  TOMOSLAB_ASSIGN_OR_RETURN(previews_, PreviewStore::Open(*database_, folder + "/previews"));
  TOMOSLAB_ASSIGN_OR_RETURN(checkpoints_,
                            CheckpointStore::Open(*database_, folder + "/checkpoints"));
  TOMOSLAB_ASSIGN_OR_RETURN(logs_, JobLogs::Open(folder + "/logs"));
  job_lines_ = std::make_unique<JobLines>(*logs_, *scans_);
  jobs_ = std::make_unique<JobTable>(*database_);
  jobs_->Observe(job_lines_.get());
  metrics_ = std::make_unique<Metrics>(TOMOSLAB_VERSION);
  jobs_->Observe(metrics_.get());
  scans_->ObserveIngest([this](const IngestReport& ingest) { metrics_->NoteIngest(ingest); });
  data_folder_ = folder;
  for (const std::string& job : logs_->Jobs()) {
    if (absl::IsNotFound(jobs_->Get(job).status())) logs_->Remove(job);
  }
  queue_ = std::make_unique<JobQueue>(*scans_, *jobs_, *volumes_, *previews_);
  TOMOSLAB_RETURN_IF_ERROR(queue_->RemoveOrphans());
  dispatcher_ =
      std::make_unique<Dispatcher>(AllStores(), ExpectedOffers(options.pools), options.patience);
  TOMOSLAB_ASSIGN_OR_RETURN(tokens_, TokenStore::Open(*database_));
  TOMOSLAB_ASSIGN_OR_RETURN(audit_, AuditLog::Open(folder + "/audit.log"));
  ownership_ = std::make_unique<OwnershipTable>(*database_);
  const bool authenticate = NeedsTokens(options.listen);
  if (authenticate) TOMOSLAB_RETURN_IF_ERROR(MakeFirstAdmin(folder));
  gate_ = std::make_unique<Gate>(
      authenticate, options.limits,
      Gate::Parts{*tokens_, *ownership_, *audit_,
                  [this](const std::string& lease) { return dispatcher_->TokenOf(lease); },
                  [this](const CallReport& call) { metrics_->NoteCall(call); }});
  executor_ = std::make_unique<Executor>(kDiskThreads);
  return absl::OkStatus();
}

absl::Status Server::Listen(const ServerOptions& options) {
  const Entrance entrance{*gate_, *executor_};
  reconstruction_service_ = std::make_unique<ReconstructionService>(
      entrance, AllStores(), *dispatcher_, options.data_folder);
  pool_service_ = std::make_unique<PoolService>(entrance, AllStores(), *dispatcher_);
  access_service_ = std::make_unique<AccessService>(entrance, *tokens_, *ownership_);
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  grpc::ServerBuilder builder;
  SetKeepalive(builder);
  SetBounds(builder);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.RegisterService(reconstruction_service_.get());
  builder.RegisterService(pool_service_.get());
  builder.RegisterService(access_service_.get());
  int port = 0, pool_port = 0;
  const std::string& listen = options.listen.address;
  if (!listen.empty()) builder.AddListeningPort(listen, CredentialsFor(options.listen), &port);
  if (UsesTls(options.listen) && options.pools.pools > 0) {
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &pool_port);
  }
  grpc_server_ = builder.BuildAndStart();
  if (grpc_server_ == nullptr || (port == 0 && !listen.empty())) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "cannot listen on %s: the address is in use, or not of this machine", listen));
  }
  if (port != 0) address_ = absl::StrFormat("%s:%d", DialedHost(listen), port);
  pool_address_ = pool_port != 0 ? absl::StrFormat("127.0.0.1:%d", pool_port) : address_;
  return absl::OkStatus();
}

absl::Status Server::StartWeb(const ServerOptions& options) {
  const std::string address = WebAddress(options.web, options.listen.address);
  if (address.empty()) return absl::OkStatus();
  const std::shared_ptr<grpc::Channel> channel = InProcessChannel();
  web_ = std::make_unique<WebServer>(channel);
  web_->Route("GET", "/metrics", v1::ROLE_VIEWER, [this](const HttpRequest&) {
    HttpResponse response;
    response.type = "text/plain; version=0.0.4; charset=utf-8";
    response.body = MetricsText();
    return response;
  });
  AddPageFiles(*web_);
  sight_ = std::make_unique<Sight>(channel);
  job_routes_ = std::make_unique<JobRoutes>(channel, *sight_);
  job_routes_->AddTo(*web_);
  live_routes_ = std::make_unique<LiveRoutes>(
      channel, *sight_, *jobs_, NeedsTokens(options.listen) ? options.limits.watchers : 0);
  live_routes_->AddTo(*web_);
  const absl::Status started = web_->Start(address, options.web, options.listen);
  if (started.ok()) return started;
  web_.reset();
  if (!options.web.address.empty()) return started;
  // Nobody asked for this port, so it is no reason to end.
  spdlog::warn("no web page: {}; --web ADDRESS:PORT chooses another",
               std::string(started.message()));
  return absl::OkStatus();
}

void Server::StartPools(const PoolOptions& options) {
  // Without local pools too: it also watches over those that dial in.
  if (!address_.empty()) {
    supervisor_ = std::make_unique<PoolSupervisor>(options, pool_address_, *dispatcher_);
  }
}

std::shared_ptr<grpc::Channel> Server::InProcessChannel() {
  return grpc_server_->InProcessChannel(grpc::ChannelArguments());
}

std::string Server::MetricsText() {
  ServerState state;
  state.jobs = jobs_->CountByState().value_or(std::map<v1::JobState, int>());
  state.pools = dispatcher_->Pools();
  if (const absl::StatusOr<DiskSpace> space = SpaceOf(data_folder_); space.ok())
    state.space = *space;
  state.watchers = jobs_->watchers().Count() + logs_->watchers().Count();
  state.open_streams = gate_->OpenStreams();
  return metrics_->Text(state);
}

void Server::Drain() {
  janitor_.reset();
  if (dispatcher_ != nullptr) {
    dispatcher_->Drain(drain_patience_);
    jobs_->watchers().NotifyAll();
    logs_->watchers().NotifyAll();
  }
  if (web_ != nullptr) {
    live_routes_->Stop();
    web_.reset();
    live_routes_.reset();
    job_routes_.reset();
    sight_.reset();
  }
  supervisor_.reset();  // waits for the pools to end
  if (grpc_server_ != nullptr) {
    grpc_server_->Shutdown(std::chrono::system_clock::now() + kStreamGrace);
    grpc_server_->Wait();
    grpc_server_.reset();
  }
  executor_.reset();
}

Server::~Server() { Drain(); }

}  // namespace tomoslab
