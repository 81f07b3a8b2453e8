#include "worker/projector/footprint_kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "worker/projector/footprint_kernels.cc"
#include <hwy/foreach_target.h>  // compiles this file once per instruction set
// after foreach_target.h
#include <hwy/highway.h>

#include <algorithm>
#include <cmath>

#include "worker/projector/beam_steps-inl.h"
#include "worker/projector/column_vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tomoslab {
namespace HWY_NAMESPACE {
namespace footprint {  // names of its own beside the other kernels'

/// Positions are fixed-point numbers: of a line in 2⁻³², inside a vector's tables in 2⁻²⁶.
constexpr int kLineBits = 32, kLaneBits = 26;

using DU = hn::RebindToUnsigned<D>;
using VU = hn::Vec<DU>;

/// One kernel per number of samples that a box can touch and of vectors that hold the samples of a
/// vector of boxes; kGeneral: none.
enum Path { kGeneral, kTwo, kThree, kThreeWide, kFourWide, kFiveWide };

Path PathFor(double step) {
  const auto fits = [&](int taps, int tables) {
    return std::ceil((kLanes - 1) * step) + taps <= tables * kLanes;
  };
  const double slack = 1e-7;  // of a sample: a box hardly longer than a sample touches two
  if (kLanes == 1 || !(step > 0)) return kGeneral;
  if (step <= 1 + slack) return fits(2, 2) ? kTwo : kGeneral;
  if (step <= 2) return fits(3, 2) ? kThree : fits(3, 4) ? kThreeWide : kGeneral;
  if (step <= 3) return fits(4, 4) ? kFourWide : kGeneral;
  return step <= 4 && fits(5, 4) ? kFiveWide : kGeneral;
}
constexpr int TablesOf(Path path) { return path >= kThreeWide ? 4 : 2; }

/// Steps as the kernels see them: box k of step i begins at position[i] + k · advance[i] in 2⁻³²
/// samples; the vectors [first[i], last[i]) of boxes touch the line.
struct Boxes {
  alignas(64) std::int64_t position[kSteps], advance[kSteps];
  alignas(64) std::int32_t first[kSteps], last[kSteps];
  alignas(64) double step[kSteps];
  /// The part of a box behind its first sample is after + fraction · slope, `whole` of it lies in
  /// every sample that it covers. slope is per 2⁻²⁶.
  alignas(64) float after[kSteps], slope[kSteps], whole[kSteps];
  Path path[kSteps];
};

/// start(i), step(i) → boxes, `outputs` of them over a line of `length` samples.
void Place(const double* start, const double* step, int count, std::int64_t outputs,
           std::int64_t length, Boxes& boxes) {
  const double scale = 0x1p32, samples = static_cast<double>(length);
  const double vectors = static_cast<double>((outputs + kLanes - 1) / kLanes);
#pragma GCC ivdep
  for (int i = 0; i < count; ++i) {
    const double inverse = 1 / step[i];
    const double below = -start[i] * inverse - 1, above = (samples - start[i]) * inverse;
    boxes.first[i] = static_cast<std::int32_t>(
        std::min(std::max(std::floor(below * (1.0 / kLanes) - 1e-6), 0.0), vectors));
    boxes.last[i] = static_cast<std::int32_t>(
        std::min(std::max(std::ceil(above * (1.0 / kLanes)), 0.0), vectors));
    boxes.position[i] = static_cast<std::int64_t>(std::floor(start[i] * scale + 0.5));
    boxes.advance[i] = static_cast<std::int64_t>(std::floor(step[i] * scale + 0.5));
    boxes.step[i] = step[i];
    boxes.after[i] = static_cast<float>((step[i] - 1) * inverse);
    boxes.slope[i] = static_cast<float>(0x1p-26 * inverse);
    boxes.whole[i] = static_cast<float>(inverse);
  }
  for (int i = 0; i < count; ++i) boxes.path[i] = PathFor(step[i]);
}

std::int64_t Base(const Boxes& boxes, int i, std::int64_t vector) {
  return (boxes.position[i] + vector * kLanes * boxes.advance[i]) >> kLineBits;
}

/// The samples of a line that step i reads, rounded to 16; outside [0, length) none is needed.
struct Reads {
  std::int64_t begin, end;
};
Reads ReadsOf(const Boxes& boxes, int i, std::int64_t length) {
  const std::int64_t low = Base(boxes, i, boxes.first[i]);
  const std::int64_t high =
      Base(boxes, i, boxes.last[i] - 1) + TablesOf(boxes.path[i]) * std::int64_t{kLanes};
  return {std::max<std::int64_t>(low, 0) & ~std::int64_t{15},
          std::min(length, (std::max<std::int64_t>(high, 0) + 15) & ~std::int64_t{15})};
}

/// The mean over boxes of which each touches at most `Taps` samples: the first to `first` of its
/// length, one that it holds to `whole`, and the last to what is left.
template <int Taps, class At>
HWY_INLINE V Mean(V beyond_first, V whole, VI k, At&& at) {
  const D d;
  const VI one = hn::Set(DI(), 1);
  if constexpr (Taps == 2) {
    const V lower = at(k), upper = at(hn::Add(k, one));
    return hn::MulAdd(hn::Max(beyond_first, hn::Zero(d)), hn::Sub(upper, lower), lower);
  } else {
    V left = beyond_first;
    V sum = hn::Mul(hn::Sub(hn::Set(d, 1.0f), left), at(k));
    for (int tap = 1; tap < Taps - 1; ++tap) {
      k = hn::Add(k, one);
      const V part = hn::Min(left, whole);
      sum = hn::MulAdd(part, at(k), sum);
      left = hn::Sub(left, part);
    }
    return hn::MulAdd(left, at(hn::Add(k, one)), sum);
  }
}

/// out[box] += scale · mean of step i's boxes over the line.
template <int Taps, int Tables>
HWY_INLINE void AddMeans(const float* HWY_RESTRICT line, const Boxes& boxes, int i, double scale,
                         float* HWY_RESTRICT out) {
  const D d;
  const DU du;
  const V slope = hn::Set(d, boxes.slope[i]), after = hn::Set(d, boxes.after[i]);
  const V whole = hn::Set(d, boxes.whole[i]);
  const V weight = hn::Set(d, static_cast<float>(scale));
  const std::int64_t advance = boxes.advance[i];
  const auto lane_advance =
      static_cast<std::uint32_t>((advance + (1 << 5)) >> (kLineBits - kLaneBits));
  const VU lane_at = hn::Mul(hn::Iota(du, 0), hn::Set(du, lane_advance));
  const VU fraction_bits = hn::Set(du, (1u << kLaneBits) - 1);
  std::int64_t position = boxes.position[i] + boxes.first[i] * kLanes * advance;
  for (std::int32_t v = boxes.first[i]; v < boxes.last[i]; ++v, position += kLanes * advance) {
    const float* HWY_RESTRICT from = line + (position >> kLineBits);
    const auto offset = static_cast<std::uint32_t>(position) >> (kLineBits - kLaneBits);
    const VU at = hn::Add(lane_at, hn::Set(du, offset));
    const VI k = hn::BitCast(DI(), hn::ShiftRight<kLaneBits>(at));
    const V fraction = hn::ConvertTo(d, hn::BitCast(DI(), hn::And(at, fraction_bits)));
    V tables[Tables];
    for (int t = 0; t < Tables; ++t) tables[t] = hn::LoadU(d, from + t * kLanes);
    const V beyond_first = hn::MulAdd(fraction, slope, after);
    const V mean = Mean<Taps>(beyond_first, whole, k, [&](VI index) HWY_ATTR {
      if constexpr (Tables == 2) {
        return Lookup(tables[0], tables[1], index);
      } else {
        return Lookup(tables, index);
      }
    });
    float* to = out + std::int64_t{v} * kLanes;
    hn::StoreU(hn::MulAdd(weight, mean, hn::LoadU(d, to)), d, to);
  }
}

/// The same for boxes of any length and direction, one by one.
void AddMeansGeneral(const float* line, std::int64_t length, double start, double step,
                     double scale, std::int64_t outputs, float* out) {
  const auto end = static_cast<double>(length);
  const double factor = scale / std::abs(step);
  for (std::int64_t box = 0; box < outputs; ++box) {
    const double a = start + static_cast<double>(box) * step, b = a + step;
    const double low = std::max(std::min(a, b), 0.0), high = std::min(std::max(a, b), end);
    if (!(high > low)) continue;
    const auto first = static_cast<std::int64_t>(low);
    const auto last = std::min(static_cast<std::int64_t>(high), length - 1);
    double sum = 0;
    for (std::int64_t k = first; k <= last; ++k) {
      const auto sample = static_cast<double>(k);
      sum += line[k] * (std::min(high, sample + 1) - std::max(low, sample));
    }
    out[box] += static_cast<float>(factor * sum);
  }
}

void AddBoxes(const float* line, std::int64_t length, const Boxes& boxes, int i, double start,
              double scale, std::int64_t outputs, float* out) {
  switch (boxes.path[i]) {
    case kGeneral:
      return AddMeansGeneral(line, length, start, boxes.step[i], scale, outputs, out);
    case kTwo:
      return AddMeans<2, 2>(line, boxes, i, scale, out);
    case kThree:
      return AddMeans<3, 2>(line, boxes, i, scale, out);
    case kThreeWide:
      return AddMeans<3, 4>(line, boxes, i, scale, out);
    case kFourWide:
      return AddMeans<4, 4>(line, boxes, i, scale, out);
    case kFiveWide:
      return AddMeans<5, 4>(line, boxes, i, scale, out);
  }
}

/// to[z] = Σ_b weight_b · column b, z in [reads).
template <int Columns>
HWY_INLINE void Sum(const float* HWY_RESTRICT column, std::int64_t stride, const float* weight,
                    Reads reads, float* HWY_RESTRICT to) {
  const D d;
  V w[Columns];
  for (int b = 0; b < Columns; ++b) w[b] = hn::Set(d, weight[b * kSteps]);
  for (std::int64_t z = reads.begin; z < reads.end; z += kLanes) {
    V sum = hn::Mul(w[0], hn::LoadU(d, column + z));
    for (int b = 1; b < Columns; ++b) {
      sum = hn::MulAdd(w[b], hn::LoadU(d, column + b * stride + z), sum);
    }
    hn::StoreU(sum, d, to + z);
  }
}

void SumColumns(const ColumnPanel& panel, const FootprintSteps& s, int i, Reads reads, float* to) {
  const D d;
  const float* column = panel.samples + s.offset[i];
  const std::int64_t stride = panel.neighbour_stride;
  const float* weight = s.weight[0] + i;
  switch (s.columns) {
    case 1:
      return Sum<1>(column, stride, weight, reads, to);
    case 2:
      return Sum<2>(column, stride, weight, reads, to);
    case 3:
      return Sum<3>(column, stride, weight, reads, to);
    default:
      Sum<4>(column, stride, weight, reads, to);
  }
  for (int b = 4; b < s.columns; ++b) {
    const V w = hn::Set(d, s.weight[b][i]);
    for (std::int64_t z = reads.begin; z < reads.end; z += kLanes) {
      hn::StoreU(hn::MulAdd(w, hn::LoadU(d, column + b * stride + z), hn::LoadU(d, to + z)), d,
                 to + z);
    }
  }
}

void AddFootprint(const ColumnPanel& panel, const FootprintSteps& s, std::int64_t outputs,
                  float* scratch, float* out) {
  if (s.count == 0) return;
  Boxes boxes;
  Place(s.start, s.step, s.count, outputs, panel.length, boxes);
  float* line = scratch + kFootprintPad;
  std::fill_n(scratch, kFootprintPad, 0.0f);
  std::fill_n(line + panel.length, kFootprintPad, 0.0f);
  for (int i = 0; i < s.count; ++i) {
    const bool general = boxes.path[i] == kGeneral;
    if (!general && boxes.first[i] >= boxes.last[i]) continue;
    const Reads reads = general ? Reads{0, panel.length} : ReadsOf(boxes, i, panel.length);
    SumColumns(panel, s, i, reads, line);
    AddBoxes(line, panel.length, boxes, i, s.start[i], 1, outputs, out);
  }
}

/// Columns b of step i += weight_b · values, samples [begin, end).
template <int Columns>
HWY_INLINE void Scatter(const float* HWY_RESTRICT values, const float* weight, std::int64_t stride,
                        Reads part, float* column) {
  const D d;
  V w[Columns];
  for (int b = 0; b < Columns; ++b) w[b] = hn::Set(d, weight[b * kSteps]);
  for (std::int64_t z = part.begin; z < part.end; z += kLanes) {
    const V value = hn::LoadU(d, values + z);
    for (int b = 0; b < Columns; ++b) {
      float* to = column + b * stride + z;
      hn::StoreU(hn::MulAdd(w[b], value, hn::LoadU(d, to)), d, to);
    }
  }
}

void ScatterColumns(const float* values, const FootprintSteps& s, int i, Reads part,
                    const ColumnPanel& panel) {
  float* column = panel.samples + s.offset[i];
  const std::int64_t stride = panel.neighbour_stride;
  const float* weight = s.weight[0] + i;
  switch (s.columns) {
    case 1:
      return Scatter<1>(values, weight, stride, part, column);
    case 2:
      return Scatter<2>(values, weight, stride, part, column);
    case 3:
      return Scatter<3>(values, weight, stride, part, column);
    default:
      Scatter<4>(values, weight, stride, part, column);
  }
  for (int b = 4; b < s.columns; ++b) {
    Scatter<1>(values, weight + b * kSteps, stride, part, column + b * stride);
  }
}

void SpreadFootprint(const float* line, std::int64_t rows, const FootprintSteps& s,
                     const ColumnPanel& panel) {
  // A box of rows meets a sample in the same part of its length as the sample, seen as a box of
  // rows, meets the row: the transpose reads boxes of the line, `step` times as strongly.
  alignas(64) double start[kSteps] = {}, step[kSteps] = {};
  for (int i = 0; i < s.count; ++i) {
    step[i] = 1 / s.step[i];
    start[i] = -s.start[i] * step[i];
  }
  Boxes boxes;
  Place(start, step, s.count, panel.length, rows, boxes);
  alignas(64) float values[kBlock];
  for (int i = 0; i < s.count; ++i) {
    const bool general = boxes.path[i] == kGeneral;
    if (!general && boxes.first[i] >= boxes.last[i]) continue;
    const Reads part = general
                           ? Reads{0, panel.length}
                           : Reads{boxes.first[i] * kLanes, boxes.last[i] * std::int64_t{kLanes}};
    std::fill(values + part.begin, values + part.end, 0.0f);
    AddBoxes(line, rows, boxes, i, start[i], std::abs(step[i]), panel.length, values);
    ScatterColumns(values, s, i, part, panel);
  }
}

/// out += the columns from `first` on of steps i … i + Steps − 1.
template <int Columns, int Steps>
HWY_INLINE void AddRun(const ColumnPanel& panel, const FootprintSteps& s, int i, int first,
                       float* HWY_RESTRICT out) {
  const D d;
  const float* column[Steps];
  V w[Steps][Columns];
  for (int k = 0; k < Steps; ++k) {
    column[k] = panel.samples + s.offset[i + k] + first * panel.neighbour_stride;
    for (int b = 0; b < Columns; ++b) w[k][b] = hn::Set(d, s.weight[first + b][i + k]);
  }
  for (std::int64_t z = 0; z < panel.length; z += kLanes) {
    V sum[Steps];
    for (int k = 0; k < Steps; ++k) {
      sum[k] = hn::Mul(w[k][0], hn::LoadU(d, column[k] + z));
      for (int b = 1; b < Columns; ++b) {
        sum[k] =
            hn::MulAdd(w[k][b], hn::LoadU(d, column[k] + b * panel.neighbour_stride + z), sum[k]);
      }
    }
    V total = hn::Add(hn::LoadU(d, out + z), sum[0]);
    for (int k = 1; k < Steps; ++k) total = hn::Add(total, sum[k]);
    hn::StoreU(total, d, out + z);
  }
}

template <int Columns>
void AddRuns(const ColumnPanel& panel, const FootprintSteps& s, int first, float* out) {
  int i = 0;
  for (; i + 4 <= s.count; i += 4) AddRun<Columns, 4>(panel, s, i, first, out);
  for (; i < s.count; ++i) AddRun<Columns, 1>(panel, s, i, first, out);
}

void AddColumns(const ColumnPanel& panel, const FootprintSteps& s, float* out) {
  for (int first = 0; first < s.columns; first += 4) {
    switch (s.columns - first) {
      case 1:
        AddRuns<1>(panel, s, first, out);
        break;
      case 2:
        AddRuns<2>(panel, s, first, out);
        break;
      case 3:
        AddRuns<3>(panel, s, first, out);
        break;
      default:
        AddRuns<4>(panel, s, first, out);
    }
  }
}

void SpreadColumns(const float* line, const FootprintSteps& s, const ColumnPanel& panel) {
  for (int i = 0; i < s.count; ++i) ScatterColumns(line, s, i, {0, panel.length}, panel);
}

}  // namespace footprint

using footprint::AddColumns;
using footprint::AddFootprint;
using footprint::FillBeamSteps;
using footprint::SpreadColumns;
using footprint::SpreadFootprint;

}  // namespace HWY_NAMESPACE
}  // namespace tomoslab
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tomoslab {

HWY_EXPORT(FillBeamSteps);
HWY_EXPORT(AddFootprint);
HWY_EXPORT(SpreadFootprint);
HWY_EXPORT(AddColumns);
HWY_EXPORT(SpreadColumns);

void FillBeamSteps(const BeamSteps& beam, const ColumnPanel& panel, FootprintSteps& steps) {
  HWY_DYNAMIC_DISPATCH(FillBeamSteps)(beam, panel, steps);
}
void AddFootprint(const ColumnPanel& panel, const FootprintSteps& steps, std::int64_t outputs,
                  float* scratch, float* out) {
  HWY_DYNAMIC_DISPATCH(AddFootprint)(panel, steps, outputs, scratch, out);
}
void SpreadFootprint(const float* line, std::int64_t rows, const FootprintSteps& steps,
                     const ColumnPanel& panel) {
  HWY_DYNAMIC_DISPATCH(SpreadFootprint)(line, rows, steps, panel);
}
void AddColumns(const ColumnPanel& panel, const FootprintSteps& steps, float* out) {
  HWY_DYNAMIC_DISPATCH(AddColumns)(panel, steps, out);
}
void SpreadColumns(const float* line, const FootprintSteps& steps, const ColumnPanel& panel) {
  HWY_DYNAMIC_DISPATCH(SpreadColumns)(line, steps, panel);
}

}  // namespace tomoslab
#endif  // HWY_ONCE
