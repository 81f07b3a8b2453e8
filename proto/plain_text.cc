#include "proto/plain_text.h"

#include <cstdint>

#include "absl/strings/str_format.h"

namespace tomoslab {
namespace {

constexpr std::string_view kEllipsis = "…";

/// Bytes of the character that `text` (not empty) begins with; 0 when that is not UTF-8.
std::size_t LengthOfCharacter(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  const std::size_t length = first < 0x80                    ? 1
                             : first >= 0xC2 && first < 0xE0 ? 2
                             : first >= 0xE0 && first < 0xF0 ? 3
                             : first >= 0xF0 && first < 0xF5 ? 4
                                                             : 0;
  if (length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80) return 0;
  }
  return length;
}

std::uint32_t CodePoint(std::string_view character) {
  const auto first = static_cast<unsigned char>(character[0]);
  const std::size_t length = character.size();
  std::uint32_t code = length == 1 ? first : first & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i)
    code = code << 6 | (static_cast<unsigned char>(character[i]) & 0x3F);
  return code;
}

bool IsPlain(std::string_view character) {
  const std::uint32_t code = CodePoint(character);
  const bool control = code < 0x20 || (code >= 0x7F && code < 0xA0);
  const bool line_end = code == 0x2028 || code == 0x2029;
  const bool direction = code == 0x061C || code == 0x200E || code == 0x200F ||
                         (code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
  const bool surrogate = code >= 0xD800 && code < 0xE000;
  return !control && !line_end && !direction && !surrogate && code <= 0x10FFFF;
}

}  // namespace

bool IsPlainText(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = LengthOfCharacter(text);
    if (length == 0 || !IsPlain(text.substr(0, length))) return false;
    text.remove_prefix(length);
  }
  return true;
}

absl::Status CheckPlainText(std::string_view field, std::string_view text, std::size_t most_bytes) {
  if (text.size() > most_bytes) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s has %d bytes; at most %d are allowed", field, text.size(), most_bytes));
  }
  if (IsPlainText(text)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrFormat("%s holds line breaks or other control characters; leave them out", field));
}

std::string PlainLine(std::string_view text, std::size_t most_bytes) {
  std::string line;
  while (!text.empty()) {
    const std::size_t length = LengthOfCharacter(text);
    const std::string_view character = text.substr(0, length == 0 ? 1 : length);
    const bool plain = length > 0 && IsPlain(character);
    const std::string_view shown = plain ? character : " ";
    const std::size_t rest = text.size() > character.size() ? kEllipsis.size() : 0;
    if (line.size() + shown.size() + rest > most_bytes && line.size() + text.size() > most_bytes) {
      if (most_bytes >= kEllipsis.size()) line += kEllipsis;
      return line;
    }
    line += shown;
    text.remove_prefix(character.size());
  }
  return line;
}

}  // namespace tomoslab
