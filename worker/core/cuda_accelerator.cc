#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <vector>

#include "absl/strings/str_format.h"
#include "worker/core/accelerator.h"
#include "worker/core/cuda_check.h"
#include "worker/core/parallel.h"
#include "worker/core/status.h"

namespace tomoslab {
namespace {

double Gib(std::size_t bytes) { return static_cast<double>(bytes) / (1 << 30); }

struct DestroyStream {
  void operator()(cudaStream_t stream) const { cudaStreamDestroy(stream); }
};
struct DestroyEvent {
  void operator()(cudaEvent_t event) const { cudaEventDestroy(event); }
};
using OwnedStream = std::unique_ptr<CUstream_st, DestroyStream>;
using OwnedEvent = std::unique_ptr<CUevent_st, DestroyEvent>;

OwnedStream NewStream() {
  cudaStream_t stream;
  CudaCheck(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "cudaStreamCreate");
  return OwnedStream(stream);
}

OwnedEvent NewEvent() {
  cudaEvent_t event;
  CudaCheck(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), "cudaEventCreate");
  return OwnedEvent(event);
}

/// Rows [row, row + rows) of some Stretches, or, of a single row, bytes [begin, begin + width).
struct Part {
  std::int64_t row, rows, begin, width;
  std::int64_t bytes() const { return rows * width; }
};

/// Parts of at most `most` bytes that cover everything, in order.
std::vector<Part> Cut(const Stretches& what, std::int64_t most) {
  std::vector<Part> parts;
  if (what.width == 0) return parts;
  if (what.width <= most) {
    const std::int64_t rows = most / what.width;
    for (std::int64_t row = 0; row < what.height; row += rows)
      parts.push_back({row, std::min(rows, what.height - row), 0, what.width});
    return parts;
  }
  for (std::int64_t row = 0; row < what.height; ++row) {
    for (std::int64_t begin = 0; begin < what.width; begin += most)
      parts.push_back({row, 1, begin, std::min(most, what.width - begin)});
  }
  return parts;
}

/// Stretches without gaps as one.
Stretches Merge(const Stretches& what) {
  if (what.from_pitch != what.width || what.to_pitch != what.width) return what;
  return {.width = what.width * what.height};
}

/// `bytes` of one stretch, or many short ones, on the rank's threads.
void CopyOnHost(const char* from, std::int64_t from_pitch, char* to, std::int64_t to_pitch,
                const Part& part) {
  if (part.rows == 1) {
    return ParallelChunks(part.width, [&](std::int64_t begin, std::int64_t end) {
      std::memcpy(to + begin, from + begin, static_cast<std::size_t>(end - begin));
    });
  }
  constexpr std::int64_t kRows = 256;
  ParallelFor(0, (part.rows + kRows - 1) / kRows, [&](std::int64_t block) {
    for (std::int64_t r = block * kRows; r < std::min(part.rows, (block + 1) * kRows); ++r)
      std::memcpy(to + r * to_pitch, from + r * from_pitch, static_cast<std::size_t>(part.width));
  });
}

class Cuda : public Accelerator {
 public:
  explicit Cuda(const Device& device)
      : Accelerator(device),
        streams_{NewStream(), NewStream()},
        order_{NewEvent(), NewEvent()},
        travelled_{NewEvent(), NewEvent()} {}
  ~Cuda() override {
    FreeScratch();
    if (pinned_ != nullptr) cudaFreeHost(pinned_);
  }

  absl::Status Prepare(std::int64_t limit_bytes) {
    void* memory = nullptr;
    if (cudaMallocHost(&memory, 2 * kHalf) != cudaSuccess) {
      cudaGetLastError();  // forgets it
      return absl::ResourceExhaustedError(
          absl::StrFormat("%.2f GiB of host memory cannot be pinned for copies to the GPU; raise "
                          "the limit of locked memory (ulimit -l), or use --device=cpu",
                          Gib(2 * kHalf)));
    }
    pinned_ = static_cast<char*>(memory);
    std::size_t free = 0, total = 0;
    CudaCheck(cudaMemGetInfo(&free, &total), "asking for free memory");
    const auto most = static_cast<std::int64_t>(free);
    SetLimit(limit_bytes > 0 ? std::min(limit_bytes, most) : most);
    return absl::OkStatus();
  }

  void* AllocatePinned(std::int64_t bytes) override {
    void* memory = nullptr;
    const cudaError_t error =
        cudaMallocHost(&memory, static_cast<std::size_t>(std::max<std::int64_t>(bytes, 1)));
    if (error == cudaSuccess) return memory;
    cudaGetLastError();
    throw DeviceMemoryError(absl::StrFormat(
        "%.3f GiB of host memory cannot be pinned for copies to the GPU (%s); raise the limit of "
        "locked memory (ulimit -l), use more ranks, or --device=cpu",
        Gib(static_cast<std::size_t>(bytes)), cudaGetErrorString(error)));
  }
  void FreePinned(void* memory) override { cudaFreeHost(memory); }

  void* stream(Queue queue) const override { return Of(queue); }
  void Order(Queue before, Queue after) override {
    cudaEvent_t event = order_[static_cast<int>(before)].get();
    CudaCheck(cudaEventRecord(event, Of(before)), "ordering the GPU's queues");
    CudaCheck(cudaStreamWaitEvent(Of(after), event, 0), "ordering the GPU's queues");
  }
  void Wait(Queue queue) override {
    CudaCheck(cudaStreamSynchronize(Of(queue)), "its kernels or copies");
  }

