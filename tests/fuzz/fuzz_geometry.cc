// Geometry in all its forms: a phantom case (JSON), a scan's geometry in protobuf's JSON mapping,
// and bare numbers as one vector per view.
#include <google/protobuf/util/json_util.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "proto/values.h"
#include "tests/fuzz/memory_file.h"
#include "tests/fuzz/quiet_protobuf.h"
#include "worker/data/phantom_case.h"

namespace tomoslab {
namespace {

/// What was accepted must be usable, and must come back from its message as good.
void Use(const Scan& scan) {
  if (scan.views.empty()) __builtin_trap();
  if (scan.views.size() > 1000) return;  // slow, and no other code
  if (!ToScan(ToProto(scan)).ok() && !scan.orbit.has_value()) __builtin_trap();
  (void)CheckScanSeesVolume(scan, DefaultVolume(scan));
}

void UseCase(const std::uint8_t* data, std::size_t size) {
  const MemoryFile file(data, size);
  const absl::StatusOr<PhantomCase> read = ReadPhantomCase(file.path(), {.views = 4});
  if (!read.ok()) return;
  if (read->beam.attenuation_per_mm.size() != read->phantom.materials.size()) __builtin_trap();
  Use(read->scan);
}

void UseJson(const std::string& text) {
  v1::ScanGeometry geometry;
  if (!google::protobuf::util::JsonStringToMessage(text, &geometry).ok()) return;
  if (const absl::StatusOr<Scan> scan = ToScan(geometry); scan.ok()) Use(*scan);
}

void UseVectors(const std::uint8_t* data, std::size_t size) {
  std::vector<double> numbers(size / sizeof(double));
  if (!numbers.empty()) std::memcpy(numbers.data(), data, numbers.size() * sizeof(double));
  for (const Beam beam : {Beam::kCone, Beam::kParallel}) {
    const absl::StatusOr<Scan> scan = MakeVectorScan({3, 5, 1, 1}, beam, numbers);
    if (scan.ok()) Use(*scan);
  }
}

}  // namespace
}  // namespace tomoslab

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 0 && data[0] == '{') {
    tomoslab::UseCase(data, size);
    tomoslab::UseJson(std::string(reinterpret_cast<const char*>(data), size));
  } else {
    tomoslab::UseVectors(data, size);
  }
  return 0;
}
