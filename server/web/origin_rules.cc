#include "server/web/origin_rules.h"

#include <arpa/inet.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace tomoslab {
namespace {

/// Of "host", "host:port", "[v6]:port"; lower case, without brackets; "" for what is none of these.
std::string HostName(const std::string& authority) {
  if (absl::StartsWith(authority, "[")) {
    const std::size_t end = authority.find(']');
    return end == std::string::npos ? "" : authority.substr(1, end - 1);
  }
  const std::size_t colon = authority.find(':');
  if (colon != std::string::npos && authority.find(':', colon + 1) != std::string::npos) return "";
  return absl::AsciiStrToLower(authority.substr(0, colon));
}

/// What an attacker's name server cannot hand out: pages of an address are that address's own.
bool IsAddress(const std::string& host) {
  in_addr v4{};
  in6_addr v6{};
  return inet_pton(AF_INET, host.c_str(), &v4) == 1 || inet_pton(AF_INET6, host.c_str(), &v6) == 1;
}

std::string MachineName() {
  char name[256] = "";
  gethostname(name, sizeof name - 1);
  return absl::AsciiStrToLower(name);
}

}  // namespace

OriginRules::OriginRules(bool tls, std::vector<std::string> names)
    : tls_(tls), names_(std::move(names)) {
  for (std::string& name : names_) name = absl::AsciiStrToLower(name);
  names_.push_back("localhost");
  if (const std::string machine = MachineName(); !machine.empty()) names_.push_back(machine);
}

bool OriginRules::KnowsHost(const std::string& host) const {
  return tls_ || IsAddress(host) || std::find(names_.begin(), names_.end(), host) != names_.end();
}

std::optional<HttpResponse> OriginRules::Check(const HttpRequest& request) const {
  const std::string authority = request.Header("host");
  const std::string host = HostName(authority);
  if (host.empty() || !KnowsHost(host)) {
    return PlainResponse(
        421,
        "this server is not known by the name in the address; open it by its IP address, or "
        "have tomoslabd started with --web-host NAME");
  }
  const bool changes = request.method != "GET";
  const bool api = absl::StartsWith(request.path, "/api/");
  const std::string site = request.Header("sec-fetch-site");
  if ((changes || api) && !site.empty() && site != "same-origin" && site != "none") {
    return PlainResponse(403, "pages of other sites may not use this server");
  }
  if (!changes) return std::nullopt;
  const std::string origin = request.Header("origin");
  // Either scheme: a proxy before this server may do TLS.
  const bool own = absl::EqualsIgnoreCase(origin, absl::StrCat("https://", authority)) ||
                   absl::EqualsIgnoreCase(origin, absl::StrCat("http://", authority));
  if (!origin.empty() && !own) {
    return PlainResponse(403, "pages of other sites may not change anything here");
  }
  if (!request.body.empty() &&
      !absl::StartsWithIgnoreCase(request.Header("content-type"), "application/json")) {
    return PlainResponse(415, "the body must be application/json");
  }
  return std::nullopt;
}

}  // namespace tomoslab
