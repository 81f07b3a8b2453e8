// A scan as a client sends it: geometry, counts, types; then what the server computes from one that
// it accepts.
#include <cstdint>

#include "proto/values.h"
#include "tests/fuzz/quiet_protobuf.h"

namespace tomoslab {
namespace {

void Use(const v1::Scan& scan) {
  if (!ValidateScan(scan).ok()) return;
  if (!ToScan(scan.geometry()).ok()) __builtin_trap();  // what was accepted must be usable
  for (const v1::FrameKind kind :
       {v1::FRAME_KIND_PROJECTION, v1::FRAME_KIND_FLAT, v1::FRAME_KIND_DARK}) {
    if (LineCount(scan, kind) < 0 || BytesPerLine(scan) <= 0) __builtin_trap();
    std::int64_t bytes = 0;
    if (__builtin_mul_overflow(LineCount(scan, kind), BytesPerLine(scan), &bytes)) __builtin_trap();
  }
}

}  // namespace
}  // namespace tomoslab

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tomoslab::v1::Scan scan;
  if (scan.ParseFromArray(data, static_cast<int>(size))) tomoslab::Use(scan);
  return 0;
}
