// The web page's server as a whole, in this process: who may do what, and streams that go on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "proto/dial.h"
#include "server/server.h"
#include "tests/server/browser.h"
#include "tests/server/temporary_folder.h"
#include "tests/server/test_client.h"
#include "tomoslab/v1/access.grpc.pb.h"

namespace tomoslab {
namespace {

using testing::HasSubstr;
using testing::Not;

class WebTest : public testing::Test {
 protected:
  void Start(bool authenticate, const Limits& limits = {}) {
    ServerOptions options;
    options.listen.address = "127.0.0.1:0";
    options.listen.authenticate = authenticate;
    options.limits = limits;
    options.web.address = "";
    options.data_folder = folder_.path() + "/data";
    options.pools.pools = 0;
    absl::StatusOr<std::unique_ptr<Server>> server = Server::Start(options);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    address_ = server_->web_address();
    if (authenticate) admin_ = *ReadTokenFile(folder_.path() + "/data/admin.token");
  }
  std::string Token(v1::Role role, const std::string& user, const std::string& group = "") {
    const auto stub = v1::Access::NewStub(*Dial({server_->address(), {}, admin_}, {}));
    v1::CreateTokenRequest request;
    request.mutable_token()->set_role(role);
    request.mutable_token()->set_user(user);
    if (!group.empty()) request.mutable_token()->add_group(group);
    v1::CreateTokenResponse created;
    grpc::ClientContext context;
    EXPECT_TRUE(stub->CreateToken(&context, request, &created).ok());
    return created.secret();
  }
  TestClient Client(const std::string& token = "") {
    return TestClient(*Dial({server_->address(), {}, token}, {}));
  }
  static std::string Bearer(const std::string& token) {
    return "Authorization: Bearer " + token + "\r\n";
  }
  /// A job of the token's user, with a complete scan.
  v1::Job QueuedJob(const std::string& token = "") {
    TestClient client = Client(token);
    const absl::StatusOr<v1::Scan> scan = client.CreateScan(SampleScan());
    EXPECT_TRUE(client.Upload(scan->name(), AllChunks(*scan)).ok());
    return client.CreateJob(SampleJob(scan->name()))->job();
  }
  /// A pool does the queued job: its volume.
  v1::VolumeGeometry Finish() {
    ScriptedPool pool(*Dial({server_->address(), {}, ""}, {}), "pool");
    const v1::Lease lease = pool.NextLease();
    EXPECT_TRUE(pool.Complete(lease).ok());
    return lease.spec().volume();
  }
  nlohmann::json Json(const std::string& line, const std::string& headers = "") {
    return nlohmann::json::parse(Ask(address_, line, headers).body);
  }

