// For the thread sanitizer (tests/sanitizers.sh): tells it which threads Debian's gRPC and abseil
// order, which are built without it. absl::Mutex sleeps on futexes and gRPC hands a call's work
// from thread to thread by atomics, so of either the sanitizer sees nothing, and would report
// whatever gRPC's headers, compiled into our code, do on one thread before and on another after.
// The functions below stand before the libraries' own, as a program's always do: they call those,
// and tell of the same order that those make, no more.
#include <dlfcn.h>
#include <grpc/byte_buffer.h>
#include <grpc/byte_buffer_reader.h>
#include <grpc/grpc.h>
#include <grpcpp/grpcpp.h>
#include <link.h>
#include <sanitizer/tsan_interface.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "absl/synchronization/mutex.h"

namespace {

template <class Function>
Function* Next(const char* name) {
  void* const found = dlsym(RTLD_NEXT, name);
  if (found == nullptr) {
    std::fprintf(stderr, "order_of_libraries: no library has %s\n", name);
    std::abort();
  }
  return reinterpret_cast<Function*>(found);
}

void Acquire(const void* what) { __tsan_acquire(const_cast<void*>(what)); }
void Release(const void* what) { __tsan_release(const_cast<void*>(what)); }

}  // namespace

// --- a lock: who takes it comes after who gave it back ---

namespace absl {
ABSL_NAMESPACE_BEGIN

void Mutex::Lock() {
  static auto* const next = Next<void(Mutex*)>("_ZN4absl7debian35Mutex4LockEv");
  next(this);
  Acquire(this);
}

bool Mutex::TryLock() {
  static auto* const next = Next<bool(Mutex*)>("_ZN4absl7debian35Mutex7TryLockEv");
  const bool locked = next(this);
  if (locked) Acquire(this);
  return locked;
}

void Mutex::Unlock() {
  static auto* const next = Next<void(Mutex*)>("_ZN4absl7debian35Mutex6UnlockEv");
  Release(this);
  next(this);
}

void CondVar::Wait(Mutex* mutex) {
  static auto* const next =
      Next<void(CondVar*, Mutex*)>("_ZN4absl7debian37CondVar4WaitEPNS0_5MutexE");
  Release(mutex);
  next(this, mutex);
  Acquire(mutex);
}

bool CondVar::WaitWithTimeout(Mutex* mutex, Duration timeout) {
  static auto* const next = Next<bool(CondVar*, Mutex*, Duration)>(
      "_ZN4absl7debian37CondVar15WaitWithTimeoutEPNS0_5MutexENS0_8DurationE");
  Release(mutex);
  const bool late = next(this, mutex, timeout);
  Acquire(mutex);
  return late;
}

bool CondVar::WaitWithDeadline(Mutex* mutex, Time deadline) {
  static auto* const next = Next<bool(CondVar*, Mutex*, Time)>(
      "_ZN4absl7debian37CondVar16WaitWithDeadlineEPNS0_5MutexENS0_4TimeE");
  Release(mutex);
  const bool late = next(this, mutex, deadline);
  Acquire(mutex);
  return late;
}

ABSL_NAMESPACE_END
}  // namespace absl

// --- a batch of a call's operations: its end comes after its start ---

namespace {

using Functor = grpc_completion_queue_functor;
using Run = void (*)(Functor*, int);

// gRPC's functions that run when a batch is over; there are three or four.
constexpr std::size_t kMostRuns = 16;
std::array<std::atomic<Run>, kMostRuns> runs{};

template <std::size_t index>
void RunOrdered(Functor* functor, int ok) {
  Acquire(functor);
  runs[index].load()(functor, ok);
}

template <std::size_t... indices>
constexpr std::array<Run, kMostRuns> AllOrdered(std::index_sequence<indices...>) {
  return {&RunOrdered<indices>...};
}
constexpr std::array<Run, kMostRuns> kOrdered = AllOrdered(std::make_index_sequence<kMostRuns>());

// The same, but after what came before the functor's batch.
Run OrderedOf(Run run) {
  for (std::size_t i = 0; i < kMostRuns; ++i) {
    if (run == kOrdered[i]) return run;
    Run known = nullptr;
    if (runs[i].compare_exchange_strong(known, run) || known == run) return kOrdered[i];
  }
  std::fprintf(stderr, "order_of_libraries: gRPC has more than %zu ways to end a batch\n",
               kMostRuns);
  std::abort();
}

// Messages between client and server of one process go by reference.
void ReleaseMessages(const grpc_op* operations, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    if (operations[i].op != GRPC_OP_SEND_MESSAGE) continue;
    const grpc_byte_buffer* const message = operations[i].data.send_message.send_message;
    if (message == nullptr) continue;
    const grpc_slice_buffer& slices = message->data.raw.slice_buffer;
    for (std::size_t k = 0; k < slices.count; ++k) {
      Release(GRPC_SLICE_START_PTR(slices.slices[k]));
    }
  }
}

