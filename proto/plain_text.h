// Text of strangers that other people's terminals, logs and pages show.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace tomoslab {

/// UTF-8 without anything that moves a cursor or the order of letters: no line breaks, tabs,
/// escapes or other control characters (C0, DEL, C1), no line separators, no bidirectional marks
/// (Unicode TR 36, TR 9).
bool IsPlainText(std::string_view text);

/// InvalidArgument: more than `most_bytes`, or not plain; names the field.
absl::Status CheckPlainText(std::string_view field, std::string_view text, std::size_t most_bytes);

/// The text as one plain line: a blank for every character that is not plain, "…" instead of what
/// goes beyond `most_bytes`.
std::string PlainLine(std::string_view text, std::size_t most_bytes);

/// The same with \xNN and \uNNNN for what is not plain (bytes that are not UTF-8 among it), so that
/// a reader sees what was there. Twice is once.
std::string EscapedLine(std::string_view text, std::size_t most_bytes);

}  // namespace tomoslab
