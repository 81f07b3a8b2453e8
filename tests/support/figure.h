// Figures of acceptance.md in unit tests: judged by gtest, and printed as tests/support/figures.py
// prints them, for tests/acceptance/table.py to gather.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdio>
#include <string>

namespace tomoslab::testing {

inline void PrintFigure(const std::string& name, const std::string& measured,
                        const std::string& required, bool ok) {
  std::printf("  %s | %s | %s | %s\n", name.c_str(), measured.c_str(), required.c_str(),
              ok ? "ok" : "MISSED");
  std::fflush(stdout);  // whole lines, also where mpirun gathers them from many ranks
}

inline std::string Printed(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.5g", value);
  return text;
}

/// A NaN is never at most anything.
inline void ExpectAtMost(const std::string& name, double measured, double limit) {
  PrintFigure(name, Printed(measured), "<= " + Printed(limit), measured <= limit);
  EXPECT_LE(measured, limit) << name;
}

inline void ExpectExactly(const std::string& name, std::int64_t measured, std::int64_t required) {
  PrintFigure(name, std::to_string(measured), "= " + std::to_string(required),
              measured == required);
  EXPECT_EQ(measured, required) << name;
}

}  // namespace tomoslab::testing
