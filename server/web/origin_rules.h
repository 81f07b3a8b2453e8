// Which pages may speak with the server through a browser: its own, and no others. Against CSRF and
// DNS rebinding, also where no token is asked for.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "server/web/http_message.h"

namespace tomoslab {

class OriginRules {
 public:
  /// names: hosts, beside addresses, "localhost" and this machine's name, by which browsers may
  /// reach a server without TLS. With TLS the certificate says who the server is.
  OriginRules(bool tls, std::vector<std::string> names);

  /// The refusal, in words that say what to do; nullopt: go on.
  std::optional<HttpResponse> Check(const HttpRequest& request) const;

 private:
  bool KnowsHost(const std::string& host) const;
  const bool tls_;
  std::vector<std::string> names_;
};

}  // namespace tomoslab
