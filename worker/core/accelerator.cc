#include "worker/core/accelerator.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "absl/strings/str_format.h"
#include "worker/core/check.h"
#include "worker/core/parallel.h"

namespace tomoslab {
namespace {

double Gib(std::int64_t bytes) { return static_cast<double>(bytes) / (1 << 30); }

/// Host memory and the host's threads; everything happens at once.
class Emulated : public Accelerator {
 public:
  Emulated(const Device& device, std::int64_t limit_bytes) : Accelerator(device) {
    SetLimit(limit_bytes > 0 ? std::min(limit_bytes, device.memory_bytes) : device.memory_bytes);
  }

  ~Emulated() override { FreeScratch(); }

  void* AllocatePinned(std::int64_t bytes) override {
    return ::operator new(static_cast<std::size_t>(bytes), kAlignment);
  }
  void FreePinned(void* memory) override { ::operator delete(memory, kAlignment); }

  void* stream(Queue) const override { return nullptr; }
  void Order(Queue, Queue) override {}
  void Wait(Queue) override {}

  void Clear(void* memory, std::int64_t bytes, Queue) override {
    std::memset(memory, 0, static_cast<std::size_t>(bytes));
  }
  void CopyWithin(const void* from, void* to, const Stretches& what, Queue) override {
    Copy(from, to, what);
  }
  void CopyIn(const void* pinned, void* to, std::int64_t bytes, Queue) override {
    Copy(pinned, to, {.width = bytes});
  }
  void CopyOut(const void* from, void* pinned, std::int64_t bytes, Queue) override {
    Copy(from, pinned, {.width = bytes});
  }
  void Upload(const void* host, void* to, const Stretches& what, Queue) override {
    Copy(host, to, what);
  }
  void Download(const void* from, void* host, const Stretches& what, Queue) override {
    Copy(from, host, what);
  }

 protected:
  /// Full of NaN, as the memory of a GPU is of anything.
  void* AllocateBytes(std::int64_t bytes) override {
    void* memory = ::operator new(static_cast<std::size_t>(bytes), kAlignment, std::nothrow);
    if (memory != nullptr) std::memset(memory, 0xff, static_cast<std::size_t>(bytes));
    return memory;
  }
  void FreeBytes(void* memory) override { ::operator delete(memory, kAlignment); }

 private:
  static constexpr std::align_val_t kAlignment{256};  // as cudaMalloc

  static void Copy(const void* from, void* to, const Stretches& what) {
    ParallelFor(0, what.height, [&](std::int64_t i) {
      std::memcpy(static_cast<char*>(to) + i * what.to_pitch,
                  static_cast<const char*>(from) + i * what.from_pitch,
                  static_cast<std::size_t>(what.width));
    });
  }
};

}  // namespace

absl::StatusOr<std::unique_ptr<Accelerator>> Accelerator::Open(const Device& device,
                                                               std::int64_t limit_bytes) {
  TOMOSLAB_CHECK(!device.is_cpu());
  if (device.kind == Device::Kind::kCuda) return OpenCuda(device, limit_bytes);
  return std::make_unique<Emulated>(device, limit_bytes);
}

std::int64_t Accelerator::TakePeakBytes() {
  const std::int64_t peak = peak_bytes_;
  peak_bytes_ = used_bytes_;
  return peak;
}

void* Accelerator::Allocate(std::int64_t bytes, const char* what) {
  const std::int64_t rounded = std::max<std::int64_t>(bytes, 1);
  void* memory = used_bytes_ + bytes <= limit_bytes_ ? AllocateBytes(rounded) : nullptr;
  if (memory == nullptr) {
    throw DeviceMemoryError(absl::StrFormat(
        "%s needs %.3f GiB of GPU memory; of the %.3f GiB that this rank may use of %s, %.3f GiB "
        "are taken: use more ranks or GPUs, larger voxels, or --device=cpu",
        what, Gib(bytes), Gib(limit_bytes_), device_.ToString(), Gib(used_bytes_)));
  }
  used_bytes_ += bytes;
  peak_bytes_ = std::max(peak_bytes_, used_bytes_);
  return memory;
}

void Accelerator::Free(void* memory, std::int64_t bytes) {
  FreeBytes(memory);
  used_bytes_ -= bytes;
}

void* Accelerator::Scratch(std::int64_t bytes) {
  if (bytes > scratch_bytes_) {
    FreeScratch();
    scratch_ = Allocate(bytes, "a computation");
    scratch_bytes_ = bytes;
  }
  return scratch_;
}

void Accelerator::FreeScratch() {
  if (scratch_ != nullptr) Free(scratch_, scratch_bytes_);
  scratch_ = nullptr;
  scratch_bytes_ = 0;
}

}  // namespace tomoslab
