// A job file of the command line client.
#include <google/protobuf/util/json_util.h>

#include <cstdint>
#include <string>

#include "tests/fuzz/quiet_protobuf.h"
#include "tests/fuzz/use_job_spec.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  tomoslab::v1::JobSpec spec;
  if (google::protobuf::util::JsonStringToMessage(text, &spec).ok()) tomoslab::UseJobSpec(spec);
  return 0;
}
