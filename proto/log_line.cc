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
#include "proto/timestamp.h"

namespace tomoslab {
namespace {

using google::protobuf::util::TimeUtil;

constexpr std::string_view kCut = "…";

struct Character {
  char32_t code = 0;
  std::size_t bytes = 0;  // 0 = not UTF-8
};

Character Decode(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const unsigned first = byte(0);
  if (first < 0x80) return {first, 1};
  const std::size_t bytes = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4) return {};
  char32_t code = first & (0x7FU >> bytes);
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xC0U) != 0x80U) return {};
    code = code << 6U | (byte(i) & 0x3FU);
  }
  constexpr char32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xD800 && code < 0xE000;
  if (code < kLeast[bytes] || code > 0x10FFFF || surrogate) return {};
  return {code, bytes};
}

bool IsHarmless(char32_t code) {
  const bool control = code < 0x20 || (code >= 0x7F && code < 0xA0);
  const bool turns = code == 0x61C || code == 0x200E || code == 0x200F ||
                     (code >= 0x2028 && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069) ||
                     code == 0xFEFF;
  return !control && !turns;
}

std::string Shown(std::string_view rest, const Character& character) {
  if (character.bytes == 0)
    return absl::StrFormat("\\x%02x", static_cast<unsigned char>(rest.front()));
  if (IsHarmless(character.code)) return std::string(rest.substr(0, character.bytes));
  const auto code = static_cast<unsigned>(character.code);
  return code < 0x100 ? absl::StrFormat("\\x%02x", code) : absl::StrFormat("\\u%04x", code);
}

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
  if (!job.empty()) pairs.push_back({"job", Harmless(job, kLongestLogName)});
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

std::string Harmless(std::string_view text, std::size_t longest) {
  std::string harmless;
  std::size_t cut = 0;  // where "…" still fits
  while (!text.empty()) {
    const Character character = Decode(text);
    harmless += Shown(text, character);
    text.remove_prefix(std::max<std::size_t>(1, character.bytes));
    if (harmless.size() + kCut.size() <= longest) cut = harmless.size();
    if (harmless.size() > longest) return harmless.substr(0, cut).append(kCut);
  }
  return harmless;
}

v1::LogLine BoundedLine(const v1::LogLine& line) {
  v1::LogLine bounded;
  bounded.set_sequence(line.sequence());
  *bounded.mutable_time() = IsTime(line.time()) ? line.time() : TimestampNow();
  const bool severe = line.severity() == v1::WARNING || line.severity() == v1::ERROR;
  bounded.set_severity(severe ? line.severity() : v1::INFO);
  bounded.set_rank(std::max(-1, line.rank()));
  bounded.set_host(Harmless(line.host(), kLongestLogName));
  bounded.set_attempt(std::max(0, line.attempt()));
  bounded.set_text(Harmless(line.text()));
  for (const auto& [key, value] : line.field()) {
    if (bounded.field_size() == kMostLogFields) break;
    (*bounded.mutable_field())[Key(key)] = Harmless(value, kLongestLogValue);
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
