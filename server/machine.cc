#include "server/machine.h"

#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <system_error>

namespace tomoslab {
namespace {

int Cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return std::max(1, CPU_COUNT(&set));
}

int NumaNodes() {
  int nodes = 0;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/sys/devices/system/node", error)) {
    const std::string name = entry.path().filename();
    nodes += name.size() > 4 && name.compare(0, 4, "node") == 0 &&
             name.find_first_not_of("0123456789", 4) == std::string::npos;
  }
  return std::max(1, nodes);
}

}  // namespace

Machine ThisMachine() {
  const int cores = Cores();
  const std::int64_t pages = sysconf(_SC_PHYS_PAGES);
  return {cores, std::min(cores, NumaNodes()),
          std::max<std::int64_t>(0, pages) * sysconf(_SC_PAGESIZE)};
}

void AllowMostOpenFiles() {
  struct rlimit limit = {};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace tomoslab
