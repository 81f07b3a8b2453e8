// Chunks of projections and volumes: what is accepted fits into its scan and is as long as it says.
#include <cstdint>

#include "proto/chunking.h"
#include "tests/fuzz/quiet_protobuf.h"
#include "tomoslab/v1/job.pb.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::int64_t kBytesPerLine = 40, kLines = 1000;
  tomoslab::v1::ProjectionChunk chunk;
  if (!chunk.ParseFromArray(data, static_cast<int>(size))) return 0;
  // The checksum would keep the fuzzer out.
  const std::string bytes = chunk.data();
  tomoslab::v1::ProjectionChunk sealed = chunk;
  tomoslab::FillChunk(chunk.first_line(), kBytesPerLine, bytes, &sealed);
  sealed.set_line_count(chunk.line_count());
  for (const tomoslab::v1::ProjectionChunk& tried : {chunk, sealed}) {
    if (!tomoslab::CheckChunk(tried, kBytesPerLine, kLines).ok()) continue;
    const bool inside = tried.first_line() >= 0 && tried.line_count() >= 0 &&
                        tried.first_line() <= kLines - tried.line_count();
    if (!inside ||
        static_cast<std::int64_t>(tried.data().size()) != tried.line_count() * kBytesPerLine)
      __builtin_trap();
  }
  return 0;
}
