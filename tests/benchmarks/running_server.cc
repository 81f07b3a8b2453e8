#include "tests/benchmarks/running_server.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "proto/dial.h"

namespace tomoslab {
namespace {

[[noreturn]] void Fail(const std::string& why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  std::exit(1);
}

std::string Tomoslabd() {
  const auto own = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  return own.parent_path() / "tomoslabd";
}

std::string NewFolder() {
  std::string path = (std::filesystem::temp_directory_path() / "tomoslab-bench-XXXXXX").string();
  if (mkdtemp(path.data()) == nullptr) Fail("cannot make a folder for the server's data");
  return path;
}

/// To the end of the pipe; what the server says last is shown when it fails.
void Drain(int output) {
  char buffer[4096];
  while (true) {
    pollfd wait{output, POLLIN, 0};
    if (poll(&wait, 1, 1000) < 0) return;
    if (wait.revents == 0) continue;
    const ssize_t size = read(output, buffer, sizeof buffer);
    if (size == 0) return;
    const std::string_view text(buffer, size > 0 ? static_cast<std::size_t>(size) : 0);
    if (text.find(" error ") != text.npos) std::fwrite(text.data(), 1, text.size(), stderr);
  }
}

}  // namespace

RunningServer::RunningServer(std::vector<std::string> flags)
    : folder_(NewFolder()), flags_(std::move(flags)) {
  Start();
}

RunningServer::~RunningServer() {
  Stop();
  std::error_code error;
  std::filesystem::remove_all(folder_, error);
}

double RunningServer::Start(std::optional<std::vector<std::string>> flags) {
  if (flags.has_value()) flags_ = *std::move(flags);
  const std::string port_file = folder_ + "/port";
  std::filesystem::remove(port_file);
  std::vector<std::string> argv = {Tomoslabd(), "--listen", "127.0.0.1:0",    "--port-file",
                                   port_file,   "--data",   folder_ + "/data"};
  argv.insert(argv.end(), flags_.begin(), flags_.end());
  const auto begin = std::chrono::steady_clock::now();
  absl::StatusOr<ChildProcess> process = ChildProcess::Start(argv, {});
  if (!process.ok()) Fail(std::string(process.status().message()));
  process_.emplace(*std::move(process));
  output_ = std::thread(Drain, process_->output());
  address_.clear();
  while (address_.empty()) {
    if (const auto how = process_->Ended()) Fail("tomoslabd " + *how);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    std::ifstream(port_file) >> address_;
  }
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

void RunningServer::Stop() {
  if (!process_.has_value()) return;
  process_->Signal(SIGTERM);
  while (!process_->Ended()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  output_.join();
  process_.reset();
}

std::string RunningServer::AdminToken() const {
  std::string token;
  std::ifstream(folder_ + "/data/admin.token") >> token;
  return token;
}

std::shared_ptr<grpc::Channel> RunningServer::Connect(const std::string& token) const {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  absl::StatusOr<std::shared_ptr<grpc::Channel>> channel = Dial({address_, {}, token}, arguments);
  if (!channel.ok()) Fail(std::string(channel.status().message()));
  return *std::move(channel);
}

double RunningServer::CpuSeconds() const {
  std::ifstream file("/proc/" + std::to_string(process_->pid()) + "/stat");
  std::string line;
  std::getline(file, line);
  std::istringstream fields(line.substr(line.rfind(')') + 1));
  std::string ignored;
  for (int i = 0; i < 11; ++i) fields >> ignored;
  double user = 0, system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

double RunningServer::StatusMb(const std::string& key) const {
  std::ifstream file("/proc/" + std::to_string(process_->pid()) + "/status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(key)) return std::strtod(line.c_str() + key.size(), nullptr) / 1000;
  }
  return 0;
}

}  // namespace tomoslab
