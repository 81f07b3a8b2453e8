// The projector of a whole volume on one rank, without MPI: what solvers run on, for tests.
#pragma once

#include "worker/geometry/scan.h"
#include "worker/operators/field.h"
#include "worker/projector/projector.h"

namespace tomoslab::testing {

class PairOperator {
 public:
  /// `scan` outlives this.
  PairOperator(ProjectorModel model, const Scan& scan, const Volume& volume)
      : model_(model),
        volume_(volume),
        band_{scan.views, scan.detector.columns, {0, scan.detector.rows}} {}

  Field NewVolume() const {
    return Field(std::int64_t{volume_.rows} * volume_.columns, {0, volume_.slices}, volume_.slices,
                 &sum_);
  }
  Field NewProjections() const {
    return Field(static_cast<std::int64_t>(band_.views.size()) * band_.columns, band_.rows,
                 band_.rows.size(), &sum_);
  }
  void Project(const Field& x, Field& y) const {
    tomoslab::Project(model_, volume_, x.data(), band_, y.data());
  }
  void Backproject(const Field& y, Field& x) const {
    Field scratch = Like(y);
    Copy(y, scratch);
    Fill(0, x);
    tomoslab::Backproject(model_, band_, scratch.data(), volume_, x.data());
  }

 private:
  ProjectorModel model_;
  Volume volume_;
  ProjectionBand band_;
  LocalSum sum_;
};

}  // namespace tomoslab::testing
