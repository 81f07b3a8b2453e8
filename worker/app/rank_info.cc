#include "worker/app/rank_info.h"

#include <unistd.h>

#include <fstream>

namespace tomoslab {

std::string HostName() {
  char name[256] = "";
  if (gethostname(name, sizeof(name) - 1) != 0) return "unknown host";
  return name;
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

void SetDevice(const Accelerator* accelerator, v1::RankReport* report) {
  report->set_device((accelerator == nullptr ? Device{} : accelerator->device()).ToString());
  report->set_device_limit_bytes(accelerator == nullptr ? 0 : accelerator->limit_bytes());
}

}  // namespace tomoslab
