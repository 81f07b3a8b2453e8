#include "worker/distributed/row_store.h"

#include <algorithm>
#include <vector>

#include "worker/core/parallel.h"
#include "worker/projector/projection_kernels.h"

namespace tomoslab {
namespace {

/// The first number of the rows [part).
template <class Lines>
auto* First(const Lines& lines, IndexRange part) {
  return lines.values + part.begin - lines.rows.begin;
}

class HostRows : public RowStore {
 public:
  void Begin() override {}
  void End() override {}

  float* Shadow(std::int64_t numbers) override {
    shadow_.resize(numbers);
    return shadow_.data();
  }
  void ReserveShadow(std::int64_t numbers) override { shadow_.reserve(numbers); }
  float* Piece(int index, std::int64_t numbers) override {
    if (std::ssize(pieces_) <= index) pieces_.resize(index + 1);
    pieces_[index].resize(numbers);
    return pieces_[index].data();
  }
  void Forget() override { pieces_.clear(); }

  void Copy(ConstRowLines from, RowLines to, IndexRange part, std::int64_t lines) override {
    ForLines(from, to, part, lines,
             [](const float* a, float* b, std::int64_t n) { std::copy_n(a, n, b); });
  }
  void Add(ConstRowLines from, RowLines to, IndexRange part, std::int64_t lines) override {
    ForLines(from, to, part, lines, [](const float* a, float* b, std::int64_t n) {
      for (std::int64_t i = 0; i < n; ++i) b[i] += a[i];
    });
  }
  void Clear(float* values, std::int64_t numbers) override { std::fill_n(values, numbers, 0.0f); }

  bool SendsLater() const override { return false; }
  void Send(int) override {}
  void Collect() override {}
  float* Message(int index) override { return pieces_[index].data(); }
  void Arrived(int) override {}

 private:
  /// body(from, to, count) for the rows [part) of every line.
  template <class Body>
  static void ForLines(ConstRowLines from, RowLines to, IndexRange part, std::int64_t lines,
                       Body&& body) {
    if (part.empty()) return;
    constexpr std::int64_t kLines = 256;  // a thread takes at a time
    ParallelFor(0, (lines + kLines - 1) / kLines, [&](std::int64_t block) {
      for (std::int64_t line = block * kLines; line < std::min(lines, (block + 1) * kLines); ++line)
        body(First(from, part) + line * from.rows.size(), First(to, part) + line * to.rows.size(),
             part.size());
    });
  }

  std::vector<float> shadow_;
  std::vector<std::vector<float>> pieces_;
};

class DeviceRows : public RowStore {
 public:
  DeviceRows(Accelerator* accelerator, Messages messages)
      : accelerator_(accelerator), messages_(messages) {}

  void Begin() override { accelerator_->Order(Queue::kCompute, Queue::kExchange); }
  void End() override { accelerator_->Order(Queue::kExchange, Queue::kCompute); }

  float* Shadow(std::int64_t numbers) override {
    ReserveShadow(numbers);
    return shadow_.data();
  }
  void ReserveShadow(std::int64_t numbers) override {
    Grow(numbers, "the rows that a slab's shadow covers", shadow_);
  }
  float* Piece(int index, std::int64_t numbers) override {
    if (std::ssize(pieces_) <= index) pieces_.resize(index + 1);
    Rows& piece = pieces_[index];
    Grow(numbers, "rows on their way to other ranks", piece.there);
    if (messages_ == Messages::kStaged && piece.here.count() < numbers)
      piece.here = PinnedArray(accelerator_, numbers);
    piece.numbers = numbers;
    return piece.there.data();
  }
  /// Pinning memory takes long: the next batch finds it again.
  void Forget() override {}

  void Copy(ConstRowLines from, RowLines to, IndexRange part, std::int64_t lines) override {
    if (part.empty() || lines == 0) return;
    accelerator_->CopyWithin(First(from, part), First(to, part),
                             {.width = BytesOf<float>(part.size()),
                              .height = lines,
                              .from_pitch = BytesOf<float>(from.rows.size()),
                              .to_pitch = BytesOf<float>(to.rows.size())},
                             Queue::kExchange);
  }
  void Add(ConstRowLines from, RowLines to, IndexRange part, std::int64_t lines) override {
    if (part.empty()) return;
    ProjectionKernelsOf(*accelerator_)
        .add_lines(accelerator_->stream(Queue::kExchange),
                   {lines, part.size(), from.rows.size(), to.rows.size()}, First(from, part),
                   First(to, part));
  }
  void Clear(float* values, std::int64_t numbers) override {
    if (numbers > 0) accelerator_->Clear(values, BytesOf<float>(numbers), Queue::kExchange);
  }

  bool SendsLater() const override { return true; }
  void Send(int index) override {
    const Rows& piece = pieces_[index];
    if (messages_ == Messages::kDirect) return;
    accelerator_->CopyOut(piece.there.data(), piece.here.data(), BytesOf<float>(piece.numbers),
                          Queue::kExchange);
  }
  void Collect() override { accelerator_->Wait(Queue::kExchange); }
  float* Message(int index) override {
    return messages_ == Messages::kDirect ? pieces_[index].there.data()
                                          : pieces_[index].here.data();
  }
  void Arrived(int index) override {
    const Rows& piece = pieces_[index];
    if (messages_ == Messages::kDirect) return;
    accelerator_->CopyIn(piece.here.data(), piece.there.data(), BytesOf<float>(piece.numbers),
                         Queue::kExchange);
  }

 private:
  struct Rows {
    DeviceArray<float> there;
    PinnedArray here;
    std::int64_t numbers = 0;
  };

  void Grow(std::int64_t numbers, const char* what, DeviceArray<float>& array) const {
    if (array.count() >= numbers) return;
    accelerator_->Wait(Queue::kExchange);
    accelerator_->Wait(Queue::kCompute);
    array = DeviceArray<float>();  // the old is let go before the new is there
    array = DeviceArray<float>(accelerator_, numbers, what);
  }

  Accelerator* accelerator_;
  Messages messages_;
  DeviceArray<float> shadow_;
  std::vector<Rows> pieces_;
};

}  // namespace

std::unique_ptr<RowStore> MakeHostRows() { return std::make_unique<HostRows>(); }

std::unique_ptr<RowStore> MakeDeviceRows(Accelerator* accelerator, Messages messages) {
  return std::make_unique<DeviceRows>(accelerator, messages);
}

}  // namespace tomoslab