bool IsCode(const void* address) {
  const auto look = [](dl_phdr_info* object, std::size_t, void* wanted) {
    for (int i = 0; i < object->dlpi_phnum; ++i) {
      const ElfW(Phdr)& part = object->dlpi_phdr[i];
      const ElfW(Addr) offset =
          reinterpret_cast<ElfW(Addr)>(wanted) - object->dlpi_addr - part.p_vaddr;
      if (part.p_type == PT_LOAD && (part.p_flags & PF_X) != 0 && offset < part.p_memsz) return 1;
    }
    return 0;
  };
  return dl_iterate_phdr(look, const_cast<void*>(address)) != 0;
}

}  // namespace

extern "C" {

// The tag of a callback begins with a pointer to code (a Functor), any other with one to a table of
// virtual functions.
grpc_call_error grpc_call_start_batch(grpc_call* call, const grpc_op* operations, size_t count,
                                      void* tag, void* reserved) {
  static auto* const next = Next<decltype(grpc_call_start_batch)>("grpc_call_start_batch");
  Release(tag);
  ReleaseMessages(operations, count);
  auto* const functor = static_cast<Functor*>(tag);
  if (tag != nullptr && IsCode(reinterpret_cast<const void*>(functor->functor_run))) {
    functor->functor_run = OrderedOf(functor->functor_run);
  }
  return next(call, operations, count, tag, reserved);
}

grpc_event grpc_completion_queue_next(grpc_completion_queue* queue, gpr_timespec deadline,
                                      void* reserved) {
  static auto* const next =
      Next<decltype(grpc_completion_queue_next)>("grpc_completion_queue_next");
  const grpc_event event = next(queue, deadline, reserved);
  if (event.type == GRPC_OP_COMPLETE) Acquire(event.tag);
  return event;
}

grpc_event grpc_completion_queue_pluck(grpc_completion_queue* queue, void* tag,
                                       gpr_timespec deadline, void* reserved) {
  static auto* const next =
      Next<decltype(grpc_completion_queue_pluck)>("grpc_completion_queue_pluck");
  const grpc_event event = next(queue, tag, deadline, reserved);
  if (event.type == GRPC_OP_COMPLETE) Acquire(tag);
  return event;
}

int grpc_byte_buffer_reader_peek(grpc_byte_buffer_reader* reader, grpc_slice** slice) {
  static auto* const next =
      Next<decltype(grpc_byte_buffer_reader_peek)>("grpc_byte_buffer_reader_peek");
  const int more = next(reader, slice);
  if (more != 0) Acquire(GRPC_SLICE_START_PTR(**slice));
  return more;
}

}  // extern "C"

// --- a call of a server: its end comes after all its callbacks, its cancellation after its start;
// each of these counts one down in the call, whose fields are private ---

namespace grpc::internal {
namespace {

void AcquireCounts(const ServerCallbackCall* call) {
  for (std::size_t offset = 0; offset < sizeof(*call); offset += sizeof(int)) {
    Acquire(reinterpret_cast<const char*>(call) + offset);
  }
}

// Stands in for a reactor that a thread of gRPC's own tells of the cancellation, then counts down.
class CancelledReactor final : public ServerReactor {
 public:
  CancelledReactor(ServerCallbackCall* call, ServerReactor* reactor)
      : call_(call), reactor_(reactor) {
    Release(this);
  }
  void OnDone() override {}
  void OnCancel() override {
    Acquire(this);
    reactor_->OnCancel();
    Release(call_);
    delete this;
  }
  bool InternalInlineable() override { return reactor_->InternalInlineable(); }

 private:
  ServerCallbackCall* const call_;
  ServerReactor* const reactor_;
};

}  // namespace

void ServerCallbackCall::ScheduleOnDone(bool inline_ondone) {
  static auto* const next = Next<void(ServerCallbackCall*, bool)>(
      "_ZN4grpc8internal18ServerCallbackCall14ScheduleOnDoneEb");
  AcquireCounts(this);
  next(this, inline_ondone);
}

void ServerCallbackCall::CallOnCancel(ServerReactor* reactor) {
  static auto* const next = Next<void(ServerCallbackCall*, ServerReactor*)>(
      "_ZN4grpc8internal18ServerCallbackCall12CallOnCancelEPNS0_13ServerReactorE");
  AcquireCounts(this);
  next(this, new CancelledReactor(this, reactor));
}

}  // namespace grpc::internal
