// A server that asks for tokens, in this process, on a port of the loopback: who gets in, and who
// sees what.
#include <gmock/gmock.h>
#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "proto/dial.h"
#include "server/access_rules.h"
#include "server/server.h"
#include "tests/server/temporary_folder.h"
#include "tests/server/test_client.h"
#include "tomoslab/v1/access.grpc.pb.h"

namespace tomoslab {
namespace {

using google::protobuf::MethodDescriptor;
using testing::HasSubstr;

class AccessTest : public testing::Test {
 protected:
  AccessTest() { Start({}); }
  void Start(const Limits& limits) {
    server_.reset();
    ServerOptions options;
    options.listen.address = "127.0.0.1:0";
    options.listen.authenticate = true;
    options.limits = limits;
    options.data_folder = folder_.path() + "/data";
    options.pools.pools = 0;
    absl::StatusOr<std::unique_ptr<Server>> server = Server::Start(options);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    admin_ = *ReadTokenFile(folder_.path() + "/data/admin.token");
  }

  std::shared_ptr<grpc::Channel> Channel(const std::string& token) {
    return *Dial({server_->address(), {}, token}, {});
  }
  absl::StatusOr<v1::CreateTokenResponse> Create(const v1::Token& token) {
    v1::CreateTokenRequest request;
    *request.mutable_token() = token;
    return Call<v1::CreateTokenResponse>(admin_, &v1::Access::Stub::CreateToken, request);
  }
  /// The secret of a new token.
  std::string Token(v1::Role role, const std::string& user,
                    const std::vector<std::string>& groups = {}) {
    v1::Token token;
    token.set_role(role);
    token.set_user(user);
    for (const std::string& group : groups) token.add_group(group);
    return Create(token)->secret();
  }
  TestClient Client(const std::string& token) { return TestClient(Channel(token)); }

  template <class Response, class Method, class Request>
  absl::StatusOr<Response> Call(const std::string& token, Method method, const Request& request) {
    const auto stub = v1::Access::NewStub(Channel(token));
    grpc::ClientContext context;
    Response response;
    const grpc::Status status = (stub.get()->*method)(&context, request, &response);
    if (!status.ok()) return FromGrpc(status);
    return response;
  }
  absl::Status Share(const std::string& token, const std::string& name,
                     const std::vector<std::string>& groups) {
    v1::ShareRequest request;
    request.set_name(name);
    for (const std::string& group : groups) request.add_group(group);
    return Call<v1::ShareResponse>(token, &v1::Access::Stub::Share, request).status();
  }
  template <class Request, class Response>
  absl::Status Status(const std::string& token,
                      grpc::Status (v1::Reconstruction::Stub::*method)(grpc::ClientContext*,
                                                                       const Request&, Response*),
                      const std::string& name) {
    Request request;
    request.set_name(name);
    return Client(token).Call<Response>(method, request).status();
  }
  /// How a call of any kind with an empty request ends.
  absl::Status Try(const std::string& token, const MethodDescriptor& method) {
    grpc::GenericStub stub(Channel(token));
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
    grpc::CompletionQueue queue;
    const std::string path = "/" + method.service()->full_name() + "/" + method.name();
    const auto call = stub.PrepareCall(&context, path, &queue);
    const auto wait = [&] {
      void* tag = nullptr;
      bool ok = false;
      return queue.Next(&tag, &ok) && ok;
    };
    call->StartCall(nullptr);
    wait();
    const grpc::ByteBuffer empty;
    grpc::WriteOptions last;
    call->WriteLast(empty.Valid() ? empty : grpc::ByteBuffer(nullptr, 0), last, nullptr);
    wait();
    grpc::Status status;
    grpc::ByteBuffer answer;
    do call->Read(&answer, nullptr);
    while (wait());
    call->Finish(&status, nullptr);
    wait();
    return FromGrpc(status);
  }
  static std::vector<const MethodDescriptor*> AllMethods() {
    std::vector<const MethodDescriptor*> methods;
    for (const auto* service : AllServices()) {
      for (int i = 0; i < service->method_count(); ++i) methods.push_back(service->method(i));
    }
    return methods;
  }
  std::vector<nlohmann::json> Audit() {
    std::vector<nlohmann::json> lines;
    std::ifstream file(folder_.path() + "/data/audit.log");
    for (std::string line; std::getline(file, line);) lines.push_back(nlohmann::json::parse(line));
    return lines;
  }
  std::string FullScan(const std::string& token) {
    TestClient client = Client(token);
    const absl::StatusOr<v1::Scan> scan = client.CreateScan(SampleScan());
    EXPECT_TRUE(scan.ok()) << scan.status();
    EXPECT_TRUE(client.Upload(scan->name(), AllChunks(*scan)).ok());
    return scan->name();
  }