  void Clear(void* memory, std::int64_t bytes, Queue queue) override {
    CudaCheck(cudaMemsetAsync(memory, 0, static_cast<std::size_t>(bytes), Of(queue)), "clearing");
  }
  void CopyWithin(const void* from, void* to, const Stretches& what, Queue queue) override {
    Copy2D(from, what.from_pitch, to, what.to_pitch, what, cudaMemcpyDeviceToDevice, Of(queue));
  }
  void CopyIn(const void* pinned, void* to, std::int64_t bytes, Queue queue) override {
    Copy2D(pinned, 0, to, 0, {.width = bytes}, cudaMemcpyHostToDevice, Of(queue));
  }
  void CopyOut(const void* from, void* pinned, std::int64_t bytes, Queue queue) override {
    Copy2D(from, 0, pinned, 0, {.width = bytes}, cudaMemcpyDeviceToHost, Of(queue));
  }

  void Upload(const void* host, void* to, const Stretches& stretches,
              Queue queue) override {
    const Stretches what = Merge(stretches);
    int which = 0;
    for (const Part& part : Cut(what, kHalf)) {
      AwaitHalf(which);
      CopyOnHost(static_cast<const char*>(host) + part.row * what.from_pitch + part.begin,
                 what.from_pitch, half(which), part.width, part);
      Copy2D(half(which), part.width,
             static_cast<char*>(to) + part.row * what.to_pitch + part.begin, what.to_pitch,
             {.width = part.width, .height = part.rows}, cudaMemcpyHostToDevice, Of(queue));
      NoteHalf(which, queue);
      which = 1 - which;
    }
  }

  void Download(const void* from, void* host, const Stretches& stretches,
              Queue queue) override {
    const Stretches what = Merge(stretches);
    const std::vector<Part> parts = Cut(what, kHalf);
    for (std::size_t k = 0; k <= parts.size(); ++k) {
      if (k < parts.size()) {
        const Part& part = parts[k];
        AwaitHalf(k % 2);  // what travelled to the GPU through this half has left it
        Copy2D(static_cast<const char*>(from) + part.row * what.from_pitch + part.begin,
               what.from_pitch, half(k % 2), part.width, {.width = part.width, .height = part.rows},
               cudaMemcpyDeviceToHost, Of(queue));
        NoteHalf(k % 2, queue);
      }
      if (k > 0) {
        const Part& part = parts[k - 1];
        AwaitHalf((k - 1) % 2);
        CopyOnHost(half((k - 1) % 2), part.width,
                   static_cast<char*>(host) + part.row * what.to_pitch + part.begin, what.to_pitch,
                   part);
      }
    }
  }

 protected:
  void* AllocateBytes(std::int64_t bytes) override {
    void* memory = nullptr;
    if (cudaMalloc(&memory, static_cast<std::size_t>(bytes)) == cudaSuccess) return memory;
    cudaGetLastError();
    return nullptr;
  }
  void FreeBytes(void* memory) override { cudaFree(memory); }

 private:
  static constexpr std::int64_t kHalf = std::int64_t{32} << 20;

  cudaStream_t Of(Queue queue) const { return streams_[static_cast<int>(queue)].get(); }
  char* half(std::size_t which) const { return pinned_ + which * kHalf; }
  void AwaitHalf(std::size_t which) const {
    CudaCheck(cudaEventSynchronize(travelled_[which].get()), "a copy");
  }
  void NoteHalf(std::size_t which, Queue queue) const {
    CudaCheck(cudaEventRecord(travelled_[which].get(), Of(queue)), "a copy");
  }

  static void Copy2D(const void* from, std::int64_t from_pitch, void* to, std::int64_t to_pitch,
                     const Stretches& what, cudaMemcpyKind kind, cudaStream_t stream) {
    if (what.width == 0 || what.height == 0) return;
    const auto width = static_cast<std::size_t>(what.width);
    const bool one = what.height == 1 || (from_pitch == what.width && to_pitch == what.width);
    const cudaError_t error =
        one ? cudaMemcpyAsync(to, from, width * static_cast<std::size_t>(what.height), kind, stream)
            : cudaMemcpy2DAsync(to, static_cast<std::size_t>(to_pitch), from,
                                static_cast<std::size_t>(from_pitch), width,
                                static_cast<std::size_t>(what.height), kind, stream);
    CudaCheck(error, "a copy");
  }

  OwnedStream streams_[2];
  OwnedEvent order_[2], travelled_[2];
  char* pinned_ = nullptr;
};

}  // namespace

void CudaCheck(cudaError_t error, const char* what) {
  if (error == cudaSuccess) return;
  throw std::runtime_error(absl::StrFormat("the GPU failed in %s: %s (%s)", what,
                                           cudaGetErrorString(error), cudaGetErrorName(error)));
}

absl::StatusOr<std::unique_ptr<Accelerator>> OpenCuda(const Device& device,
                                                      std::int64_t limit_bytes) {
  if (const cudaError_t error = cudaSetDevice(device.index); error != cudaSuccess) {
    return absl::FailedPreconditionError(
        absl::StrFormat("%s cannot be used: %s (%s)", device.ToString(), cudaGetErrorString(error),
                        cudaGetErrorName(error)));
  }
  auto cuda = std::make_unique<Cuda>(device);
  TOMOSLAB_RETURN_IF_ERROR(cuda->Prepare(limit_bytes));
  return cuda;
}

}  // namespace tomoslab
