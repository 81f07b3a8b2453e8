#include "absl/status/status.h"
#include "worker/operators/line_transform.h"

namespace tomoslab {

absl::StatusOr<std::unique_ptr<LineTransform>> MakeCufftTransform(Accelerator*,
                                                                  const LineTransformShape&) {
  return absl::NotFoundError("this program was built without cuFFT");
}

}  // namespace tomoslab
