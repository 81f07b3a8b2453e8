#include "client/connection_flags.h"

#include <cstdlib>
#include <fstream>
#include <map>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/commands.h"
#include "worker/core/status.h"

namespace tomoslab {
namespace {

const std::map<std::string, const char*> kVariables = {{"server", "TOMOSLAB_SERVER"},
                                                       {"tls-ca", "TOMOSLAB_TLS_CA"},
                                                       {"tls-cert", "TOMOSLAB_TLS_CERT"},
                                                       {"tls-key", "TOMOSLAB_TLS_KEY"},
                                                       {"token-file", "TOMOSLAB_TOKEN_FILE"}};

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

std::string ConnectionFile() {
  const std::string config = Variable("XDG_CONFIG_HOME");
  if (!config.empty()) return config + "/tomoslab/client.conf";
  const std::string home = Variable("HOME");
  return home.empty() ? "" : home + "/.config/tomoslab/client.conf";
}

absl::Status TakeLine(absl::string_view line, const std::string& where) {
  const absl::string_view text = absl::StripAsciiWhitespace(line.substr(0, line.find('#')));
  if (text.empty()) return absl::OkStatus();
  const std::size_t equals = text.find('=');
  const std::string key(absl::StripTrailingAsciiWhitespace(text.substr(0, equals)));
  const auto variable = kVariables.find(key);
  if (equals == absl::string_view::npos || variable == kVariables.end()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s: \"%s\" is not one of server, tls-ca, tls-cert, tls-key, token-file "
                        "with \" = \" and its value",
                        where, key.substr(0, 60)));
  }
  const std::string value(absl::StripLeadingAsciiWhitespace(text.substr(equals + 1)));
  const bool token_given = key == "token-file" && !Variable("TOMOSLAB_TOKEN").empty();
  if (!token_given) setenv(variable->second, value.c_str(), /*overwrite=*/0);
  return absl::OkStatus();
}

void AddTokenFlag(CLI::App& command, ServerChoice& server) {
  server.token = Variable("TOMOSLAB_TOKEN");
  command
      .add_option_function<std::string>(
          "--token-file",
          [&server](const std::string& path) {
            absl::StatusOr<std::string> token = ReadTokenFile(path);
            if (!token.ok()) {
              throw CLI::ValidationError("--token-file", std::string(token.status().message()));
            }
            server.token = *std::move(token);
          },
          "File with your token; or environment TOMOSLAB_TOKEN_FILE, TOMOSLAB_TOKEN")
      ->envname(server.token.empty() ? "TOMOSLAB_TOKEN_FILE" : "")
      ->type_name("FILE");
}

}  // namespace

std::string DefaultServer() {
  const std::string address = Variable("TOMOSLAB_SERVER");
  return address.empty() ? kDefaultServer : address;
}

void AddConnectionFlags(CLI::App& command, ServerChoice& server, ServerAddress address) {
  if (address == ServerAddress::kDefault) {
    server.address = DefaultServer();
    command
        .add_option("--server", server.address,
                    "Server, HOST:PORT (also: environment TOMOSLAB_SERVER)")
        ->capture_default_str();
  } else {
    command.add_option("--server", server.address, "Plan for the pools of this server, HOST:PORT");
  }
  const std::string group = "Security (also by environment, or in ~/.config/tomoslab/client.conf)";
  command
      .add_option("--tls-ca", server.tls.ca,
                  "CA of the server's certificate, PEM, or \"system\"; switches TLS on")
      ->envname("TOMOSLAB_TLS_CA")
      ->type_name("FILE")
      ->group(group);
  command.add_option("--tls-cert", server.tls.certificate, "Your certificate, for mutual TLS")
      ->envname("TOMOSLAB_TLS_CERT")
      ->type_name("FILE")
      ->group(group);
  command.add_option("--tls-key", server.tls.key, "Its private key")
      ->envname("TOMOSLAB_TLS_KEY")
      ->type_name("FILE")
      ->group(group);
  AddTokenFlag(command, server);
  command.get_option("--token-file")->group(group);
}

absl::Status ReadConnectionFile() {
  const std::string path = ConnectionFile();
  std::ifstream file(path);
  int number = 0;
  for (std::string line; std::getline(file, line);) {
    TOMOSLAB_RETURN_IF_ERROR(TakeLine(line, absl::StrCat(path, ":", ++number)));
  }
  return absl::OkStatus();
}

}  // namespace tomoslab
