// Threads inside a rank: one OpenMP loop, whose iterations must not depend on each other.
#pragma once

#include <algorithm>
#include <cstdint>

namespace tomoslab {

/// Threads that ParallelFor uses; 1 .. the machine's.
int ThreadCount();
void SetThreadCount(int threads);

/// body(i) for i in [begin, end), dynamically scheduled; body must not throw.
template <class Body>
void ParallelFor(std::int64_t begin, std::int64_t end, Body&& body) {
#pragma omp parallel for schedule(dynamic) if (end - begin > 1)
  for (std::int64_t i = begin; i < end; ++i) body(i);
}

/// body(begin, end) over pieces of [0, size): 64 KiB of every float array they index.
template <class Body>
void ParallelChunks(std::int64_t size, Body&& body) {
  constexpr std::int64_t kChunk = 16384;
  ParallelFor(0, (size + kChunk - 1) / kChunk, [&](std::int64_t chunk) {
    body(chunk * kChunk, std::min(size, (chunk + 1) * kChunk));
  });
}

}  // namespace tomoslab
