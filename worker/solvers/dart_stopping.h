// When DART stops, beside the limits that every solver has.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>

#include "worker/solvers/stopping.h"

namespace tomoslab {

class DartStopping {
 public:
  /// stopping: its relative_update is not looked at; DART settles when labels do.
  DartStopping(const Stopping& stopping, std::int64_t voxels)
      : stopping_(stopping), few_labels_(1e-4 * static_cast<double>(voxels)) {
    stopping_.relative_update = 0;
  }

  /// After each image, the start image first: also when fewer than one label in 10,000 changed
  /// three times running, or the misfit has not improved for ten iterations.
  std::optional<StopReason> After(const Progress& progress);

  template <class Archive>
  void Visit(Archive& archive) {
    archive.Value("least_misfit", best_misfit_);
    archive.Value("least_misfit_iteration", best_iteration_);
    archive.Value("settled_iterations", settled_);
  }

 private:
  Stopping stopping_;
  double few_labels_;
  double best_misfit_ = std::numeric_limits<double>::infinity();
  int best_iteration_ = 0, settled_ = 0;
};

}  // namespace tomoslab
