// cuFFT, taken from the machine's CUDA when it is first needed: the program starts without it.
#include <cufft.h>
#include <dlfcn.h>

#include <algorithm>
#include <stdexcept>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "worker/core/check.h"
#include "worker/core/status.h"
#include "worker/operators/line_transform.h"

namespace tomoslab {
namespace {

/// The functions of cuFFT that are used here.
struct Cufft {
  decltype(&cufftCreate) create;
  decltype(&cufftDestroy) destroy;
  decltype(&cufftSetAutoAllocation) set_auto_allocation;
  decltype(&cufftMakePlanMany) make_plan_many;
  decltype(&cufftSetWorkArea) set_work_area;
  decltype(&cufftSetStream) set_stream;
  decltype(&cufftExecR2C) forward;
  decltype(&cufftExecC2R) backward;
};

template <class Function>
bool Find(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(library, name));
  return function != nullptr;
}

/// Of the version whose header this was built with.
absl::StatusOr<void*> OpenLibrary() {
  const std::string name = absl::StrFormat("libcufft.so.%d", CUFFT_VER_MAJOR);
  if (void* library = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL)) return library;
  return absl::NotFoundError(
      absl::StrFormat("cuFFT cannot be loaded (%s): install the CUDA toolkit's library %s, or name "
                      "its folder in LD_LIBRARY_PATH",
                      dlerror(), name));
}

absl::StatusOr<Cufft> Load() {
  TOMOSLAB_ASSIGN_OR_RETURN(void* const library, OpenLibrary());
  Cufft cufft{};
  if (Find(library, "cufftCreate", cufft.create) && Find(library, "cufftDestroy", cufft.destroy) &&
      Find(library, "cufftSetAutoAllocation", cufft.set_auto_allocation) &&
      Find(library, "cufftMakePlanMany", cufft.make_plan_many) &&
      Find(library, "cufftSetWorkArea", cufft.set_work_area) &&
      Find(library, "cufftSetStream", cufft.set_stream) &&
      Find(library, "cufftExecR2C", cufft.forward) &&
      Find(library, "cufftExecC2R", cufft.backward)) {
    return cufft;
  }
  return absl::NotFoundError(absl::StrFormat("the installed cuFFT is not whole: %s", dlerror()));
}

/// Loaded once; stays.
const absl::StatusOr<Cufft>& Library() {
  static const absl::StatusOr<Cufft> cufft = Load();
  return cufft;
}

void Check(cufftResult result, const char* what) {
  if (result == CUFFT_SUCCESS) return;
  throw std::runtime_error(
      absl::StrFormat("cuFFT failed in %s: error %d", what, static_cast<int>(result)));
}

/// One direction of the transform.
class Plan {
 public:
  Plan(const Cufft& cufft, const LineTransformShape& shape, cufftType type) : cufft_(cufft) {
    Check(cufft_.create(&handle_), "making a plan");
    Check(cufft_.set_auto_allocation(handle_, 0), "making a plan");
    int length = static_cast<int>(shape.length);
    int frequencies = static_cast<int>(shape.frequencies());
    const int lines = static_cast<int>(shape.lines);
    int* const from = type == CUFFT_R2C ? &length : &frequencies;
    int* const to = type == CUFFT_R2C ? &frequencies : &length;
    Check(cufft_.make_plan_many(handle_, 1, &length, from, lines, 1, to, lines, 1, type, lines,
                                &work_bytes_),
          "planning transforms");
  }
  ~Plan() { cufft_.destroy(handle_); }
  Plan(const Plan&) = delete;
  Plan& operator=(const Plan&) = delete;

  cufftHandle handle() const { return handle_; }
  std::int64_t work_bytes() const { return static_cast<std::int64_t>(work_bytes_); }

  void WorkIn(void* memory, Accelerator* accelerator) const {
    Check(cufft_.set_work_area(handle_, memory), "making a plan");
    const auto stream = static_cast<cudaStream_t>(accelerator->stream(Queue::kCompute));
    Check(cufft_.set_stream(handle_, stream), "making a plan");
  }

 private:
  const Cufft& cufft_;
  cufftHandle handle_ = 0;
  std::size_t work_bytes_ = 0;
};

class CufftTransform : public LineTransform {
 public:
  CufftTransform(const Cufft& cufft, Accelerator* accelerator, const LineTransformShape& shape)
      : cufft_(cufft),
        accelerator_(accelerator),
        forward_(cufft, shape, CUFFT_R2C),
        backward_(cufft, shape, CUFFT_C2R),
        work_(accelerator, std::max(forward_.work_bytes(), backward_.work_bytes()),
              "what cuFFT works in") {
    // One after the other, in the same memory.
    forward_.WorkIn(work_.data(), accelerator);
    backward_.WorkIn(work_.data(), accelerator);
  }
  ~CufftTransform() override { accelerator_->Wait(Queue::kCompute); }

  void Forward(const float* samples, float* frequencies) override {
    // Out of place, a real transform leaves its input as it is.
    Check(cufft_.forward(forward_.handle(), const_cast<float*>(samples),
                         reinterpret_cast<cufftComplex*>(frequencies)),
          "a transform");
  }
  void Backward(float* frequencies, float* samples) override {
    Check(
        cufft_.backward(backward_.handle(), reinterpret_cast<cufftComplex*>(frequencies), samples),
        "a transform back");
  }

 private:
  const Cufft& cufft_;
  Accelerator* accelerator_;
  Plan forward_, backward_;
  DeviceArray<char> work_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<LineTransform>> MakeCufftTransform(Accelerator* accelerator,
                                                                  const LineTransformShape& shape) {
  TOMOSLAB_CHECK(shape.length % 2 == 0 && shape.lines > 0);
  const absl::StatusOr<Cufft>& library = Library();
  if (!library.ok()) return library.status();
  return std::make_unique<CufftTransform>(*library, accelerator, shape);
}

}  // namespace tomoslab