  TemporaryFolder folder_;
  std::unique_ptr<Server> server_;
  std::string address_, admin_;
};

TEST_F(WebTest, ThePageComesWithAStrictPolicy) {
  Start(false);
  const Reply page = Ask(address_, "GET /");
  EXPECT_EQ(page.status, 200);
  EXPECT_THAT(page.body, HasSubstr("<main"));
  const std::string policy = page.headers.at("content-security-policy");
  EXPECT_THAT(policy, HasSubstr("default-src 'none'"));
  EXPECT_THAT(policy, HasSubstr("frame-ancestors 'none'"));
  EXPECT_THAT(policy, Not(HasSubstr("unsafe")));
  EXPECT_EQ(page.headers.at("x-content-type-options"), "nosniff");
  EXPECT_EQ(page.headers.at("referrer-policy"), "no-referrer");
  EXPECT_EQ(Ask(address_, "GET /app.js").headers.at("content-type"),
            "text/javascript; charset=utf-8");
  EXPECT_EQ(Ask(address_, "GET /", "If-None-Match: " + page.headers.at("etag") + "\r\n").status,
            304);
  EXPECT_EQ(Ask(address_, "GET /app.py").status, 404);
  EXPECT_EQ(Ask(address_, "GET /", "Host: attacker.example\r\n").status, 421);
}

TEST_F(WebTest, JobsAreListedShownAndCancelled) {
  Start(false);
  const v1::Job job = QueuedJob();
  EXPECT_EQ(Json("GET /api/jobs?state=QUEUED")["job"][0]["name"], job.name());
  EXPECT_EQ(Json("GET /api/jobs?state=FAILED").count("job"), 0U);
  EXPECT_EQ(Ask(address_, "GET /api/jobs?state=SLEEPING").status, 400);
  EXPECT_EQ(Ask(address_, "GET /api/jobs?page_size=many").status, 400);
  EXPECT_EQ(Json("GET /api/" + job.name())["spec"]["scan"], job.spec().scan());
  EXPECT_EQ(Json("GET /api/" + job.spec().scan())["complete"], true);
  EXPECT_EQ(Ask(address_, "GET /api/jobs/999").status, 404);
  EXPECT_EQ(
      Ask(address_, "POST /api/" + job.name() + "/cancel", "Origin: http://attacker.example\r\n")
          .status,
      403);
  EXPECT_EQ(Client().GetJob(job.name())->state(), v1::QUEUED);
  EXPECT_EQ(Ask(address_, "POST /api/" + job.name() + "/cancel").status, 200);
  EXPECT_EQ(Client().GetJob(job.name())->state(), v1::CANCELLED);
}

TEST_F(WebTest, AJobIsClonedWithOtherParameters) {
  Start(false);
  const v1::Job job = QueuedJob();
  const std::string body =
      R"({"spec":{"scan":")" + job.spec().scan() +
      R"(","algorithm":{"cgls":{"stopping":{"iterations":7}}}},"requestId":"a"})";
  const Reply first = Ask(address_, "POST /api/jobs", "", body);
  ASSERT_EQ(first.status, 200) << first.body;
  EXPECT_EQ(first.body, Ask(address_, "POST /api/jobs", "", body).body);  // pressed twice
  const std::string name = nlohmann::json::parse(first.body)["job"]["name"];
  EXPECT_EQ(Client().GetJob(name)->spec().algorithm().cgls().stopping().iterations(), 7);
  EXPECT_EQ(Ask(address_, "POST /api/jobs", "", "{\"spec\":7}").status, 400);
  EXPECT_EQ(Ask(address_, "POST /api/jobs", "", "{\"spec\":").status, 400);
}

TEST_F(WebTest, ATokenIsAskedForAndItsRoleHolds) {
  Start(true);
  const std::string owner = Token(v1::ROLE_OPERATOR, "ada", "lab");
  const std::string viewer = Token(v1::ROLE_VIEWER, "eve", "lab");
  const std::string stranger = Token(v1::ROLE_OPERATOR, "mallory");
  const v1::Job job = QueuedJob(owner);
  const std::string path = "/api/" + job.name();
  EXPECT_EQ(Ask(address_, "GET /").status, 200);
  for (const char* get : {"/api/jobs", "/api/session", "/api/info", "/api/overview"}) {
    EXPECT_EQ(Ask(address_, std::string("GET ") + get).status, 401) << get;
  }
  EXPECT_EQ(Ask(address_, "GET " + path, Bearer("nonsense")).status, 401);
  EXPECT_THAT(Ask(address_, "GET " + path, Bearer("\x01\xff")).status, testing::AnyOf(400, 401));
  EXPECT_EQ(Ask(address_, "GET " + path, Bearer(viewer)).status, 200);
  EXPECT_EQ(Ask(address_, "GET " + path, Bearer(stranger)).status, 404);
  EXPECT_EQ(Ask(address_, "GET " + path + "/events", Bearer(stranger)).status, 404);
  EXPECT_EQ(Ask(address_, "POST " + path + "/cancel", Bearer(viewer)).status, 403);
  EXPECT_EQ(Client(owner).GetJob(job.name())->state(), v1::QUEUED);
  EXPECT_EQ(Ask(address_, "POST " + path + "/cancel", Bearer(owner)).status, 200);
  std::ifstream audit(folder_.path() + "/data/audit.log");
  const std::string log((std::istreambuf_iterator<char>(audit)), {});
  EXPECT_THAT(log, HasSubstr("ipv4:127.0.0.1"));
  EXPECT_THAT(log, HasSubstr("via web"));
  EXPECT_THAT(log, Not(HasSubstr("inproc")));
}

