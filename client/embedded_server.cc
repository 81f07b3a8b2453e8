#include "client/embedded_server.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <deque>
#include <filesystem>
#include <fstream>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/interrupt.h"
#include "worker/core/status.h"

namespace tomoslab {
namespace {

constexpr double kStartSeconds = 60;
constexpr double kStopSeconds = 20;
constexpr double kPollSeconds = 0.05;
constexpr const char* kFolderPrefix = "tomoslab-";

// Held by us and inherited by the server: as long as one of the two lives, the folder is in use. −1
// when it is.
int LockFolder(const std::string& folder, int create) {
  const int lock = open((folder + "/lock").c_str(), O_RDWR | create, 0600);
  if (lock < 0 || flock(lock, LOCK_EX | LOCK_NB) == 0) return lock;
  close(lock);
  return -1;
}

// Folders whose owner was killed before it could remove them.
void RemoveAbandoned(const std::filesystem::path& parent) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(parent, error)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(kFolderPrefix) || name.size() != std::strlen(kFolderPrefix) + 6) continue;
    const int lock = LockFolder(entry.path().string(), 0);
    if (lock < 0) continue;  // in use, or not one of ours
    std::filesystem::remove_all(entry.path(), error);
    close(lock);
  }
}

std::string ProgramBesideThisOne(const char* name) {
  std::error_code error;
  return (std::filesystem::read_symlink("/proc/self/exe", error).parent_path() / name).string();
}

// In the child, between fork and exec: only calls that are safe there.
[[noreturn]] void Become(char* const* arguments, int log, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != parent) _exit(127);  // the parent died before the line above
  setpgid(0, 0);  // a terminal's Ctrl-C is for us alone; we end the server in order
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  const int null = open("/dev/null", O_RDONLY);
  dup2(null, STDIN_FILENO);
  dup2(log, STDOUT_FILENO);
  dup2(log, STDERR_FILENO);
  execv(arguments[0], arguments);
  constexpr char kMessage[] = "cannot be executed\n";
  [[maybe_unused]] const ssize_t ignored = write(STDERR_FILENO, kMessage, sizeof kMessage - 1);
  _exit(127);
}

}  // namespace

absl::StatusOr<std::unique_ptr<EmbeddedServer>> EmbeddedServer::Start(
    const EmbeddedServerOptions& options) {
  std::unique_ptr<EmbeddedServer> server(new EmbeddedServer);
  std::error_code error;
  const std::filesystem::path parent = options.work_folder.empty()
                                           ? std::filesystem::temp_directory_path(error)
                                           : std::filesystem::path(options.work_folder);
  RemoveAbandoned(parent);
  std::string folder = (parent / absl::StrCat(kFolderPrefix, "XXXXXX")).string();
  if (mkdtemp(folder.data()) == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat(folder,
                                                   ": cannot be made: ", std::strerror(errno),
                                                   "; choose another place with --work-folder"));
  }
  server->folder_ = folder;
  server->lock_ = LockFolder(folder, O_CREAT);
  TOMOSLAB_RETURN_IF_ERROR(server->Launch(options));
  TOMOSLAB_RETURN_IF_ERROR(server->WaitUntilListening());
  return server;
}

absl::Status EmbeddedServer::Launch(const EmbeddedServerOptions& options) {
  const std::string program =
      options.program.empty() ? ProgramBesideThisOne("tomoslabd") : options.program;
  if (access(program.c_str(), X_OK) != 0) {
    return absl::UnavailableError(
        absl::StrCat(program, ": the server program is not there; build the target tomoslabd"));
  }
  std::vector<std::string> words = {program,    "--listen",        "127.0.0.1:0",
                                    "--data",   folder_ + "/data", "--drain-seconds",
                                    "0",        "--port-file",     folder_ + "/address",
                                    "--device", options.device,    "--web",
                                    "none"};
  const auto add = [&](const char* flag, int value) {
    if (value > 0) words.insert(words.end(), {flag, absl::StrCat(value)});
  };
  add("--ranks", options.ranks);
  add("--threads", options.threads);
  add("--memory-mb-per-rank", options.memory_mb_per_rank);
  add("--device-memory-mb-per-rank", options.device_memory_mb_per_rank);
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const int log = open((folder_ + "/log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (log < 0)
    return absl::ResourceExhaustedError(absl::StrCat(folder_, ": ", std::strerror(errno)));
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ == 0) Become(arguments.data(), log, parent);
  close(log);
  if (pid_ < 0)
    return absl::ResourceExhaustedError(
        absl::StrCat("cannot start another process: ", std::strerror(errno)));
  return absl::OkStatus();
}

absl::Status EmbeddedServer::WaitUntilListening() {
  for (double waited = 0; waited < kStartSeconds; waited += kPollSeconds) {
    std::ifstream file(folder_ + "/address");
    if (std::getline(file, address_) && !address_.empty()) return absl::OkStatus();
    if (!Running())
      return absl::UnavailableError(
          absl::StrCat("the server ended before it listened; it said:\n", EndOfLog()));
    if (!SleepUnlessInterrupted(kPollSeconds)) return absl::CancelledError("interrupted");
  }
  return absl::UnavailableError(absl::StrCat("the server did not listen within ", kStartSeconds,
                                             " s; it said:\n", EndOfLog()));
}

bool EmbeddedServer::Running() {
  if (pid_ < 0) return false;
  if (waitpid(pid_, nullptr, WNOHANG) == 0) return true;
  pid_ = -1;
  return false;
}

std::string EmbeddedServer::EndOfLog() const {
  std::ifstream file(folder_ + "/log");
  std::deque<std::string> lines;
  for (std::string line; std::getline(file, line);) {
    lines.push_back(line);
    if (lines.size() > 15) lines.pop_front();
  }
  return absl::StrJoin(lines, "\n");
}

void EmbeddedServer::Stop() {
  if (!Running()) return;
  kill(pid_, SIGTERM);
  for (double waited = 0; waited < kStopSeconds && Running(); waited += kPollSeconds)
    usleep(static_cast<useconds_t>(kPollSeconds * 1e6));
  if (pid_ < 0) return;
  kill(pid_, SIGKILL);  // its pools end with it: they have asked the kernel for that
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

EmbeddedServer::~EmbeddedServer() {
  Stop();
  std::error_code ignored;
  if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
  if (lock_ >= 0) close(lock_);
}

}  // namespace tomoslab
