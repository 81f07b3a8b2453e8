// What a program writes to stderr: spdlog's messages as lines of key=value or JSON.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "proto/log_line.h"

namespace tomoslab {

/// What a program's lines are about, until it says otherwise: what a rank works on.
struct LogContext {
  std::string job;  // "jobs/ID"; empty = none
  int attempt = 0;
  int rank = -1;  // −1 = the server, or no rank
  std::string host;
};

/// Every spdlog message becomes one line on stderr. A message that begins with a job's name and a
/// colon ("jobs/7: …") is about that job. Call it before any thread starts.
void LogToStderr(LogFormat format);

/// From now on, on all threads.
void SetLogContext(const LogContext& context);

/// Also hands on each line that spdlog was given, with the job that it is about; null = to nobody.
/// `take` may be called by any thread; what it logs itself is not handed on. It returns after the
/// calls that are under way.
using TakeLogLine = std::function<void(const v1::LogLine& line, const std::string& job)>;
void HandOnLogLines(TakeLogLine take);

/// A line about a job, through spdlog.
void LogAbout(const std::string& job, const v1::LogLine& line);

/// "text" → kText, "json" → kJson: for --log-format.
extern const std::map<std::string, LogFormat> kLogFormats;

}  // namespace tomoslab
