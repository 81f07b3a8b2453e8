// How many bytes so many numbers take.
#pragma once

#include <cstdint>

namespace tomoslab {

template <class T>
constexpr std::int64_t BytesOf(std::int64_t count) {
  return count * static_cast<std::int64_t>(sizeof(T));
}

}  // namespace tomoslab
