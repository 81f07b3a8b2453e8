// What DART and poly-DART share: segment, free the boundary and a few voxels, let an inner solver
// move them, smooth.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "worker/solvers/dart_segmentation.h"
#include "worker/solvers/dart_stopping.h"
#include "worker/solvers/dart_warnings.h"
#include "worker/solvers/free_voxels.h"
#include "worker/solvers/neighbourhood.h"
#include "worker/solvers/solver_state.h"

namespace tomoslab {

struct DartLoopOptions {
  Stopping stopping = {.iterations = 20};
  double free_fraction = 0.1;  // of all voxels, freed at random beside the boundary
  double smoothing = 0.3;      // β of free voxels with their neighbours
  std::uint64_t seed = 1;
};

/// How well a segmentation explains the projections.
struct SegmentationFit {
  double misfit = 0;             // ½‖(projection of the segmented image) − b‖²
  double relative_residual = 0;  // the same as a norm, over ‖b‖
  std::string warning;           // "" for none
};

/// An image's segmentation, and what it explains.
struct DartState {
  Progress progress;  // misfit and residual are the segmented image's; step is 0
  LabelCounts counts;
  std::vector<double> grey_values;      // 1/mm
  std::vector<double> density_factors;  // of the materials; 1 unless refined
};

/// Each name preceded by `prefix`.
template <class Archive>
void VisitDartState(Archive& archive, const std::string& prefix, DartState& state) {
  VisitProgress(archive, prefix, state.progress);
  archive.Value(prefix + "voxels", state.counts.voxels);
  archive.Value(prefix + "grey_values", state.grey_values);
  archive.Value(prefix + "density_factors", state.density_factors);
}

struct DartResult {
  StopReason reason = StopReason::kIterations;
  DartState state;  // of the image left in x
};

/// The voxels that iteration `iteration` may change: the boundary and a few at random; all of them
/// while there is nothing but air. Collective.
VoxelMask FreeVoxels(const VoxelGrid& grid, const VoxelLabels& labels, const LabelCounts& counts,
                     const DartLoopOptions& options, int iteration);

/// What a loop over a model of the projections does once per iteration, and what it remembers. The
/// model knows the grey values:
///   model.grey_values(), model.density_factors()
///   model.Fit(x)                 how x's segmentation explains the projections; may refit grey
///                                values or densities to it first
///   model.Visit(archive)         what Fit has changed (worker/solvers/solver_state.h)
///   model.Update(free, x, go_on) inner iterations on the voxels in `free`; false when go_on()
///                                ended them early
template <class Model>
class DartLoop {
 public:
  /// accelerator: where images are; nullptr = host memory.
  DartLoop(const VoxelGrid& grid, Model* model, const DartLoopOptions& options,
           Accelerator* accelerator = nullptr)
      : grid_(grid), model_(model), options_(options), labels_(grid, accelerator) {}

  /// The segmentation of the image after `iteration` iterations.
  DartState Segmented(const Field& x, int iteration) {
    const SegmentationFit fit = model_->Fit(x);
    DartState state;
    state.grey_values = model_->grey_values();
    state.density_factors = model_->density_factors();
    state.counts = Segment(grid_, x, MaterialBasis(state.grey_values), labels_);
    if (iteration == 0) state.counts.changed = 0;  // there was no label before
    state.progress.iteration = iteration;
    state.progress.misfit = fit.misfit;
    state.progress.relative_residual = fit.relative_residual;
    state.progress.changed_labels = state.counts.changed;
    state.progress.free_fraction = free_fraction_;
    fit_warning_ = fit.warning;
    return state;
  }

  /// After Visit has set the state to one that was kept: x was segmented then, with this outcome.
  void RestoreLabels(const Field& x, const DartState& state) {
    Segment(grid_, x, MaterialBasis(state.grey_values), labels_);
  }

  template <class Archive>
  void Visit(Archive& archive) {
    archive.Value("loop_free_fraction", free_fraction_);
    archive.Value("fit_warning", fit_warning_);
    warnings_.Visit(archive);
    model_->Visit(archive);
  }

