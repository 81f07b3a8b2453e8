#include "proto/log_output.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <utility>

namespace tomoslab {
namespace {

struct Shared {
  std::mutex mutex;  // of the context
  LogContext context;
  std::mutex take_mutex;
  TakeLogLine take;
};

Shared& TheShared() {
  static Shared& shared = *new Shared;  // also for threads that outlive main
  return shared;
}

/// The line that LogAbout is logging on this thread.
struct Current {
  const v1::LogLine* line = nullptr;
  const std::string* job = nullptr;
  bool handing_on = false;
};
thread_local Current current;

v1::Severity SeverityOf(spdlog::level::level_enum level) {
  if (level >= spdlog::level::err) return v1::ERROR;
  return level == spdlog::level::warn ? v1::WARNING : v1::INFO;
}

spdlog::level::level_enum LevelOf(v1::Severity severity) {
  if (severity == v1::ERROR) return spdlog::level::err;
  return severity == v1::WARNING ? spdlog::level::warn : spdlog::level::info;
}

/// "jobs/7: text" → "jobs/7", and the text is what follows; else "".
std::string TakeJob(std::string_view& text) {
  constexpr std::string_view kJobs = "jobs/";
  if (!text.starts_with(kJobs)) return "";
  const std::size_t end = text.find_first_not_of("0123456789", kJobs.size());
  if (end == std::string_view::npos || end == kJobs.size()) return "";
  if (!text.substr(end).starts_with(": ")) return "";
  const std::string job(text.substr(0, end));
  text.remove_prefix(end + 2);
  return job;
}

struct AboutLine {
  v1::LogLine line;
  std::string job;
};

AboutLine ToLine(const spdlog::details::log_msg& message) {
  if (current.line != nullptr) return {*current.line, *current.job};
  std::string_view text(message.payload.data(), message.payload.size());
  LogContext context;
  {
    const std::lock_guard<std::mutex> lock(TheShared().mutex);
    context = TheShared().context;
  }
  const std::string named = TakeJob(text);
  AboutLine about{NewLogLine(SeverityOf(message.level), text), named.empty() ? context.job : named};
  about.line.set_rank(context.rank);
  about.line.set_host(context.host);
  if (!about.job.empty()) about.line.set_attempt(context.attempt);
  return about;
}

class Formatter final : public spdlog::formatter {
 public:
  explicit Formatter(LogFormat format) : format_(format) {}
  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
    const AboutLine about = ToLine(message);
    const std::string text = FormatLogLine(about.line, about.job, format_) + "\n";
    out.append(text.data(), text.data() + text.size());
  }
  std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<Formatter>(format_);
  }

 private:
  const LogFormat format_;
};

/// Passes lines to whom HandOnLogLines says.
class HandOnSink final : public spdlog::sinks::sink {
 public:
  void log(const spdlog::details::log_msg& message) override {
    if (current.handing_on) return;
    const std::lock_guard<std::mutex> lock(TheShared().take_mutex);
    if (!TheShared().take) return;
    current.handing_on = true;
    const AboutLine about = ToLine(message);
    TheShared().take(about.line, about.job);
    current.handing_on = false;
  }
  void flush() override {}
  void set_pattern(const std::string&) override {}
  void set_formatter(std::unique_ptr<spdlog::formatter>) override {}
};

}  // namespace

const std::map<std::string, LogFormat> kLogFormats = {{"text", LogFormat::kText},
                                                      {"json", LogFormat::kJson}};

void LogToStderr(LogFormat format) {
  auto stderr_sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  stderr_sink->set_formatter(std::make_unique<Formatter>(format));
  const std::vector<spdlog::sink_ptr> sinks = {std::move(stderr_sink),
                                               std::make_shared<HandOnSink>()};
  spdlog::set_default_logger(std::make_shared<spdlog::logger>("", sinks.begin(), sinks.end()));
}

void SetLogContext(const LogContext& context) {
  const std::lock_guard<std::mutex> lock(TheShared().mutex);
  TheShared().context = context;
}

void HandOnLogLines(TakeLogLine take) {
  const std::lock_guard<std::mutex> lock(TheShared().take_mutex);
  TheShared().take = std::move(take);
}

void LogAbout(const std::string& job, const v1::LogLine& line) {
  current.line = &line;
  current.job = &job;
  spdlog::log(LevelOf(line.severity()), "{}: {}", job, line.text());
  current.line = nullptr;
  current.job = nullptr;
}

}  // namespace tomoslab
