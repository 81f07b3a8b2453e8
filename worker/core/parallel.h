// Threads inside a rank: one OpenMP loop, whose iterations must not depend on each other.
#pragma once

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

}  // namespace tomoslab
