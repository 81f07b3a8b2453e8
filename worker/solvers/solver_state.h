// How a solver's state is kept, so that a stopped run goes on as if it had never stopped.
#pragma once

#include <string>

#include "worker/solvers/stopping.h"

namespace tomoslab {

/// What a solver does at the start of an iteration, as a hook of its caller's. A solver describes
/// its state once, as a function visit(archive) that names every vector and number which the next
/// iteration needs and cannot compute again to the bit:
///   archive.Vector("g", g)   a volume or a set of projections
///   archive.Value("α", α)    a double, an int, an int64, vectors of doubles and int64s, a string
/// The same list is read and written: an archive either takes the values or sets them. The order
/// counts; a value may decide whether a vector follows.
///
///   Restore(visit)           sets the state to the one that was kept; false: there is none, the
///                            solver starts from its arguments
///   Pass(iteration, visit)   before every iteration: keeps the state if it likes; false: stop here
/// Both are collective, and answer the same on every rank. This one never keeps anything.
struct NoCheckpoints {
  template <class Visit>
  bool Restore(Visit&&) const {
    return false;
  }
  template <class Visit>
  bool Pass(int, Visit&&) const {
    return true;
  }
};

/// An image's progress, each name preceded by `prefix`.
template <class Archive>
void VisitProgress(Archive& archive, const std::string& prefix, Progress& progress) {
  constexpr double kUnknown = -1;
  double relative_update = progress.relative_update.value_or(kUnknown);
  archive.Value(prefix + "iteration", progress.iteration);
  archive.Value(prefix + "misfit", progress.misfit);
  archive.Value(prefix + "relative_residual", progress.relative_residual);
  archive.Value(prefix + "step", progress.step);
  archive.Value(prefix + "relative_update", relative_update);
  archive.Value(prefix + "changed_labels", progress.changed_labels);
  archive.Value(prefix + "free_fraction", progress.free_fraction);
  if (relative_update != kUnknown) progress.relative_update = relative_update;
}

}  // namespace tomoslab
