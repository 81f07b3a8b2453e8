#include "worker/app/field_planes.h"

#include <algorithm>
#include <vector>

#include "worker/core/parallel.h"

namespace tomoslab {
namespace {

/// to[column][row] ← from[row][column], where rows lie `from_stride` apart, and columns
/// `to_stride`.
struct Transposition {
  const float* from;
  std::int64_t from_stride;
  float* to;
  std::int64_t to_stride;
};

/// In tiles that stay in the cache, on all threads.
void Transpose(const Transposition& t, std::int64_t rows, std::int64_t columns) {
  constexpr std::int64_t kTile = 64;
  const auto tiles = [](std::int64_t lines) { return (lines + kTile - 1) / kTile; };
  ParallelFor(0, tiles(rows) * tiles(columns), [&](std::int64_t tile) {
    const std::int64_t first_row = tile / tiles(columns) * kTile;
    const std::int64_t first_column = tile % tiles(columns) * kTile;
    const std::int64_t row_end = std::min(rows, first_row + kTile);
    for (std::int64_t c = first_column; c < std::min(columns, first_column + kTile); ++c) {
      for (std::int64_t r = first_row; r < row_end; ++r)
        t.to[c * t.to_stride + r] = t.from[r * t.from_stride + c];
    }
  });
}

/// part(planes) for kPlanesAtATime of them at a time.
template <class Part>
void ForPlanes(IndexRange planes, Part&& part) {
  for (std::int64_t begin = planes.begin; begin < planes.end; begin += kPlanesAtATime)
    part(IndexRange{begin, std::min(planes.end, begin + kPlanesAtATime)});
}

}  // namespace

void TakePlanes(const Field& x, IndexRange planes, float* out) {
  const std::int64_t lines = x.outer();
  if (x.on_host()) {
    Transpose({x.data() + planes.begin, x.inner_size(), out, lines}, lines, planes.size());
    return;
  }
  std::vector<float> some;
  ForPlanes(planes, [&](IndexRange part) {
    some.resize(lines * part.size());
    Read(x, {0, 1, lines, part}, some.data());
    Transpose({some.data(), part.size(), out + (part.begin - planes.begin) * lines, lines}, lines,
              part.size());
  });
}

void PutPlanes(const float* planes, IndexRange range, Field& x) {
  const std::int64_t lines = x.outer();
  if (x.on_host()) {
    Transpose({planes, lines, x.data() + range.begin, x.inner_size()}, range.size(), lines);
    return;
  }
  std::vector<float> some;
  ForPlanes(range, [&](IndexRange part) {
    some.resize(lines * part.size());
    Transpose({planes + (part.begin - range.begin) * lines, lines, some.data(), part.size()},
              part.size(), lines);
    Write(some.data(), {0, 1, lines, part}, x);
  });
}

}  // namespace tomoslab