  /// The warnings of the last segmentation that were not given before.
  std::vector<std::string> NewWarnings(const DartState& state, const Field& x) {
    return warnings_.New(state.counts, MaterialBasis(state.grey_values), fit_warning_, MaxAbs(x));
  }

  /// The next image from the one that was segmented last; false when go_on() ended it early.
  template <class GoOn>
  bool Advance(const DartState& state, Field& x, GoOn&& go_on) {
    const VoxelMask free =
        FreeVoxels(grid_, labels_, state.counts, options_, state.progress.iteration);
    const std::int64_t count = SumOverRanks(x, {CountLocal(grid_, free)})[0];
    free_fraction_ = static_cast<double>(count) / static_cast<double>(grid_.voxels());
    const MaterialBasis materials(state.grey_values);
    FixToLabels(free, labels_, materials, x);
    if (!model_->Update(free, x, go_on)) return false;
    Smooth(grid_, free, options_.smoothing, x);
    return true;
  }

 private:
  VoxelGrid grid_;
  Model* model_;
  DartLoopOptions options_;
  VoxelLabels labels_;
  DartWarnings warnings_;
  std::string fit_warning_;
  double free_fraction_ = 0;
};

/// Batenburg & Sijbers, IEEE Trans. Image Process. 20(9), 2011, with any model of the projections.
///   x: the start image, then the last one, or the one whose segmentation explained the projections
///   best when the last one's misfit exceeds its by more than a quarter: smaller differences are
///   partial voxels and noise, not labels. Its segmentation is that of
///   MaterialBasis(result.state.grey_values).
///   watch(const DartState&, const Field& x, const std::vector<std::string>& warnings): true to
///   stop; called for every image, the start image (iteration 0) included.
///   go_on(): false to stop; called between inner iterations. Both answer the same on every rank.
///   checkpoints: worker/solvers/solver_state.h; the state is x and the best image, without labels,
///   which follow from x.
/// Memory beyond x and the model's: the best image; one more volume while smoothing; 1 byte and 1
/// bit per voxel (on an accelerator 2 bytes).
template <class Model, class Watch, class GoOn, class Checkpoints = NoCheckpoints>
DartResult RunDart(const VoxelGrid& grid, Model& model, const DartLoopOptions& options, Field& x,
                   Watch&& watch, GoOn&& go_on, Checkpoints&& checkpoints = {}) {
  DartLoop<Model> loop(grid, &model, options, x.accelerator());
  DartStopping stopping(options.stopping, grid.voxels());
  Field best_x = Like(x);
  DartState state, best;
  const auto visit = [&](auto& archive) {
    archive.Vector("x", x);
    VisitDartState(archive, "", state);
    VisitDartState(archive, "best_", best);
    if (!best.grey_values.empty()) archive.Vector("best", best_x);
    stopping.Visit(archive);
    loop.Visit(archive);
  };
  if (checkpoints.Restore(visit)) {
    loop.RestoreLabels(x, state);
  } else {
    state = loop.Segmented(x, 0);
  }
  for (int k = state.progress.iteration;; ++k) {
    if (!checkpoints.Pass(k, visit)) return {StopReason::kWatch, state};
    if (k == 0 || state.progress.misfit < best.progress.misfit) {
      Copy(x, best_x);
      best = state;
    }
    std::optional<StopReason> reason = stopping.After(state.progress);
    if (watch(state, std::as_const(x), loop.NewWarnings(state, x)) && !reason)
      reason = StopReason::kWatch;
    if (reason) {
      constexpr double kWorse = 1.25;
      if (state.progress.misfit <= kWorse * best.progress.misfit) return {*reason, state};
    } else if (!loop.Advance(state, x, go_on)) {
      reason = StopReason::kWatch;  // x is between two images
    }
    if (reason) {
      std::swap(x, best_x);
      return {*reason, best};
    }
    state = loop.Segmented(x, k + 1);
  }
}

}  // namespace tomoslab
