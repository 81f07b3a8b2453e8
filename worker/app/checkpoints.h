// A job's checkpoints: when they are kept, and what a job goes on from.
#pragma once

#include <chrono>
#include <string>
#include <utility>

#include "worker/app/checkpoint_delivery.h"
#include "worker/app/progress_reporter.h"
#include "worker/app/state_archive.h"
#include "worker/distributed/distributed_projector.h"

namespace tomoslab {

/// How a rank keeps its solver's state.
enum class Staging {
  kCopy,    // copied, and sent while the solver goes on
  kDirect,  // there is no memory for a copy: the solver waits until it is sent
};

/// All calls are collective.
class Checkpoints {
 public:
  /// All outlive this.
  Checkpoints(PoolClient* client, const v1::Lease* lease, const Communicator* ranks,
              ProgressReporter* reporter, Staging staging);

  /// The loop of the algorithm that this job goes on with; "" = from the start.
  const std::string& phase() const { return phase_; }
  /// A hook has stopped the solver: its state is kept, or could not be set.
  bool stopped() const { return stopped_; }
  /// Why the state could not be set; then the solver has run on nothing. DataLoss, NotFound: the
  /// server does not offer it again.
  const absl::Status& unusable() const { return unusable_; }

  /// A solver's hook (worker/solvers/solver_state.h), for one of the algorithm's loops.
  class Hook {
   public:
    template <class Visit>
    bool Restore(Visit&& visit) const {
      return checkpoints_->Restore(phase_, visit);
    }
    template <class Visit>
    bool Pass(int iteration, Visit&& visit) const {
      return checkpoints_->Pass(phase_, before_, iteration, visit);
    }

   private:
    friend class Checkpoints;
    Hook(Checkpoints* checkpoints, std::string phase, int before)
        : checkpoints_(checkpoints), phase_(std::move(phase)), before_(before) {}
    Checkpoints* checkpoints_;
    std::string phase_;
    int before_;
  };
  /// before: iterations that earlier loops have made.
  Hook Of(std::string phase, int before = 0) { return Hook(this, std::move(phase), before); }

  /// The iterations that earlier loops had made when the checkpoint was left.
  int IterationsBefore() const;

 private:
  enum class Decision { kGoOn, kStop, kKeep, kKeepAndStop };

  template <class Visit>
  bool Restore(const std::string& phase, Visit&& visit) {
    if (phase_ != phase) return false;
    const auto begin = std::chrono::steady_clock::now();
    StateSetter setter(&lease_->checkpoint(0),
                       [this](int part, Field& x) { return Fetch(part, x); });
    visit(setter);
    NoteRestored(setter.status(), std::chrono::steady_clock::now() - begin);
    return true;
  }

  template <class Visit>
  bool Pass(const std::string& phase, int before, int own_iteration, Visit&& visit) {
    const int iteration = before + own_iteration;
    const Decision decision = Decide(iteration);
    stopped_ = decision == Decision::kStop || decision == Decision::kKeepAndStop;
    if (decision == Decision::kKeep || decision == Decision::kKeepAndStop) {
      StateTaker taker;
      visit(taker);
      taker.Value("iterations_before", before);
      taker.description.set_phase(phase);
      taker.description.set_iteration(iteration);
      Keep(taker);
    }
    return !stopped_;
  }

  Decision Decide(int iteration);
  bool Due();
  void Keep(const StateTaker& taker);
  absl::Status Fetch(int part, Field& x);
  void NoteRestored(const absl::Status& status, std::chrono::steady_clock::duration took);
  /// Warns when the last state could not be kept.
  void ReportFailure();

  PoolClient* client_;
  const v1::Lease* lease_;
  const Communicator* ranks_;
  ProgressReporter* reporter_;
  Staging staging_;
  StateSender sender_;
  absl::Status direct_;  // of a state that was sent without a copy
  std::string phase_;
  bool stopped_ = false;
  absl::Status unusable_;
  int last_iteration_ = 0;  // that was kept, or gone on from
  std::chrono::steady_clock::time_point last_;
};

}  // namespace tomoslab
