// Figures of the service: collected, printed as tests/support/figures.py prints them, and judged.
#pragma once

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"

namespace tomoslab {

class ServiceFigures {
 public:
  explicit ServiceFigures(const std::string& title) {
    std::printf("%s\n  figure | measured | required | ok\n", title.c_str());
  }

  void AtMost(const std::string& name, double measured, double limit) {
    Print(name, measured, absl::StrFormat("<= %g", limit), measured <= limit);
  }
  void AtLeast(const std::string& name, double measured, double limit) {
    Print(name, measured, absl::StrFormat(">= %g", limit), measured >= limit);
  }
  void Note(const std::string& name, double measured) { Print(name, measured, "", true); }

  /// The program's exit code.
  int Finish() const { return missed_ ? 1 : 0; }

 private:
  void Print(const std::string& name, double measured, const std::string& required, bool ok) {
    const char* verdict = required.empty() ? "" : ok ? "ok" : "MISSED";
    std::printf("  %s | %.5g | %s | %s\n", name.c_str(), measured, required.c_str(), verdict);
    std::fflush(stdout);
    missed_ = missed_ || !ok;
  }
  bool missed_ = false;
};

/// The value below which `fraction` of them lie; 0 of none.
inline double Quantile(std::vector<double> values, double fraction) {
  if (values.empty()) return 0;
  const auto last = static_cast<double>(values.size() - 1);
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(fraction * last + 0.5);
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

}  // namespace tomoslab
