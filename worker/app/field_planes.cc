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
  constexpr std::int64_t kRows = 64, kColumns = kPlanesAtATime;
  ParallelFor(0, (rows + kRows - 1) / kRows, [&](std::int64_t tile) {
    const std::int64_t end = std::min(rows, (tile + 1) * kRows);
    for (std::int64_t begin = 0; begin < columns; begin += kColumns) {
      for (std::int64_t column = begin; column < std::min(columns, begin + kColumns); ++column) {
        for (std::int64_t row = tile * kRows; row < end; ++row)
          t.to[column * t.to_stride + row] = t.from[row * t.from_stride + column];
      }
    }
  });
}

/// The same to rows.
void TransposeBack(const Transposition& t, std::int64_t rows, std::int64_t columns) {
  constexpr std::int64_t kRows = 64, kColumns = kPlanesAtATime;
  ParallelFor(0, (rows + kRows - 1) / kRows, [&](std::int64_t tile) {
    const std::int64_t end = std::min(rows, (tile + 1) * kRows);
    for (std::int64_t begin = 0; begin < columns; begin += kColumns) {
      for (std::int64_t column = begin; column < std::min(columns, begin + kColumns); ++column) {
        for (std::int64_t row = tile * kRows; row < end; ++row)
          t.to[row * t.to_stride + column] = t.from[column * t.from_stride + row];
      }
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
    TransposeBack({planes, lines, x.data() + range.begin, x.inner_size()}, lines, range.size());
    return;
  }
  std::vector<float> some;
  ForPlanes(range, [&](IndexRange part) {
    some.resize(lines * part.size());
    TransposeBack({planes + (part.begin - range.begin) * lines, lines, some.data(), part.size()},
                  lines, part.size());
    Write(some.data(), {0, 1, lines, part}, x);
  });
}

}  // namespace tomoslab
