// A GPU as one rank uses it: its memory, the copies to and from it, and the order of its work. What
// it computes is launched by the rooms' own kernels (worker/core/launch.h).
#pragma once

#include <cstdint>
#include <memory>
#include <stdexcept>

#include "absl/status/statusor.h"
#include "worker/core/bytes.h"
#include "worker/core/device.h"

namespace tomoslab {

/// What the rank may use of its GPU does not suffice; what() has the figures and what to do.
class DeviceMemoryError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Work of one queue happens in the order it was given; the queues run beside each other.
enum class Queue { kCompute, kExchange };

/// `height` stretches of `width` bytes, which begin `from_pitch` and `to_pitch` bytes apart.
struct Stretches {
  std::int64_t width = 0, height = 1, from_pitch = 0, to_pitch = 0;
};

/// Calls come from one thread. What happens on the GPU happens later: only Wait, Upload and
/// Download wait for it. Errors that no caller can mend are std::runtime_error with the GPU's
/// words.
class Accelerator {
 public:
  /// device: not a CPU. limit_bytes: the most this rank may use, at most what is free now; 0 = all
  /// that is free. FailedPrecondition when the GPU does not answer.
  static absl::StatusOr<std::unique_ptr<Accelerator>> Open(const Device& device,
                                                           std::int64_t limit_bytes = 0);
  virtual ~Accelerator() = default;
  Accelerator(const Accelerator&) = delete;
  Accelerator& operator=(const Accelerator&) = delete;

  const Device& device() const { return device_; }
  bool is_cuda() const { return device_.kind == Device::Kind::kCuda; }
  std::int64_t limit_bytes() const { return limit_bytes_; }
  std::int64_t used_bytes() const { return used_bytes_; }
  /// The most that was used at a time since the last call.
  std::int64_t TakePeakBytes();

  /// Contents undefined. Throws DeviceMemoryError. what: "a volume", for its message.
  void* Allocate(std::int64_t bytes, const char* what);
  void Free(void* memory, std::int64_t bytes);
  /// Room for one computation on kCompute, until the next call; throws DeviceMemoryError.
  void* Scratch(std::int64_t bytes);
  /// Host memory that the GPU reads and writes by itself; throws DeviceMemoryError.
  virtual void* AllocatePinned(std::int64_t bytes) = 0;
  virtual void FreePinned(void* memory) = 0;

  /// For launches: a cudaStream_t; nullptr where the host runs the kernels.
  virtual void* stream(Queue queue) const = 0;
  /// What `after` is given from now on waits for all that `before` was given so far.
  virtual void Order(Queue before, Queue after) = 0;
  virtual void Wait(Queue queue) = 0;

  virtual void Clear(void* memory, std::int64_t bytes, Queue queue) = 0;
  virtual void CopyWithin(const void* from, void* to, const Stretches& what, Queue queue) = 0;
  /// Host memory from AllocatePinned, left alone until the queue has been waited for.
  virtual void CopyIn(const void* pinned, void* to, std::int64_t bytes, Queue queue) = 0;
  virtual void CopyOut(const void* from, void* pinned, std::int64_t bytes, Queue queue) = 0;

  /// Between any host memory and the GPU, in the order of the queue; wait until all has arrived
  /// (Download) or left the host's memory (Upload).
  virtual void Upload(const void* host, void* to, const Stretches& what,
                      Queue queue = Queue::kCompute) = 0;
  virtual void Download(const void* from, void* host, const Stretches& what,
                        Queue queue = Queue::kCompute) = 0;

 protected:
  explicit Accelerator(const Device& device) : device_(device) {}
  /// Before the GPU is let go.
  void FreeScratch();
  void SetLimit(std::int64_t limit_bytes) { limit_bytes_ = limit_bytes; }
  /// nullptr when there is none.
  virtual void* AllocateBytes(std::int64_t bytes) = 0;
  virtual void FreeBytes(void* memory) = 0;

 private:
  Device device_;
  std::int64_t limit_bytes_ = 0, used_bytes_ = 0, peak_bytes_ = 0;
  void* scratch_ = nullptr;
  std::int64_t scratch_bytes_ = 0;
};

/// Open for Device::Kind::kCuda.
absl::StatusOr<std::unique_ptr<Accelerator>> OpenCuda(const Device& device,
                                                      std::int64_t limit_bytes);

/// Numbers or records on an accelerator, which outlives them; contents undefined at first.
template <class T>
class DeviceArray {
 public:
  DeviceArray() = default;
  /// Throws DeviceMemoryError.
  DeviceArray(Accelerator* accelerator, std::int64_t count, const char* what)
      : accelerator_(accelerator), bytes_(BytesOf<T>(count)) {
    data_ = static_cast<T*>(accelerator->Allocate(bytes_, what));
  }
  ~DeviceArray() {
    if (data_ != nullptr) accelerator_->Free(data_, bytes_);
  }
  DeviceArray(DeviceArray&& other) noexcept { *this = std::move(other); }
  DeviceArray& operator=(DeviceArray&& other) noexcept {
    std::swap(accelerator_, other.accelerator_);
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }

  T* data() const { return data_; }
  std::int64_t count() const { return bytes_ / static_cast<std::int64_t>(sizeof(T)); }
  /// Copies host[0 .. count) to the start of the array; count at most count().
  void Upload(const T* host, std::int64_t numbers) {
    accelerator_->Upload(host, data_, {.width = BytesOf<T>(numbers)});
  }

 private:
  Accelerator* accelerator_ = nullptr;
  T* data_ = nullptr;
  std::int64_t bytes_ = 0;
};

/// Numbers in host memory that the accelerator copies by itself.
class PinnedArray {
 public:
  PinnedArray() = default;
  PinnedArray(Accelerator* accelerator, std::int64_t count)
      : accelerator_(accelerator),
        data_(static_cast<float*>(accelerator->AllocatePinned(BytesOf<float>(count)))),
        count_(count) {}
  ~PinnedArray() {
    if (data_ != nullptr) accelerator_->FreePinned(data_);
  }
  PinnedArray(PinnedArray&& other) noexcept { *this = std::move(other); }
  PinnedArray& operator=(PinnedArray&& other) noexcept {
    std::swap(accelerator_, other.accelerator_);
    std::swap(data_, other.data_);
    std::swap(count_, other.count_);
    return *this;
  }

  float* data() const { return data_; }
  std::int64_t count() const { return count_; }

 private:
  Accelerator* accelerator_ = nullptr;
  float* data_ = nullptr;
  std::int64_t count_ = 0;
};

}  // namespace tomoslab
