#include "worker/projector/projector.h"

#include "worker/projector/footprint.h"

namespace tomoslab {

void Project(ProjectorModel model, const Volume& slab, const float* x, const ProjectionBand& band,
             float* y) {
  switch (model) {
    case ProjectorModel::kJoseph:
      return ProjectJoseph(slab, x, band, y);
    case ProjectorModel::kFootprint:
      return ProjectFootprint(slab, x, band, y);
  }
}

void Backproject(ProjectorModel model, const ProjectionBand& band, float* y, const Volume& slab,
                 float* x) {
  switch (model) {
    case ProjectorModel::kJoseph:
      return BackprojectJoseph(band, y, slab, x);
    case ProjectorModel::kFootprint:
      return BackprojectFootprint(band, y, slab, x);
  }
}

}  // namespace tomoslab
