// The listener alone: routes, bounds, slow clients, the end.
#include "server/web/http_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <mutex>

#include "server/web/origin_rules.h"
#include "tests/server/browser.h"

namespace tomoslab {
namespace {

using testing::HasSubstr;

class HttpServerTest : public testing::Test {
 protected:
  void Start(HttpOptions options = {}) {
    options.host = "127.0.0.1";
    server_.Route("GET", "/things/{}/parts/{}", [](const HttpRequest& request) {
      return PlainResponse(
          200, request.captures[0] + " " + request.captures[1] + " " + request.Query("q"));
    });
    server_.Route("POST", "/size", [](const HttpRequest& request) {
      return PlainResponse(200, std::to_string(request.body.size()));
    });
    server_.Route("GET", "/bytes", [](const HttpRequest&) {
      HttpResponse response;
      response.stream_length = 10;
      response.stream = [](HttpSink& sink) { return sink.Write("01234") && sink.Write("56789"); };
      return response;
    });
    server_.Route("GET", "/forever", [](const HttpRequest&) {
      HttpResponse response;
      response.stream = [](HttpSink& sink) {
        while (sink.IsOpen() && sink.Write("tick\n"))
          std::this_thread::sleep_for(std::chrono::milliseconds(5));
        return true;
      };
      return response;
    });
    server_.SetDefaultHeaders({{"X-Always", "yes"}});
    ASSERT_TRUE(server_.Start(options).ok());
    address_ = "127.0.0.1:" + std::to_string(server_.port());
  }
  HttpServer server_;
  std::string address_;
};

TEST_F(HttpServerTest, RoutesByMethodAndPath) {
  Start();
  const Reply found = Ask(address_, "GET /things/a%20b/parts/7?q=x%26y");
  EXPECT_EQ(found.status, 200);
  EXPECT_EQ(found.body, "a b 7 x&y\n");
  EXPECT_EQ(found.headers.at("x-always"), "yes");
  EXPECT_EQ(Ask(address_, "GET /things//parts/7").status, 404);
  EXPECT_EQ(Ask(address_, "GET /size").status, 405);
  EXPECT_EQ(Ask(address_, "GET /../../etc/passwd").status, 404);
  EXPECT_EQ(Ask(address_, "GET /" + std::string(2000, 'a')).status, 414);
  EXPECT_EQ(Ask(address_, "HEAD /things/a/parts/b").body, "");
}

TEST_F(HttpServerTest, StreamsWithAndWithoutALength) {
  Start();
  const Reply whole = Ask(address_, "GET /bytes");
  EXPECT_EQ(whole.body, "0123456789");
  EXPECT_EQ(whole.headers.at("content-length"), "10");
  // Many parts of one answer would multiply it, so ranges are not served.
  EXPECT_EQ(Ask(address_, "GET /bytes", "Range: bytes=0-1,0-1,0-1\r\n").body, "0123456789");
  Browser browser(address_);
  browser.Send(RequestText("GET /forever"));
  EXPECT_THAT(browser.ReadUntil("tick"), HasSubstr("Transfer-Encoding: chunked"));
}

TEST_F(HttpServerTest, RequestsAreBounded) {
  Start();
  EXPECT_EQ(Ask(address_, "POST /size", "", std::string(1 << 20, 'x')).body, "1048576\n");
  EXPECT_EQ(Ask(address_, "POST /size", "", std::string((1 << 20) + 1, 'x')).status, 413);
  // A header without end is not read on for ever.
  Browser browser(address_);
  browser.Send("GET / HTTP/1.1\r\n");
  const std::string line = "X-More: " + std::string(4000, 'x') + "\r\n";
  int sent = 0;
  while (sent < 10'000 && browser.Send(line)) ++sent;
  EXPECT_LT(sent, 10'000);
  EXPECT_EQ(Ask(address_, "GET /bytes").status, 200);
}

TEST_F(HttpServerTest, SlowClientsAreCut) {
  HttpOptions options;
  options.bounds.request = std::chrono::milliseconds(300);
  options.bounds.idle = std::chrono::milliseconds(300);
  Start(options);
  Browser silent(address_), dripping(address_);
  bool open = true;
  // Every byte comes in time, the request does not.
  for (int i = 0; i < 200 && open; ++i) {
    open = dripping.Send("G");
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  EXPECT_FALSE(open);
  EXPECT_EQ(silent.Read(), "");
}

TEST_F(HttpServerTest, ConnectionsBeyondTheBoundAreSentAway) {
  HttpOptions options;
  options.most_connections = 2;
  Start(options);
  Browser first(address_), second(address_);
  for (Browser* browser : {&first, &second}) {
    browser->Send(RequestText("GET /forever"));
    browser->ReadUntil("tick");
  }
  const Reply third = Ask(address_, "GET /bytes");
  EXPECT_EQ(third.status, 503);
  EXPECT_EQ(third.headers.at("retry-after"), "5");
}

TEST_F(HttpServerTest, StopEndsStreams) {
  Start();
  Browser browser(address_);
  browser.Send(RequestText("GET /forever"));
  browser.ReadUntil("tick");
  server_.Stop();
  browser.ReadAll();  // what was on its way
  EXPECT_TRUE(browser.AtEnd());
  EXPECT_FALSE(Browser(address_).connected());
}

TEST_F(HttpServerTest, APortHasOneServer) {
  Start();
  HttpServer other;
  HttpOptions options;
  options.host = "127.0.0.1";
  options.port = server_.port();
  EXPECT_TRUE(absl::IsInvalidArgument(other.Start(options)));
}

HttpRequest RequestFrom(const std::string& method, std::map<std::string, std::string> headers) {
  HttpRequest request;
  request.method = method;
  request.path = "/api/jobs";
  request.headers = std::move(headers);
  return request;
}

TEST(OriginRules, NamesThatAnyNameServerCouldClaimAreRefusedWithoutTls) {
  const OriginRules plain(false, {"tomo.example"}), tls(true, {});
  const auto status = [](const OriginRules& rules, const std::string& host) {
    const auto refusal = rules.Check(RequestFrom("GET", {{"host", host}}));
    return refusal.has_value() ? refusal->status : 200;
  };
  for (const char* host :
       {"127.0.0.1:50178", "localhost:8080", "[::1]:7", "192.0.2.7", "TOMO.example:1"}) {
    EXPECT_EQ(status(plain, host), 200) << host;
  }
  for (const char* host :
       {"attacker.example", "tomo.example.attacker.example:50178", "", "[::1", "a:b:c"}) {
    EXPECT_EQ(status(plain, host), 421) << host;
  }
  EXPECT_EQ(status(tls, "any.example"), 200);
}

TEST(OriginRules, OtherSitesChangeNothing) {
  const OriginRules rules(false, {});
  const auto status = [&](const std::string& method, std::map<std::string, std::string> headers) {
    headers["host"] = "localhost:1";
    const auto refusal = rules.Check(RequestFrom(method, std::move(headers)));
    return refusal.has_value() ? refusal->status : 200;
  };
  EXPECT_EQ(status("POST", {}), 200);  // no browser
  EXPECT_EQ(status("POST", {{"origin", "http://localhost:1"}, {"sec-fetch-site", "same-origin"}}),
            200);
  EXPECT_EQ(status("POST", {{"origin", "http://attacker.example"}}), 403);
  EXPECT_EQ(status("POST", {{"origin", "http://localhost:2"}}), 403);  // another server's page
  EXPECT_EQ(status("DELETE", {{"origin", "null"}}), 403);
  EXPECT_EQ(status("POST", {{"sec-fetch-site", "cross-site"}}), 403);
  EXPECT_EQ(status("GET", {{"sec-fetch-site", "same-site"}}), 403);
  HttpRequest form = RequestFrom("POST", {{"host", "localhost:1"}, {"content-type", "text/plain"}});
  form.body = "{}";
  EXPECT_EQ(rules.Check(form)->status, 415);
}

}  // namespace
}  // namespace tomoslab
