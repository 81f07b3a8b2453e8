// How fast a scan goes from a client's memory to the server's disk, beside what gRPC could do.
//
// service_upload [MB [ROUNDS]]: 1024 MB and 5 rounds unless said. Each round sends as many bytes
// (a) through a stream of gRPC alone, in messages of the same size, to a server process that throws
// them away; (b) by the client's UploadScan to a tomoslabd, until all is acknowledged: checked by
// crc32c, on disk (fdatasync) and committed.
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <thread>

#include "client/reconstruction_client.h"
#include "client/upload.h"
#include "proto/chunking.h"
#include "tests/benchmarks/raw_upload.h"
#include "tests/benchmarks/running_server.h"
#include "tests/benchmarks/service_figures.h"
#include "tests/server/samples.h"
#include "worker/core/crc32c.h"

namespace tomoslab {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kRows = 1024, kColumns = 1024;  // uint16: 2 MiB a view, two messages

double SecondsSince(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

/// Every view is the same noise.
class MemoryReader final : public ProjectionReader {
 public:
  MemoryReader() : view_(2 * kRows * kColumns) {
    std::uint32_t state = 1;
    for (std::byte& byte : view_) {
      state = 1664525 * state + 1013904223;
      byte = static_cast<std::byte>(state >> 24);
    }
  }
  absl::Status ReadLines(FrameKind, std::int64_t begin, std::int64_t end,
                         absl::Span<std::byte> lines) override {
    for (std::int64_t line = begin; line < end; ++line) {
      std::memcpy(lines.data() + (line - begin) * 2 * kColumns,
                  view_.data() + line % kRows * 2 * kColumns, 2 * kColumns);
    }
    return absl::OkStatus();
  }

 private:
  std::vector<std::byte> view_;
};

class RawServer {
 public:
  RawServer(const std::string& self, const std::string& port_file)
      : process_(*ChildProcess::Start({self, "--raw", port_file}, {})) {
    while (address_.empty()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      std::ifstream(port_file) >> address_;
    }
  }
  std::shared_ptr<grpc::Channel> Connect() const {
    return grpc::CreateChannel(address_, grpc::InsecureChannelCredentials());
  }

 private:
  ChildProcess process_;
  std::string address_;
};

double SendScan(const std::shared_ptr<grpc::Channel>& channel, int views) {
  ReconstructionClient client(channel);
  const absl::StatusOr<v1::Scan> scan = client.CreateScan(SampleScan(views, kRows, kColumns));
  MemoryReader reader;
  const auto begin = Clock::now();
  const absl::Status sent =
      scan.ok() ? UploadScan(channel, *scan, reader, UploadOptions()) : scan.status();
  const double seconds = SecondsSince(begin);
  if (!sent.ok()) {
    std::fprintf(stderr, "upload: %s\n", std::string(sent.message()).c_str());
    std::exit(1);
  }
  client.DeleteScan(scan->name()).IgnoreError();
  return seconds;
}

double Crc32cMbPerSecond() {
  const std::string chunk(kMaxChunkBytes, 'x');
  const auto begin = Clock::now();
  std::uint32_t sum = 0;
  constexpr int kChunks = 2000;
  for (int i = 0; i < kChunks; ++i) sum ^= Crc32c(chunk.data(), chunk.size());
  const double seconds = SecondsSince(begin) + (sum == 1 ? 1e-9 : 0);
  return 1e-6 * kChunks * static_cast<double>(kMaxChunkBytes) / seconds;
}

/// Written and synced in turns of 64 MiB, as an upload's commits do.
double DiskMbPerSecond(const std::string& path, std::int64_t mb) {
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  const std::string chunk(1 << 20, 'x');
  if (posix_fallocate(file, 0, mb << 20) != 0) return 0;
  const auto begin = Clock::now();
  for (std::int64_t i = 0; i < mb; ++i) {
    if (pwrite(file, chunk.data(), chunk.size(), i << 20) < 0) return 0;
    if (i % 64 == 63 && fdatasync(file) != 0) return 0;
  }
  fdatasync(file);
  const double seconds = SecondsSince(begin);
  close(file);
  unlink(path.c_str());
  return static_cast<double>(mb << 20) / 1e6 / seconds;
}

int Main(const std::string& self, int mb, int rounds) {
  const int views = std::max(1, mb * 1'000'000 / (2 * kRows * kColumns));
  const double sent_mb = (views + 3) * 2.0 * kRows * kColumns / 1e6;  // with 2 flats and a dark
  ServiceFigures figures(absl::StrFormat("Upload of %.0f MB, %d rounds, medians", sent_mb, rounds));
  RunningServer server({"--no-local-pool"});
  const RawServer raw_server(self, server.folder() + "/raw");
  const auto channel = server.Connect(), raw_channel = raw_server.Connect();
  std::vector<double> raw, real, ratio, cpu, disk;
  for (int round = 0; round < rounds; ++round) {
    raw.push_back(sent_mb / SendRaw(raw_channel, 2 * (views + 3), kMaxChunkBytes));
    disk.push_back(DiskMbPerSecond(server.folder() + "/disk", views * 2));
    const double before = server.CpuSeconds();
    real.push_back(sent_mb / SendScan(channel, views));
    cpu.push_back((server.CpuSeconds() - before) / sent_mb * 1000);
    ratio.push_back(real.back() / raw.back());
  }
  figures.Note("MB/s of crc32c, one core", Crc32cMbPerSecond());
  figures.Note("MB/s to disk, synced every 64 MiB", Quantile(disk, 0.5));
  figures.Note("MB/s of gRPC alone", Quantile(raw, 0.5));
  const double measured = Quantile(real, 0.5), ceiling = Quantile(raw, 0.5);
  figures.AtLeast("MB/s to the server's disk, with crc32c", measured,
                  std::min(400.0, 0.8 * ceiling));
  figures.Note("the same, slowest round", Quantile(real, 0));
  figures.Note("of gRPC alone", Quantile(ratio, 0.5));
  figures.Note("ms of the server's CPU per MB", Quantile(cpu, 0.5));
  figures.Note("MB of the server, most", server.PeakMemoryMb());
  return figures.Finish();
}

}  // namespace
}  // namespace tomoslab

int main(int argc, char** argv) {
  if (argc == 3 && std::string(argv[1]) == "--raw") tomoslab::ServeRawUploads(argv[2]);
  return tomoslab::Main("/proc/self/exe", argc > 1 ? std::atoi(argv[1]) : 1024,
                        argc > 2 ? std::atoi(argv[2]) : 5);
}
