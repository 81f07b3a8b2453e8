#include "worker/data/energy_csv.h"

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"

namespace tomoslab {
namespace {

constexpr std::uintmax_t kLargestFile = 64 << 20;

absl::Status AddLine(const std::vector<std::string>& cells, int line, EnergyCsv& table) {
  if (cells.size() != table.column.size() + 1) {
    return absl::InvalidArgumentError(absl::StrFormat("%s, line %d: %d values, expected %d",
                                                      table.path, line, cells.size(),
                                                      table.column.size() + 1));
  }
  for (std::size_t i = 0; i < cells.size(); ++i) {
    double number = 0;
    if (!absl::SimpleAtod(cells[i], &number) || !std::isfinite(number) || number < 0) {
      return absl::InvalidArgumentError(
          absl::StrFormat("%s, line %d: '%s' is not a number from 0", table.path, line, cells[i]));
    }
    (i == 0 ? table.energy_kev : table.value[i - 1]).push_back(number);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<EnergyCsv> ReadEnergyCsv(const std::string& path) {
  std::ifstream file(path);
  if (!file) return absl::NotFoundError(absl::StrCat(path, ": cannot be opened"));
  std::error_code error;
  const auto bytes = std::filesystem::file_size(path, error);  // fails for devices
  if (error || bytes > kLargestFile) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "%s: is no table: it is not a file, or larger than %d bytes", path, kLargestFile));
  }
  EnergyCsv table;
  table.path = path;
  std::string text;
  bool named = false;
  for (int line = 1; std::getline(file, text); ++line) {
    if (!text.empty() && text.back() == '\r') text.pop_back();
    if (text.empty() || text[0] == '#') continue;
    std::vector<std::string> cells = absl::StrSplit(text, ',');
    if (!named) {
      table.column.assign(cells.begin() + 1, cells.end());
      table.value.resize(table.column.size());
      named = true;
    } else if (absl::Status status = AddLine(cells, line, table); !status.ok()) {
      return status;
    }
  }
  if (table.column.empty() || table.energy_kev.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": holds no table (a line of names, then lines of numbers)"));
  }
  return table;
}

}  // namespace tomoslab
