// Local pools with a shell script in the place of mpirun.
#include "server/pool_supervisor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>

#include <fstream>
#include <sstream>
#include <thread>

#include "absl/strings/str_join.h"
#include "server/child_process.h"
#include "tests/server/test_stores.h"

namespace tomoslab {
namespace {

using namespace std::chrono_literals;

std::string ReadFile(const std::string& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

/// Waits (up to 20 s) until `done`.
template <class Done>
bool Eventually(Done done) {
  for (int i = 0; i < 2000; ++i) {
    if (done()) return true;
    std::this_thread::sleep_for(10ms);
  }
  return false;
}

TEST(PoolCommandLine, BindsRanksToNumaNodesWhereTheyFit) {
  const auto command = [](int ranks, int numa_nodes) {
    const PoolOptions options{.ranks = ranks, .numa_nodes = numa_nodes};
    return absl::StrJoin(PoolCommandLine(options, "[::1]:1", "local-1", "a"), " ");
  };
  EXPECT_THAT(
      command(4, 2),
      testing::HasSubstr("-n 4 --oversubscribe --tag-output --map-by numa --bind-to numa "));
  EXPECT_THAT(command(3, 2), testing::HasSubstr("--bind-to none "));
  EXPECT_THAT(command(2, 1),
              testing::HasSubstr("-n 2 --oversubscribe --tag-output --bind-to none "));
  EXPECT_THAT(command(2, 1), testing::HasSubstr("--mca btl self,vader "));  // opens no ports
}

TEST(ChildProcessTest, ReplacesVariablesThatAreThereAlready) {
  setenv("TOMOSLAB_TLS_CA", "/of/another/server", 1);
  auto child =
      ChildProcess::Start({"sh", "-c", "echo \"[$TOMOSLAB_TLS_CA]\""}, PoolEnvironment({}));
  ASSERT_TRUE(child.ok());
  std::optional<std::string> how;
  ASSERT_TRUE(Eventually([&] { return (how = child->Ended()).has_value(); }));
  char text[100];
  const ssize_t size = read(child->output(), text, sizeof text);
  EXPECT_EQ(std::string(text, static_cast<std::size_t>(size)), "[]\n");
  unsetenv("TOMOSLAB_TLS_CA");
}

TEST(ChildProcessTest, RunsWithoutAShellAndSaysHowItEnded) {
  auto child = ChildProcess::Start({"sh", "-c", "echo \"$1 $COLOUR\"; exit 3", "name", "a b"},
                                   {"COLOUR=green"});
  ASSERT_TRUE(child.ok());
  std::optional<std::string> how;
  ASSERT_TRUE(Eventually([&] { return (how = child->Ended()).has_value(); }));
  EXPECT_EQ(*how, "exited with status 3");
  char text[32];
  const ssize_t size = read(child->output(), text, sizeof text);
  EXPECT_EQ(std::string(text, static_cast<std::size_t>(size)), "a b green\n");
}

TEST(ChildProcessTest, KillsTheWholeGroup) {
  auto child = ChildProcess::Start({"sh", "-c", "sleep 100 & sleep 100"}, {});
  ASSERT_TRUE(child.ok());
  const pid_t group = child->pid();
  child->Signal(SIGTERM);
  std::optional<std::string> how;
  ASSERT_TRUE(Eventually([&] { return (how = child->Ended()).has_value(); }));
  EXPECT_EQ(*how, "was killed by signal 15 (Terminated)");
  EXPECT_TRUE(Eventually([&] { return kill(-group, 0) != 0; }));
}

TEST(ChildProcessTest, AMissingProgramExplainsItself) {
  auto child = ChildProcess::Start({"/no/such/mpirun"}, {});
  ASSERT_TRUE(child.ok());
  std::optional<std::string> how;
  ASSERT_TRUE(Eventually([&] { return (how = child->Ended()).has_value(); }));
  EXPECT_EQ(*how, "exited with status 127");
  char text[100];
  const ssize_t size = read(child->output(), text, sizeof text);
  EXPECT_EQ(std::string(text, static_cast<std::size_t>(size)),
            "cannot run /no/such/mpirun: No such file or directory\n");
}

class SilentLink : public PoolLink {
  void Send(const v1::PoolCommand&) override {}
  void Break(const absl::Status&) override {}
};

class PoolSupervisorTest : public testing::Test {
 protected:
  /// A script that notes its arguments in starts.txt, then does `body`.
  PoolOptions Options(const std::string& body) {
    const std::string script = stores_.folder() + "/mpirun";
    std::ofstream(script) << "#!/bin/sh\nprintf '%s\\n' \"$*\" >> " << Starts() << "\n"
                          << body << "\n";
    chmod(script.c_str(), 0755);
    PoolOptions options;
    options.mpirun = script;
    options.worker = "/opt/worker";
    options.ranks = 3;
    options.threads = 2;
    options.device = "cpu";
    options.end_grace = 200ms;
    return options;
  }
  std::string Starts() const { return stores_.folder() + "/starts.txt"; }
  std::size_t StartCount() const {
    const std::string text = ReadFile(Starts());
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  }
  TestStores stores_;
  Dispatcher dispatcher_{stores_.All(), {}, {.silence = 300ms}};
};

TEST_F(PoolSupervisorTest, StartsEachPoolAsAgreedWithTheWorker) {
  PoolOptions options = Options("exec sleep 100");
  options.pools = 2;
  PoolSupervisor supervisor(options, "127.0.0.1:5", dispatcher_);
  ASSERT_TRUE(Eventually([&] { return StartCount() == 2; }));
  EXPECT_THAT(
      ReadFile(Starts()),
      testing::HasSubstr(
          "-n 3 --oversubscribe --tag-output --bind-to none --mca mpi_yield_when_idle 1 "
          "--mca btl_vader_single_copy_mechanism none --mca btl self,vader /opt/worker --server "
          "127.0.0.1:5 --pool local-"));
}

TEST_F(PoolSupervisorTest, RelaunchesAPoolThatLivesButNeverAttaches) {
  PoolOptions options = Options("trap '' TERM; while :; do sleep 0.1; done");
  options.attach_patience = 300ms;
  PoolSupervisor supervisor(options, "127.0.0.1:5", dispatcher_);
  EXPECT_TRUE(Eventually([&] { return StartCount() >= 3; }));
}

TEST_F(PoolSupervisorTest, LeavesAPoolAloneThatIsAttached) {
  PoolOptions options = Options("exec sleep 100");
  options.attach_patience = 300ms;
  PoolSupervisor supervisor(options, "127.0.0.1:5", dispatcher_);
  ASSERT_TRUE(Eventually([&] { return StartCount() == 1; }));
  const std::string start = ReadFile(Starts());
  const std::size_t begin = start.find("--instance ") + 11;
  v1::AttachRequest request;
  request.set_pool("local-1");
  request.set_instance(start.substr(begin, start.find(' ', begin) - begin));
  ASSERT_TRUE(dispatcher_.Attach(request, std::make_shared<SilentLink>()).ok());
  std::this_thread::sleep_for(900ms);
  EXPECT_EQ(StartCount(), 1U);
}

TEST_F(PoolSupervisorTest, RelaunchesAPoolThatEnds) {
  PoolSupervisor supervisor(Options("exit 1"), "127.0.0.1:5", dispatcher_);
  EXPECT_TRUE(Eventually([&] { return StartCount() >= 3; }));
}

TEST_F(PoolSupervisorTest, EndsEvenPoolsThatIgnoreSigterm) {
  auto supervisor = std::make_unique<PoolSupervisor>(
      Options("trap '' TERM; while true; do sleep 0.05; done"), "127.0.0.1:5", dispatcher_);
  ASSERT_TRUE(Eventually([&] { return StartCount() == 1; }));
  supervisor.reset();  // must return
  EXPECT_EQ(StartCount(), 1u);
}

struct NoLink : PoolLink {
  void Send(const v1::PoolCommand&) override {}
  void Break(const absl::Status&) override {}
};

TEST_F(PoolSupervisorTest, TakesTheJobFromARemotePoolThatIsSilent) {
  PoolOptions options = Options("exit 1");
  options.pools = 0;
  PoolSupervisor supervisor(options, "127.0.0.1:5", dispatcher_);
  v1::AttachRequest request;
  request.set_pool("remote");
  ASSERT_TRUE(dispatcher_.Attach(request, std::make_shared<NoLink>()).ok());
  const std::string job = stores_.Job(SampleJob(stores_.FullScan().name())).name();
  dispatcher_.Dispatch();
  EXPECT_EQ(stores_.jobs().Get(job)->state(), v1::LOADING);
  EXPECT_TRUE(Eventually([&] { return stores_.jobs().Get(job)->state() == v1::QUEUED; }));
  EXPECT_TRUE(dispatcher_.Pools().empty());
}

TEST_F(PoolSupervisorTest, RelaunchesAPoolThatIsSilentOnAJob) {
  PoolOptions options = Options("exec sleep 100");
  PoolSupervisor supervisor(options, "127.0.0.1:5", dispatcher_);
  ASSERT_TRUE(Eventually([&] { return StartCount() == 1; }));
  const std::string line = ReadFile(Starts());
  const std::size_t at = line.find("--instance ") + 11;
  v1::AttachRequest request;
  request.set_pool("local-1");
  request.set_instance(line.substr(at, line.find(' ', at) - at));
  ASSERT_TRUE(dispatcher_.Attach(request, std::make_shared<NoLink>()).ok());
  const std::string job = stores_.Job(SampleJob(stores_.FullScan().name())).name();
  dispatcher_.Dispatch();
  EXPECT_EQ(stores_.jobs().Get(job)->state(), v1::LOADING);
  EXPECT_TRUE(Eventually([&] { return stores_.jobs().Get(job)->state() == v1::QUEUED; }));
  EXPECT_TRUE(Eventually([&] { return StartCount() == 2; }));
}

}  // namespace
}  // namespace tomoslab
