// When an iterative solver stops, and what it tells while it runs.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace tomoslab {

/// A solver stops at whichever comes first. The misfit may rise for a while in some methods: a
/// residual criterion looks at the current image only.
struct Stopping {
  int iterations = 0;            // most updates; 0 = the start image is the result
  double relative_residual = 0;  // stop when ‖b − A x‖ / ‖b‖ ≤ this; 0 = never
  double relative_update = 0;    // stop when ‖x_k − x_{k−1}‖ / ‖x_k‖ < this; 0 = never
};

/// The image after `iteration` updates; 0 is the start image.
struct Progress {
  int iteration = 0;
  double misfit = 0;             // ½‖b − A x‖²
  double relative_residual = 0;  // ‖b − A x‖ / ‖b‖
  double step = 0;  // of the last update (λ of SIRT, α of CGLS and BB); 0 at the start
  std::optional<double> relative_update = {};  // known only when Stopping asks for it
  std::int64_t changed_labels = 0;  // of DART: voxels whose material is another than before
  double free_fraction = 0;         // of DART: voxels that were free for this image, of all
};

enum class StopReason {
  kIterations,        // all updates were done
  kRelativeResidual,  // the residual is small enough
  kRelativeUpdate,    // the image stagnates
  kConverged,         // no step can lower the misfit any more
  kLabelsSettled,     // DART: hardly a label changes any more
  kStagnated,         // DART: no segmentation has explained the projections better for long
  kWatch,             // the caller wanted it (a cancelled job)
};

/// "all iterations were done", …, for people.
std::string_view Describe(StopReason reason);

/// How a solver ended, and the progress of the image it left in x.
struct SolverResult {
  StopReason reason = StopReason::kIterations;
  Progress progress;
};

/// Why to stop after `progress`; nothing while there is no reason.
std::optional<StopReason> ReasonToStop(const Stopping& stopping, const Progress& progress);

/// a / b of two norms, where 0 / 0 = 0.
double NormRatio(double a, double b);

}  // namespace tomoslab
