#include "worker/app/rank_info.h"

#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
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

v1::RankUsage UsageOf(int rank, std::int64_t device_bytes) {
  static const auto start = std::chrono::steady_clock::now();
  v1::RankUsage usage;
  usage.set_rank(rank);
  std::int64_t pages = 0, resident_pages = 0;
  std::ifstream("/proc/self/statm") >> pages >> resident_pages;
  usage.set_resident_bytes(resident_pages * sysconf(_SC_PAGESIZE));
  usage.set_device_bytes(device_bytes);
  rusage times = {};
  getrusage(RUSAGE_SELF, &times);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  usage.set_cpu_seconds(seconds(times.ru_utime) + seconds(times.ru_stime));
  usage.set_seconds(
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  return usage;
}

void SetDevice(const Accelerator* accelerator, v1::RankReport* report) {
  report->set_device((accelerator == nullptr ? Device{} : accelerator->device()).ToString());
  report->set_device_limit_bytes(accelerator == nullptr ? 0 : accelerator->limit_bytes());
}

}  // namespace tomoslab