TEST_F(WebTest, LoggingInSetsACookieThatScriptsCannotRead) {
  Start(true);
  const std::string viewer = Token(v1::ROLE_VIEWER, "eve");
  EXPECT_EQ(Ask(address_, "POST /api/session", "", "{\"token\":\"wrong\"}").status, 401);
  EXPECT_EQ(Ask(address_, "POST /api/session", "", "{\"token\":\"a;b\"}").status, 400);
  const Reply in = Ask(address_, "POST /api/session", "", "{\"token\":\"" + viewer + "\"}");
  ASSERT_EQ(in.status, 200);
  const std::string cookie = in.headers.at("set-cookie");
  EXPECT_THAT(cookie, HasSubstr("HttpOnly"));
  EXPECT_THAT(cookie, HasSubstr("SameSite=Strict"));
  const std::string sent = "Cookie: other=1; " + cookie.substr(0, cookie.find(';')) + "\r\n";
  EXPECT_EQ(Json("GET /api/session", sent)["user"], "eve");
  EXPECT_THAT(Ask(address_, "DELETE /api/session", sent).headers.at("set-cookie"),
              HasSubstr("Max-Age=0"));
}

/// The ids of the events in a stream's text, in order.
std::vector<int> Ids(const std::string& text) {
  std::vector<int> ids;
  for (std::size_t at = text.find("id: "); at != std::string::npos;
       at = text.find("id: ", at + 1)) {
    ids.push_back(std::stoi(text.substr(at + 4)));
  }
  return ids;
}

TEST_F(WebTest, EventsGoOnWhereAPageWasCut) {
  Start(false);
  const v1::Job job = QueuedJob();
  ScriptedPool pool(*Dial({server_->address(), {}, ""}, {}), "pool");
  const v1::Lease lease = pool.NextLease();
  ASSERT_EQ(lease.job(), job.name());
  Browser cut(address_);
  cut.Send(RequestText("GET /api/" + job.name() + "/events"));
  ASSERT_TRUE(pool.ReportState(lease.id(), v1::RUNNING).ok());
  ASSERT_TRUE(pool.ReportIteration(lease.id(), 1).ok());
  const std::vector<int> before = Ids(cut.ReadUntil("\"iteration\":1"));
  ASSERT_FALSE(before.empty());
  ASSERT_TRUE(pool.ReportIteration(lease.id(), 2).ok());
  ASSERT_TRUE(pool.ReportState(lease.id(), v1::FAILED, "enough", true).ok());
  const std::string rest = Ask(address_, "GET /api/" + job.name() + "/events",
                               "Last-Event-ID: " + std::to_string(before.back()) + "\r\n")
                               .body;
  const std::vector<int> after = Ids(rest);
  ASSERT_FALSE(after.empty());
  EXPECT_EQ(after.front(), before.back() + 1);
  EXPECT_EQ(after.back(), Client().GetJob(job.name())->last_event());
  EXPECT_THAT(rest, HasSubstr("event: end"));
  EXPECT_EQ(
      Ids(Ask(address_, "GET /api/" + job.name() + "/events?after=" + std::to_string(before.back()))
              .body),
      after);
  EXPECT_EQ(Ask(address_, "GET /api/" + job.name() + "/events?after=-1").status, 400);
}

TEST_F(WebTest, AnOverviewComesAgainWhenItChanges) {
  Start(false);
  Browser browser(address_);
  browser.Send(RequestText("GET /api/overview?page_size=5"));
  EXPECT_THAT(browser.ReadUntil("event: server"), HasSubstr("event: jobs\ndata: {}"));
  const v1::Job job = QueuedJob();
  EXPECT_THAT(browser.ReadUntil(job.name()), HasSubstr(job.name()));
}

TEST_F(WebTest, OneUsersPagesAreBounded) {
  Limits limits;
  limits.watchers = 2;
  Start(true, limits);
  const std::string eve = Token(v1::ROLE_VIEWER, "eve"), bob = Token(v1::ROLE_VIEWER, "bob");
  Browser first(address_), second(address_);
  for (Browser* page : {&first, &second}) {
    page->Send(RequestText("GET /api/overview", Bearer(eve)));
    page->ReadUntil("event: server");
  }
  const Reply third = Ask(address_, "GET /api/overview", Bearer(eve));
  EXPECT_EQ(third.status, 429);
  EXPECT_EQ(third.headers.at("retry-after"), "10");
  Browser other(address_);
  other.Send(RequestText("GET /api/overview", Bearer(bob)));
  EXPECT_THAT(other.ReadUntil("event: server"), HasSubstr("200 OK"));
}

