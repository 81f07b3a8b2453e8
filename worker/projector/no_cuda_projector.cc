// In builds without CUDA's compiler.
#include "worker/projector/local_projector.h"

namespace tomoslab {

absl::StatusOr<std::unique_ptr<LocalProjector>> MakeCudaProjector(const Device&, const Volume&,
                                                                  ProjectorModel, LargestView) {
  return absl::FailedPreconditionError("this program was built without CUDA");
}

}  // namespace tomoslab
