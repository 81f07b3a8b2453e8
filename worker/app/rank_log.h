// A rank's lines about its job, sent to the server by a thread of its own.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <thread>

#include "tomoslab/v1/pool.pb.h"
#include "worker/app/pool_client.h"

namespace tomoslab {

/// While this lives, what spdlog writes during a lease is sent to the server. Nobody waits for it:
/// lines stand in a queue, are sent again while the connection is broken, and dropped and counted
/// where there are too many. One per process.
class RankLog {
 public:
  static constexpr std::size_t kMostWaiting = 2000, kMostInReport = 500;
  static constexpr std::chrono::milliseconds kLastWords{1000};

  /// `client` outlives this.
  RankLog(PoolClient* client, int rank);
  ~RankLog();

  /// From now on every line is about this lease's job, and says so on stderr too.
  void Begin(const v1::Lease& lease);
  void End();
  /// Waits until all has been sent, but not for long: for a job or a process that is about to end.
  void Flush(std::chrono::milliseconds longest = kLastWords);

 private:
  struct Waiting {
    std::string lease;
    v1::LogLine line;
  };
  void Take(const v1::LogLine& line);
  void Run();
  /// Lines of one lease.
  v1::ReportLogRequest NextReport();
  void Drop(const std::string& lease);

  PoolClient* client_;
  const int rank_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string lease_;  // empty = none
  std::deque<Waiting> waiting_;
  std::int64_t dropped_ = 0;  // lines of lease_, since the last that was taken
  std::int64_t reports_ = 0;
  bool sending_ = false, stop_ = false, hurry_ = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace tomoslab
