#include "worker/app/rank_info.h"

#include <unistd.h>

#include <fstream>

#include "absl/strings/str_format.h"
#include "worker/core/parallel.h"

namespace tomoslab {

std::string HostName() {
  char name[256] = "";
  if (gethostname(name, sizeof(name) - 1) != 0) return "unknown host";
  return name;
}

std::string DeviceName() {
  return absl::StrFormat("cpu, %d thread%s", ThreadCount(), ThreadCount() == 1 ? "" : "s");
}

std::int64_t AvailableMemoryBytes() {
  std::ifstream file("/proc/meminfo");
  std::string key, unit;
  std::int64_t kilobytes = 0;
  while (file >> key >> kilobytes) {
    if (key == "MemAvailable:") return kilobytes * 1024;
    std::getline(file, unit);
  }
  return 0;
}

}  // namespace tomoslab
