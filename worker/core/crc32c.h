// CRC-32C (Castagnoli, RFC 3720), as it travels with every chunk of data.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tomoslab {

/// crc32c of `size` bytes; Crc32c("123456789", 9) = 0xE3069283.
std::uint32_t Crc32c(const void* data, std::size_t size);

}  // namespace tomoslab
