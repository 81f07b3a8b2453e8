// Lines of logs: bounded, harmless to terminals, and as text.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "tomoslab/v1/job.pb.h"

namespace tomoslab {

inline constexpr std::size_t kLongestLogText = 8 << 10, kLongestLogValue = 1 << 10,
                             kLongestLogName = 256;  // of hosts and keys
inline constexpr int kMostLogFields = 32, kMostSplitLines = 100;

/// As it may be kept and shown, whoever wrote it: texts are EscapedLine (proto/plain_text) and
/// bounded, fields at most kMostLogFields, a severity that is none becomes INFO.
v1::LogLine BoundedLine(const v1::LogLine& line);

/// A line of the server's (rank −1), now.
v1::LogLine NewLogLine(v1::Severity severity, std::string_view text);

/// One line of each line of the text, kMostSplitLines at most; the same otherwise.
std::vector<v1::LogLine> SplitLines(const v1::LogLine& line);

enum class LogFormat { kText, kJson };

/// time=… level=info job=jobs/7 attempt=1 rank=0 host=node1 msg="…" iteration=3, or the same as a
/// JSON object; without a line's end. What is empty is left out; rank: of lines that are not the
/// server's. BoundedLine is applied.
std::string FormatLogLine(const v1::LogLine& line, std::string_view job, LogFormat format);

}  // namespace tomoslab
