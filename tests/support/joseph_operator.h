// The projector of a whole volume on one rank, without MPI: what solvers run on, for tests.
#pragma once

#include "worker/operators/field.h"
#include "worker/projector/joseph.h"

namespace tomoslab::testing {

class JosephOperator {
 public:
  /// `scan` outlives this.
  JosephOperator(const Scan& scan, const Volume& volume)
      : volume_(volume), band_{scan.views, scan.detector.columns, {0, scan.detector.rows}} {}

  Field NewVolume() const {
    return Field(std::int64_t{volume_.rows} * volume_.columns, {0, volume_.slices}, volume_.slices,
                 &sum_);
  }
  Field NewProjections() const {
    return Field(static_cast<std::int64_t>(band_.views.size()) * band_.columns, band_.rows,
                 band_.rows.size(), &sum_);
  }
  void Project(const Field& x, Field& y) const {
    ProjectJoseph(volume_, x.data(), band_, y.data());
  }
  void Backproject(const Field& y, Field& x) const {
    Field scratch = Like(y);
    Copy(y, scratch);
    Fill(0, x);
    BackprojectJoseph(band_, scratch.data(), volume_, x.data());
  }

 private:
  Volume volume_;
  ProjectionBand band_;
  LocalSum sum_;
};

}  // namespace tomoslab::testing
