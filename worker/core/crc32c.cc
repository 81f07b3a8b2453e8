#include "worker/core/crc32c.h"

#include <isa-l.h>

#include <algorithm>
#include <climits>

namespace tomoslab {

std::uint32_t Crc32c(const void* data, std::size_t size) {
  // ISA-L's crc32_iscsi neither inverts the start nor the end value, and counts in int.
  auto* bytes = static_cast<unsigned char*>(const_cast<void*>(data));
  std::uint32_t crc = 0xFFFFFFFFu;
  while (size > 0) {
    const std::size_t piece = std::min<std::size_t>(size, INT_MAX);
    crc = crc32_iscsi(bytes, static_cast<int>(piece), crc);
    bytes += piece;
    size -= piece;
  }
  return ~crc;
}

}  // namespace tomoslab
