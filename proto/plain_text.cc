#include "proto/plain_text.h"

#include <algorithm>

#include "absl/strings/str_format.h"

namespace tomoslab {
namespace {

constexpr std::string_view kEllipsis = "…";

struct Character {
  char32_t code = 0;
  std::size_t bytes = 0;  // 0 = not UTF-8
};

/// What `text` (not empty) begins with; neither overlong forms nor surrogates are UTF-8 (RFC 3629).
Character Decode(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const unsigned first = byte(0);
  if (first < 0x80) return {first, 1};
  if (first < 0xC2 || first > 0xF4) return {};
  const std::size_t bytes = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
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

bool IsPlain(const Character& character) {
  const char32_t code = character.code;
  const bool control = code < 0x20 || (code >= 0x7F && code < 0xA0);
  const bool line_end = code == 0x2028 || code == 0x2029;
  const bool direction = code == 0x061C || code == 0x200E || code == 0x200F || code == 0xFEFF ||
                         (code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
  return character.bytes > 0 && !control && !line_end && !direction;
}

std::string Escaped(char first, const Character& character) {
  const auto byte = static_cast<unsigned char>(first);
  const auto code = static_cast<unsigned>(character.code);
  return character.bytes == 0 ? absl::StrFormat("\\x%02x", byte)
         : code < 0x100       ? absl::StrFormat("\\x%02x", code)
                              : absl::StrFormat("\\u%04x", code);
}

/// What is not plain replaced by `instead(first byte, character)`, and the whole cut.
template <class Instead>
std::string CleanLine(std::string_view text, std::size_t most_bytes, const Instead& instead) {
  std::string line;
  std::size_t cut = 0;  // where the ellipsis still fits
  while (!text.empty()) {
    const Character character = Decode(text);
    if (IsPlain(character)) {
      line += text.substr(0, character.bytes);
    } else {
      line += instead(text.front(), character);
    }
    text.remove_prefix(std::max<std::size_t>(1, character.bytes));
    if (line.size() + kEllipsis.size() <= most_bytes) cut = line.size();
    if (line.size() <= most_bytes) continue;
    line.resize(cut);
    return most_bytes < kEllipsis.size() ? line : line.append(kEllipsis);
  }
  return line;
}

}  // namespace

bool IsPlainText(std::string_view text) {
  while (!text.empty()) {
    const Character character = Decode(text);
    if (!IsPlain(character)) return false;
    text.remove_prefix(character.bytes);
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
  return CleanLine(text, most_bytes, [](char, const Character&) { return std::string(" "); });
}

std::string EscapedLine(std::string_view text, std::size_t most_bytes) {
  return CleanLine(text, most_bytes, Escaped);
}

}  // namespace tomoslab
