// TOMOSLAB_CHECK: for our own bugs only. Bad input is a Status, never a CHECK.
#pragma once

#include <string_view>

namespace tomoslab {

[[noreturn]] void CheckFailed(const char* file, int line, std::string_view condition);

}  // namespace tomoslab

#define TOMOSLAB_CHECK(condition) \
  ((condition) ? (void)0 : ::tomoslab::CheckFailed(__FILE__, __LINE__, #condition))
