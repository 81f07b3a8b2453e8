// What this machine has, for the defaults of local pools.
#pragma once

#include <cstdint>

namespace tomoslab {

struct Machine {
  int cores = 1;       // that this process may use
  int numa_nodes = 1;  // with such cores
  std::int64_t memory_bytes = 0;
};

Machine ThisMachine();

/// Lets this process have as many files and connections open as it may: at the end of the default
/// (1024, for historical reasons) a server hears no caller any more.
void AllowMostOpenFiles();

}  // namespace tomoslab
