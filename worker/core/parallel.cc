#include "worker/core/parallel.h"

#include <omp.h>

#include <algorithm>

namespace tomoslab {

int ThreadCount() { return omp_get_max_threads(); }

void SetThreadCount(int threads) { omp_set_num_threads(std::max(1, threads)); }

}  // namespace tomoslab
