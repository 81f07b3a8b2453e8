#include "worker/core/check.h"

#include <cstdio>
#include <cstdlib>

namespace tomoslab {

void CheckFailed(const char* file, int line, std::string_view condition) {
  std::fprintf(stderr, "%s:%d: internal error: %.*s does not hold\n", file, line,
               static_cast<int>(condition.size()), condition.data());
  std::abort();
}

}  // namespace tomoslab