TEST_F(WebTest, AVolumeIsDownloadedAsNumPyFile) {
  Start(false);
  const v1::Job job = QueuedJob();
  const std::string path = "/api/" + job.name();
  EXPECT_EQ(Ask(address_, "GET " + path + "/volume.npy").status, 409);  // not there yet
  const v1::VolumeGeometry volume = Finish();
  const std::size_t slice = 4UL * static_cast<std::size_t>(volume.rows() * volume.columns());
  const Reply two = Ask(address_, "GET " + path + "/volume.npy?first=1&count=2");
  ASSERT_EQ(two.status, 200) << two.body;
  EXPECT_EQ(two.body.size(), 128 + 2 * slice);
  EXPECT_EQ(two.body.substr(0, 6), "\x93NUMPY");
  float value = 0;
  std::memcpy(&value, two.body.data() + 128 + slice, sizeof value);
  EXPECT_EQ(value, 2);
  EXPECT_EQ(Ask(address_, "GET " + path + "/volume.npy?first=-1").status, 400);
  EXPECT_EQ(Ask(address_, "GET " + path + "/previews/1/axial").status, 404);
  EXPECT_EQ(Ask(address_, "GET " + path + "/previews/1/diagonal").status, 400);
}

std::vector<float> Floats(const std::string& bytes) {
  std::vector<float> values(bytes.size() / sizeof(float));
  std::memcpy(values.data(), bytes.data(), values.size() * sizeof(float));
  return values;
}

TEST_F(WebTest, AVolumeIsShownInThreePlanes) {
  Start(false);
  const std::string slices = "GET /api/" + QueuedJob().name() + "/slices/";
  EXPECT_EQ(Ask(address_, slices + "coronal/1").status, 409);  // not there yet
  const v1::VolumeGeometry volume = Finish();                  // voxels hold their slice's number
  const Reply axial = Ask(address_, slices + "axial/3");
  EXPECT_EQ(Floats(axial.body),
            std::vector<float>(std::size_t(volume.rows()) * volume.columns(), 3));
  EXPECT_EQ(axial.headers.at("x-index"), "3");
  const Reply coronal = Ask(address_, slices + "coronal/1");
  const Reply sagittal = Ask(address_, slices + "sagittal/2");
  EXPECT_EQ(coronal.headers.at("x-rows"), std::to_string(volume.slices()));
  EXPECT_EQ(coronal.headers.at("x-columns"), std::to_string(volume.columns()));
  EXPECT_EQ(sagittal.headers.at("x-columns"), std::to_string(volume.rows()));
  std::vector<float> expected;
  for (int z = 0; z < volume.slices(); ++z)
    expected.insert(expected.end(), std::size_t(volume.columns()), static_cast<float>(z));
  EXPECT_EQ(Floats(coronal.body), expected);
  EXPECT_EQ(Floats(sagittal.body).size(), std::size_t(volume.slices()) * volume.rows());
  EXPECT_EQ(Ask(address_, slices + "axial/99").status, 400);
  EXPECT_EQ(Ask(address_, slices + "sagittal/-1").status, 400);
  EXPECT_EQ(Ask(address_, slices + "diagonal/1").status, 400);
}

TEST(WebOptions, ListensAsGrpcDoesUnlessToldOtherwise) {
  EXPECT_EQ(WebAddress({}, "127.0.0.1:50177"), "127.0.0.1:50178");
  EXPECT_EQ(WebAddress({}, "[::1]:0"), "[::1]:0");
  EXPECT_EQ(WebAddress({"none", {}}, "127.0.0.1:50177"), "");
  EXPECT_EQ(WebAddress({}, "unix:/run/tomoslab"), "");
  ListenOptions listen;
  EXPECT_TRUE(CheckWebOptions({"127.0.0.1:80", {}}, listen).ok());
  EXPECT_THAT(std::string(CheckWebOptions({"0.0.0.0:80", {}}, listen).message()),
              HasSubstr("--tls-cert"));
  EXPECT_FALSE(CheckWebOptions({"nonsense", {}}, listen).ok());
  listen.insecure = true;
  EXPECT_TRUE(CheckWebOptions({"0.0.0.0:80", {}}, listen).ok());
}

}  // namespace
}  // namespace tomoslab
