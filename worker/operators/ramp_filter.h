// The ramp filter of filtered backprojection, along the detector's columns.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "worker/operators/field.h"

namespace tomoslab {

/// What the ramp |f| is multiplied by, up to the cutoff frequency f_c (0 beyond it), with t = f /
/// f_c.
enum class RampWindow {
  kRamLak,      // 1
  kSheppLogan,  // sinc(t / 2)
  kCosine,      // cos(π t / 2)
  kHamming,     // 0.54 + 0.46 cos(π t)
  kHann,        // 0.5 + 0.5 cos(π t)
};

struct RampOptions {
  RampWindow window = RampWindow::kRamLak;
  double cutoff = 1;  // as a fraction of the detector's Nyquist frequency, in (0, 1]
};

/// The window's value at a frequency given as a fraction of the cutoff (≥ 0).
double WindowValue(RampWindow window, double fraction_of_cutoff);

/// q = τ Σ_j h(i − j) g_j, the convolution with the band-limited ramp h, in 1/mm where g has no
/// unit. The ramp is sampled in space (Kak & Slaney, Principles of Computerized Tomographic
/// Imaging, 1988, eq. 3.61), which keeps the mean right where a ramp cut in frequency does not;
/// lines are padded with zeros to at least twice their length, so that nothing wraps around. The
/// result does not depend on threads, and on ranks only by rounding: two neighbouring rows share a
/// transform.
class RampFilter {
 public:
  /// columns: of the detector; pixel_width_mm: τ. Both checked already (worker/geometry).
  RampFilter(int columns, double pixel_width_mm, const RampOptions& options);
  ~RampFilter();
  RampFilter(const RampFilter&) = delete;
  RampFilter& operator=(const RampFilter&) = delete;

  /// Filters projections [view][column][row] in place, every line of columns by itself, where they
  /// are. Collective. Returns a warning for people, "" for none, on all ranks or on none:
  /// projections on a GPU whose machine lacks cuFFT are filtered on the CPU.
  ///   Memory: about 0.3 KiB a column and thread; on an accelerator as FilterOnDevice.
  std::string Apply(Field& projections) const;

  /// The filter's response at the frequencies f_k = k / (padded length · τ), including the inverse
  /// transform's 1 / N.
  const std::vector<float>& response() const { return response_; }
  int padded_columns() const { return padded_columns_; }

 private:
  std::string ApplyWhereTheyAre(Field& projections) const;
  void ApplyOnHost(Field& projections) const;

  struct Plans;
  class Batch;
  int columns_;
  int padded_columns_;
  std::vector<float> response_;
  std::unique_ptr<Plans> plans_;
};

}  // namespace tomoslab
