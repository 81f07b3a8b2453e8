// A job as a client sends it.
#include <cstdint>

#include "tests/fuzz/quiet_protobuf.h"
#include "tests/fuzz/use_job_spec.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tomoslab::v1::JobSpec spec;
  if (spec.ParseFromArray(data, static_cast<int>(size))) tomoslab::UseJobSpec(spec);
  return 0;
}
