#include "proto/log_line.h"

#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "proto/plain_text.h"
#include "proto/timestamp.h"

namespace tomoslab {
namespace {

using google::protobuf::util::TimeUtil;

std::string Key(std::string_view key) {
  std::string kept(key.substr(0, kLongestLogName));
  for (char& c : kept) {
    const bool good = absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.';
    if (!good) c = '_';
  }
  return kept.empty() ? "_" : kept;
}

const char* LevelOf(v1::Severity severity) {
  return severity == v1::ERROR ? "error" : severity == v1::WARNING ? "warning" : "info";
}

std::string TimeOf(const v1::LogLine& line) {
  const absl::Time time = absl::FromUnixNanos(TimeUtil::TimestampToNanoseconds(line.time()));
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", time, absl::UTCTimeZone());
}

/// Without control characters already.
std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

/// A value of key=value: quoted only where it has to be.
std::string Value(std::string_view text) {
  const bool plain = !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return c > 0x20 && c != '"' && c != '=' && c != '\\';
  });
  return plain ? std::string(text) : Quoted(text);
}

bool IsTime(const google::protobuf::Timestamp& time) {
  return time.seconds() >= 0 && time.seconds() <= TimeUtil::kTimestampMaxSeconds &&
         time.nanos() >= 0 && time.nanos() < 1'000'000'000;
}

struct Pair {
  std::string key, value;
  bool is_number = false;
};

std::vector<Pair> PairsOf(const v1::LogLine& line, std::string_view job) {
  std::vector<Pair> pairs = {{"time", TimeOf(line)}, {"level", LevelOf(line.severity())}};
  if (!job.empty()) pairs.push_back({"job", EscapedLine(job, kLongestLogName)});
  if (line.attempt() > 0) pairs.push_back({"attempt", absl::StrCat(line.attempt()), true});
  if (line.rank() >= 0) pairs.push_back({"rank", absl::StrCat(line.rank()), true});
  if (!line.host().empty()) pairs.push_back({"host", line.host()});
  pairs.push_back({"msg", line.text()});
  const std::map<std::string, std::string> sorted(line.field().begin(), line.field().end());
  for (const auto& [key, value] : sorted) pairs.push_back({key, value});
  return pairs;
}

std::string ToText(const std::vector<Pair>& pairs) {
  std::string text;
  for (const Pair& pair : pairs) {
    const std::string value = pair.key == "msg" ? Quoted(pair.value) : Value(pair.value);
    absl::StrAppend(&text, text.empty() ? "" : " ", pair.key, "=", value);
  }
  return text;
}

std::string ToJson(const std::vector<Pair>& pairs) {
  std::string text = "{";
  for (const Pair& pair : pairs) {
    absl::StrAppend(&text, text.size() == 1 ? "" : ",", Quoted(pair.key), ":",
                    pair.is_number ? pair.value : Quoted(pair.value));
  }
  return text + "}";
}

}  // namespace

v1::LogLine BoundedLine(const v1::LogLine& line) {
  v1::LogLine bounded;
  bounded.set_sequence(line.sequence());
  *bounded.mutable_time() = IsTime(line.time()) ? line.time() : TimestampNow();
  const bool severe = line.severity() == v1::WARNING || line.severity() == v1::ERROR;
  bounded.set_severity(severe ? line.severity() : v1::INFO);
  bounded.set_rank(std::max(-1, line.rank()));
  bounded.set_host(EscapedLine(line.host(), kLongestLogName));
  bounded.set_attempt(std::max(0, line.attempt()));
  bounded.set_text(EscapedLine(line.text(), kLongestLogText));
  for (const auto& [key, value] : line.field()) {
    if (bounded.field_size() == kMostLogFields) break;
    (*bounded.mutable_field())[Key(key)] = EscapedLine(value, kLongestLogValue);
  }
  return bounded;
}

v1::LogLine NewLogLine(v1::Severity severity, std::string_view text) {
  v1::LogLine line;
  *line.mutable_time() = TimestampNow();
  line.set_severity(severity);
  line.set_rank(-1);
  line.set_text(std::string(text));
  return line;
}

std::vector<v1::LogLine> SplitLines(const v1::LogLine& line) {
  std::vector<v1::LogLine> lines;
  for (const absl::string_view text : absl::StrSplit(line.text(), '\n')) {
    if (text.empty() && !lines.empty()) continue;
    if (lines.size() == kMostSplitLines) {
      lines.back().set_text("… and more lines");
      break;
    }
    v1::LogLine& one = lines.emplace_back(line);
    one.set_text(std::string(text));
  }
  return lines;
}

std::string FormatLogLine(const v1::LogLine& line, std::string_view job, LogFormat format) {
  const std::vector<Pair> pairs = PairsOf(BoundedLine(line), job);
  return format == LogFormat::kJson ? ToJson(pairs) : ToText(pairs);
}

}  // namespace tomoslab
