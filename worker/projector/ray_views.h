// Which axes the rays of each view walk along.
#pragma once

#include <algorithm>
#include <vector>

#include "worker/projector/ray_boxes.h"

namespace tomoslab {

/// The views of a band by the roles of the axes for their rays: up to one per main axis.
class ViewsByRoles {
 public:
  ViewsByRoles(const DetectorLines& lines, RaySet set);

  bool Uses(std::int64_t view, AxisRoles roles) const;
  /// All that occur in views [range).
  std::vector<AxisRoles> All(IndexRange range) const;

 private:
  std::vector<std::vector<AxisRoles>> roles_;
};

}  // namespace tomoslab