  TemporaryFolder folder_;
  std::unique_ptr<Server> server_;
  std::string admin_;
};

TEST_F(AccessTest, NoMethodLetsAStrangerIn) {
  for (const MethodDescriptor* method : AllMethods()) {
    for (const std::string& token : {std::string(), std::string("tomoslab_1_AAAA")}) {
      const absl::Status status = Try(token, *method);
      EXPECT_TRUE(absl::IsUnauthenticated(status) || absl::IsUnimplemented(status))
          << method->full_name() << ": " << status;
    }
  }
}

TEST_F(AccessTest, EveryMethodKeepsToItsRole) {
  const std::map<v1::Role, std::string> tokens = {
      {v1::ROLE_VIEWER, Token(v1::ROLE_VIEWER, "v")},
      {v1::ROLE_OPERATOR, Token(v1::ROLE_OPERATOR, "o")},
      {v1::ROLE_ADMIN, Token(v1::ROLE_ADMIN, "a")},
      {v1::ROLE_POOL, Token(v1::ROLE_POOL, "p")}};
  for (const MethodDescriptor* method : AllMethods()) {
    for (const auto& [role, token] : tokens) {
      const bool allowed = RoleSuffices(role, *MethodOf(*method->input_type()).rule);
      const absl::Status status = Try(token, *method);
      if (absl::IsUnimplemented(status)) continue;
      EXPECT_EQ(absl::IsPermissionDenied(status), !allowed)
          << method->full_name() << " for " << v1::Role_Name(role) << ": " << status;
      EXPECT_FALSE(absl::IsUnauthenticated(status));
    }
  }
}

TEST_F(AccessTest, UsersSeeTheirOwnAndTheirGroupsThings) {
  const std::string alice = Token(v1::ROLE_OPERATOR, "alice", {"beamline"}),
                    bob = Token(v1::ROLE_OPERATOR, "bob", {"beamline"}),
                    eve = Token(v1::ROLE_OPERATOR, "eve", {"others"}),
                    viewer = Token(v1::ROLE_VIEWER, "v", {"beamline"});
  const std::string scan = FullScan(alice);
  const absl::StatusOr<v1::CreateJobResponse> job = Client(bob).CreateJob(SampleJob(scan));
  ASSERT_TRUE(job.ok()) << job.status();
  const std::string name = job->job().name();
  EXPECT_EQ(job->job().owner(), "bob");
  EXPECT_THAT(job->job().group(), testing::ElementsAre("beamline"));
  EXPECT_EQ(Client(bob).GetScan(scan)->owner(), "alice");

  EXPECT_TRUE(Client(viewer).GetJob(name).ok());
  EXPECT_TRUE(absl::IsPermissionDenied(Client(viewer).CancelJob(name).status()));
  EXPECT_TRUE(Client(admin_).GetJob(name).ok());
  // Eve is told what she would be told if there were no such thing.
  EXPECT_EQ(Client(eve).GetJob(name).status(), absl::NotFoundError("there is no " + name));
  EXPECT_EQ(Client(eve).GetJob("jobs/99").status(), absl::NotFoundError("there is no jobs/99"));
  EXPECT_TRUE(absl::IsNotFound(Client(eve).GetScan(scan).status()));
  EXPECT_TRUE(absl::IsNotFound(Client(eve).CreateJob(SampleJob(scan)).status()));
  EXPECT_TRUE(absl::IsNotFound(Client(eve).Upload(scan, AllChunks(SampleScan()))));
  EXPECT_TRUE(absl::IsNotFound(Client(eve).CancelJob(name).status()));
  EXPECT_TRUE(absl::IsNotFound(Client(eve).WatchToEnd(name).status()));
  EXPECT_TRUE(absl::IsNotFound(Client(eve).ReadSlices(name).status()));
  v1::JobSpec from_bobs = SampleJob(FullScan(eve));
  from_bobs.mutable_start()->set_job(name);
  EXPECT_TRUE(absl::IsNotFound(Client(eve).CreateJob(from_bobs).status()));

  EXPECT_TRUE(absl::IsPermissionDenied(Status(bob, &v1::Reconstruction::Stub::DeleteScan, scan)));
  EXPECT_TRUE(absl::IsPermissionDenied(Share(bob, scan, {})));
  EXPECT_TRUE(absl::IsInvalidArgument(Share(alice, scan, {"others"})));  // not hers to give
  EXPECT_TRUE(Client(alice).CancelJob(name).ok());                       // her group's
}

TEST_F(AccessTest, ListsShowWhatOneMaySee) {
  const std::string alice = Token(v1::ROLE_OPERATOR, "alice", {"beamline"}),
                    bob = Token(v1::ROLE_OPERATOR, "bob"),
                    viewer = Token(v1::ROLE_VIEWER, "v", {"beamline", "night"});
  const std::string of_alice = FullScan(alice), of_bob = FullScan(bob);
  ASSERT_TRUE(Client(alice).CreateJob(SampleJob(of_alice)).ok());
  ASSERT_TRUE(Client(bob).CreateJob(SampleJob(of_bob)).ok());
  const auto seen = [&](const std::string& token) {
    std::string names;
    TestClient client = Client(token);
    const auto scans = client.Call<v1::ListScansResponse>(&v1::Reconstruction::Stub::ListScans,
                                                          v1::ListScansRequest());
    for (const v1::Scan& scan : scans->scan()) names += scan.name() + " ";
    const auto jobs = client.Call<v1::ListJobsResponse>(&v1::Reconstruction::Stub::ListJobs,
                                                        v1::ListJobsRequest());
    for (const v1::Job& job : jobs->job()) names += job.name() + " ";
    return names;
  };
  EXPECT_EQ(seen(alice), "scans/1 jobs/1 ");
  EXPECT_EQ(seen(bob), "scans/2 jobs/2 ");
  EXPECT_EQ(seen(viewer), "scans/1 jobs/1 ");
  EXPECT_EQ(seen(admin_), "scans/2 scans/1 jobs/2 jobs/1 ");
  ASSERT_TRUE(Share(alice, "jobs/1", {}).ok());
  ASSERT_TRUE(Share(admin_, "scans/2", {"night"}).ok());
  EXPECT_EQ(seen(viewer), "scans/2 scans/1 ");
  const absl::StatusOr<v1::Scan> shared = Client(bob).GetScan("scans/2");
  EXPECT_THAT(shared->group(), testing::ElementsAre("night"));
}

TEST_F(AccessTest, RequestIdsOfUsersDoNotMeet) {
  const std::string alice = Token(v1::ROLE_OPERATOR, "alice"),
                    bob = Token(v1::ROLE_OPERATOR, "bob");
  EXPECT_EQ(Client(alice).CreateScan(SampleScan(), "same")->name(), "scans/1");
  EXPECT_EQ(Client(alice).CreateScan(SampleScan(), "same")->name(), "scans/1");
  EXPECT_EQ(Client(bob).CreateScan(SampleScan(), "same")->name(), "scans/2");
}

TEST_F(AccessTest, PoolsKeepToTheirLeases) {
  const std::string alice = Token(v1::ROLE_OPERATOR, "alice"), one = Token(v1::ROLE_POOL, "one"),
                    two = Token(v1::ROLE_POOL, "two");
  const std::string scan = FullScan(alice);
  ASSERT_TRUE(Client(alice).CreateJob(SampleJob(scan)).ok());
  ScriptedPool pool(Channel(one), "one");
  const v1::Lease lease = pool.NextLease();
  ASSERT_EQ(lease.job(), "jobs/1");
  ScriptedPool thief(Channel(two), "two");
  // Even one that knows the lease, which cannot be guessed.
  EXPECT_GT(lease.id().size(), 40u);
  v1::FetchProjectionsRequest fetch;
  fetch.set_lease(lease.id());
  fetch.set_kind(v1::FRAME_KIND_PROJECTION);
  fetch.set_frame_end(1);
  fetch.set_row_end(1);
  EXPECT_TRUE(absl::IsPermissionDenied(thief.Fetch(fetch).status()));
  EXPECT_TRUE(absl::IsPermissionDenied(thief.Report(lease.id(), {}).status()));
  EXPECT_TRUE(absl::IsPermissionDenied(thief.Complete(lease)));
  EXPECT_TRUE(absl::IsPermissionDenied(Client(one).GetJob("jobs/1").status()));
  EXPECT_TRUE(pool.Fetch(fetch).ok());
  fetch.set_lease("jobs/1/attempts/1");
  EXPECT_TRUE(absl::IsAborted(thief.Fetch(fetch).status()));
  EXPECT_TRUE(pool.Complete(lease).ok());
  EXPECT_EQ(Client(alice).GetJob("jobs/1")->state(), v1::SUCCEEDED);
}

TEST_F(AccessTest, PoolTokenMayBeForOneNameOnly) {
  v1::Token token;
  token.set_role(v1::ROLE_POOL);
  token.set_user("cluster");
  token.set_pool("night");
  const std::string secret = Create(token)->secret();
  EXPECT_TRUE(absl::IsPermissionDenied(ScriptedPool(Channel(secret), "day").End()));
  ScriptedPool night(Channel(secret), "night");
  const std::string alice = Token(v1::ROLE_OPERATOR, "alice");
  ASSERT_TRUE(Client(alice).CreateJob(SampleJob(FullScan(alice))).ok());
  EXPECT_EQ(night.NextLease().job(), "jobs/1");
}

TEST_F(AccessTest, RevokingATokenCutsItsStreams) {
  const std::string alice = Token(v1::ROLE_OPERATOR, "alice"),
                    pool_token = Token(v1::ROLE_POOL, "p");
  ASSERT_TRUE(
      Client(alice).CreateJob(SampleJob(Client(alice).CreateScan(SampleScan())->name())).ok());
  std::thread revoke([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    for (const char* name : {"tokens/2", "tokens/3"}) {
      v1::RevokeTokenRequest request;
      request.set_name(name);
      EXPECT_TRUE(Call<v1::Token>(admin_, &v1::Access::Stub::RevokeToken, request).ok());
    }
  });
  ScriptedPool pool(Channel(pool_token), "p");
  const absl::Status watched =
      Client(alice).WatchToEnd("jobs/1").status();  // its scan never becomes complete
  EXPECT_TRUE(absl::IsCancelled(watched)) << watched;
  EXPECT_TRUE(absl::IsUnauthenticated(pool.End()));
  revoke.join();
  EXPECT_TRUE(absl::IsUnauthenticated(Client(alice).GetJob("jobs/1").status()));
}

TEST_F(AccessTest, LimitsAreOfEachUserAndSayWhenToComeBack) {
  Limits limits;
  limits.calls_per_second = 1;
  limits.watchers = 1;
  limits.queued_jobs = 2;
  limits.quota_bytes = 2000;
  Start(limits);
  const std::string alice = Token(v1::ROLE_OPERATOR, "alice"),
                    bob = Token(v1::ROLE_OPERATOR, "bob");
  absl::Status last;
  for (int i = 0; i < 20 && last.ok(); ++i) {
    last = Call<v1::Identity>(alice, &v1::Access::Stub::WhoAmI, v1::WhoAmIRequest()).status();
  }
  EXPECT_TRUE(absl::IsResourceExhausted(last));
  EXPECT_TRUE(RetryDelay(last).has_value());

  const std::string scan = FullScan(bob);  // 9 frames of 64 bytes
  EXPECT_TRUE(Client(bob).CreateJob(SampleJob(scan)).ok());
  const absl::Status full = Client(bob).CreateScan(SampleScan(100)).status();
  EXPECT_TRUE(absl::IsResourceExhausted(full));
  EXPECT_THAT(std::string(full.message()), HasSubstr("bob may store"));
  EXPECT_FALSE(RetryDelay(full).has_value());
  const absl::StatusOr<v1::Identity> who =
      Call<v1::Identity>(bob, &v1::Access::Stub::WhoAmI, v1::WhoAmIRequest());
  EXPECT_EQ(who->stored_bytes(), 9 * 64 + 4 * 8 * 8 * 4);
  EXPECT_EQ(who->quota_bytes(), 2000);

  grpc::ClientContext context;
  v1::WatchJobRequest request;
  request.set_name("jobs/1");
  TestClient client = Client(bob);
  const auto first = client.stub().WatchJob(&context, request);
  v1::JobEvent event;
  ASSERT_TRUE(first->Read(&event));
  EXPECT_TRUE(absl::IsResourceExhausted(client.WatchToEnd("jobs/1").status()));
  context.TryCancel();
  EXPECT_FALSE(first->Finish().ok());
}

TEST_F(AccessTest, UploadThatStandsStillIsCutAndLosesNothing) {
  Start(Limits{.idle = std::chrono::seconds(1)});
  const std::string alice = Token(v1::ROLE_OPERATOR, "alice");
  TestClient client = Client(alice);
  const v1::Scan scan = *client.CreateScan(SampleScan());
  grpc::ClientContext context;
  const auto stream = client.stub().UploadProjections(&context);
  v1::UploadProjectionsRequest request;
  request.set_scan(scan.name());
  ASSERT_TRUE(stream->Write(request));
  *request.mutable_chunk() = SampleChunk(scan, v1::FRAME_KIND_DARK, 0, 2);
  ASSERT_TRUE(stream->Write(request));
  v1::UploadProjectionsResponse response;
  int acknowledgements = 0;
  while (stream->Read(&response)) ++acknowledgements;  // and nothing more is sent
  const absl::Status cut = FromGrpc(stream->Finish());
  EXPECT_TRUE(absl::IsDeadlineExceeded(cut)) << cut;
  EXPECT_EQ(acknowledgements, 1);
  EXPECT_TRUE(client.Upload(scan.name(), AllChunks(scan)).ok());
  EXPECT_TRUE(client.GetScan(scan.name())->complete());
}

TEST_F(AccessTest, AuditLogSaysWhoDidWhat) {
  const std::string alice = Token(v1::ROLE_OPERATOR, "alice"), viewer = Token(v1::ROLE_VIEWER, "v");
  const std::string scan = FullScan(alice);
  ASSERT_TRUE(Client(alice).CreateJob(SampleJob(scan)).ok());
  EXPECT_FALSE(Client(viewer).CancelJob("jobs/1").ok());
  EXPECT_FALSE(Client(viewer).GetScan(scan).ok());
  EXPECT_FALSE(Client("").GetScan(scan).ok());
  ASSERT_TRUE(Client(alice).CancelJob("jobs/1").ok());
  std::vector<std::string> said;
  for (const nlohmann::json& line : Audit()) {
    EXPECT_THAT(line["peer"].get<std::string>(), HasSubstr("127.0.0.1"));
    const std::string method = line["method"];
    said.push_back(line["user"].get<std::string>() + " " + method.substr(method.rfind('.') + 1) +
                   " " + line["resource"].get<std::string>() + " " +
                   line["result"].get<std::string>());
  }
  EXPECT_THAT(
      said, testing::ElementsAre("admin CreateToken tokens/2 OK", "admin CreateToken tokens/3 OK",
                                 "alice CreateScan scans/1 OK",
                                 "alice UploadProjections scans/1 OK", "alice CreateJob scans/1 OK",
                                 "v CancelJob  PERMISSION_DENIED", "v GetScan scans/1 NOT_FOUND",
                                 " GetScan  UNAUTHENTICATED", "alice CancelJob jobs/1 OK"));
}

TEST_F(AccessTest, FirstAdminIsMadeOnceAndOnlyItsOwnerReadsTheFile) {
  const std::string path = folder_.path() + "/data/admin.token";
  EXPECT_EQ(std::filesystem::status(path).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  const std::string before = admin_;
  Start({});
  EXPECT_EQ(admin_, before);
  v1::Token token;
  token.set_role(v1::ROLE_ADMIN);
  token.set_user("second");
  const std::string data = folder_.path() + "/data";
  EXPECT_TRUE(absl::IsFailedPrecondition(CreateTokenOffline(data, token).status()));
  server_.reset();
  const absl::StatusOr<std::string> secret = CreateTokenOffline(data, token);
  ASSERT_TRUE(secret.ok()) << secret.status();
  Start({});
  EXPECT_EQ(Call<v1::Identity>(*secret, &v1::Access::Stub::WhoAmI, v1::WhoAmIRequest())->user(),
            "second");
}

}  // namespace
}  // namespace tomoslab
