#include "worker/app/checkpoint_delivery.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <string_view>
#include <utility>

#include "proto/chunking.h"
#include "proto/state_chunks.h"
#include "worker/app/field_planes.h"

namespace tomoslab {
namespace {

/// All blocks of all planes held, one after the other.
class StateChunks {
 public:
  StateChunks(StatePlanes* planes, const std::atomic<bool>* abandon)
      : planes_(planes), abandon_(abandon) {}

  bool Next(v1::StateChunk* chunk) {
    if (abandon_->load() || !FindPlane()) return false;
    const v1::StatePart& part = planes_->description().part(part_);
    const float* plane = planes_->Plane(part_, plane_);
    chunk->set_part(part_);
    chunk->set_plane(static_cast<int>(plane_));
    FillChunk(part, block_++,
              std::string_view(reinterpret_cast<const char*>(plane), PlaneBytes(part)), chunk);
    return true;
  }

 private:
  /// Goes to the next plane when this one is done; false at the end.
  bool FindPlane() {
    const v1::Checkpoint& description = planes_->description();
    if (part_ >= 0 && block_ < BlocksPerPlane(description.part(part_))) return true;
    block_ = 0;
    ++plane_;
    while (part_ < 0 || plane_ >= planes_->Held(part_).end) {
      if (++part_ == description.part_size()) return false;
      plane_ = planes_->Held(part_).begin;
    }
    return true;
  }

  StatePlanes* planes_;
  const std::atomic<bool>* abandon_;
  int part_ = -1;
  std::int64_t plane_ = 0, block_ = 0;
};

/// Puts planes into a field as their blocks come, in order.
class PlanesFromChunks {
 public:
  PlanesFromChunks(const v1::StatePart* part, Field* x)
      : part_(part), x_(x), begin_(x->inner().begin) {}

  absl::Status Take(const v1::StateChunk& chunk) {
    const std::int64_t plane = chunk.plane(), block = chunk.block();
    if (plane != begin_ + count_ || block != next_block_)
      return absl::UnavailableError("the server sent another block than the next one");
    buffer_.resize((count_ + 1) * part_->plane_size());
    std::memcpy(reinterpret_cast<char*>(buffer_.data() + count_ * part_->plane_size()) +
                    block * kMaxChunkBytes,
                chunk.data().data(), chunk.data().size());
    if (++next_block_ < BlocksPerPlane(*part_)) return absl::OkStatus();
    next_block_ = 0;
    if (++count_ == kPlanesAtATime || begin_ + count_ == x_->inner().end) Put();
    return absl::OkStatus();
  }
  bool Done() const { return begin_ == x_->inner().end; }

 private:
  void Put() {
    const std::int64_t first = begin_ - x_->inner().begin;
    PutPlanes(buffer_.data(), {first, first + count_}, *x_);
    begin_ += count_;
    count_ = 0;
  }

  const v1::StatePart* part_;
  Field* x_;
  std::vector<float> buffer_;  // planes [begin_, begin_ + count_), and the blocks of one more
  std::int64_t begin_, count_ = 0, next_block_ = 0;
};

}  // namespace

StatePlanes::StatePlanes(const StateTaker& state) : description_(state.description) {
  for (const Field* field : state.vectors) held_.push_back(field->inner());
}

StatePlanes StatePlanes::CopyOf(const StateTaker& state) {
  StatePlanes copy(state);
  for (const Field* field : state.vectors) {
    copy.planes_.push_back(std::make_unique_for_overwrite<float[]>(field->size()));
    TakePlanes(*field, {0, field->inner_size()}, copy.planes_.back().get());
  }
  return copy;
}

StatePlanes StatePlanes::ViewOf(const StateTaker& state) {
  StatePlanes view(state);
  view.fields_ = state.vectors;
  return view;
}

const float* StatePlanes::Plane(int part, std::int64_t plane) {
  const std::int64_t size = description_.part(part).plane_size(), local = plane - held_[part].begin;
  if (!planes_.empty()) return planes_[part].get() + local * size;
  if (part != some_part_ || local < some_range_.begin || local >= some_range_.end) {
    some_part_ = part;
    some_range_ = {local, std::min(held_[part].size(), local + kPlanesAtATime)};
    some_.resize(some_range_.size() * size);
    TakePlanes(*fields_[part], some_range_, some_.data());
  }
  return some_.data() + (local - some_range_.begin) * size;
}

absl::Status DeliverState(PoolClient& client, const std::string& lease, StatePlanes& planes,
                          const std::atomic<bool>& abandon) {
  return RepeatWhileBroken(
      [&] {
        StateChunks chunks(&planes, &abandon);
        return client.DeliverCheckpoint(
            lease, planes.description(),
            [&chunks](v1::StateChunk* chunk) { return chunks.Next(chunk); });
      },
      [&abandon] { return !abandon.load(); });
}

absl::Status FetchPart(PoolClient& client, const std::string& lease, const v1::Checkpoint& kept,
                       int part, Field& x) {
  if (x.inner().empty()) return absl::OkStatus();
  return RepeatWhileBroken([&] {
    PlanesFromChunks planes(&kept.part(part), &x);
    const absl::Status fetched = client.FetchCheckpoint(
        lease, kept, part, x.inner(),
        [&planes](const v1::StateChunk& chunk) { return planes.Take(chunk); });
    if (!fetched.ok() || planes.Done()) return fetched;
    return absl::UnavailableError("the server sent fewer planes than were asked for");
  });
}

StateSender::~StateSender() {
  abandon_ = true;
  if (under_way_.valid()) under_way_.wait();
}

bool StateSender::busy() const {
  return under_way_.valid() &&
         under_way_.wait_for(std::chrono::seconds(0)) != std::future_status::ready;
}

void StateSender::Start(StatePlanes planes) {
  under_way_ = std::async(std::launch::async, [this, moved = std::move(planes)]() mutable {
    return DeliverState(*client_, lease_, moved, abandon_);
  });
}

absl::Status StateSender::Wait() {
  return under_way_.valid() ? under_way_.get() : absl::OkStatus();
}

}  // namespace tomoslab
