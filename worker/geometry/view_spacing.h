// How much of the circle each view stands for.
#pragma once

#include <vector>

#include "absl/types/span.h"

namespace tomoslab {

/// The views of a scan on a circle of `period` (a full turn, or half a turn where opposite views
/// are the same).
struct ViewSpacing {
  std::vector<double> spacing_rad;   // per view: the arc it stands for; together arc_rad
  std::vector<double> position_rad;  // per view: from the beginning of the arc, in [0, arc_rad]
  double arc_rad = 0;                // what the views cover; the period when closed
  bool closed = false;               // no gap in the circle stands out
};

/// Angles in any order, of any number of turns; views at the same angle share its arc. The circle
/// counts as open when its largest gap is more than 3° and more than four times the usual one.
ViewSpacing SpaceViews(absl::Span<const double> angle_rad, double period_rad);

}  // namespace tomoslab
