#include "worker/projector/ray_views.h"

#include <array>
#include <cmath>

#include "worker/core/parallel.h"
#include "worker/projector/main_axis.h"

namespace tomoslab {
namespace {

/// How many rays of a view have each main axis, and how far a ray moves on each axis, within its
/// plane, from one of them to the next of its line: sums of absolute values.
struct Census {
  std::int64_t rays[3] = {};
  double moves[3][3] = {};

  void Add(const RayLine& line, std::int64_t number) {
    const auto i = static_cast<double>(number);
    std::array<double, 3> direction;
    for (int axis = 0; axis < 3; ++axis) {
      direction[axis] = line.direction[axis] + i * line.direction_step[axis];
    }
    const int main = MainAxisOf(direction);
    const auto step = [&](int axis) { return line.direction_step[axis] + line.origin_step[axis]; };
    ++rays[main];
    for (int axis = 0; axis < 3; ++axis) {
      moves[main][axis] += std::abs(step(axis) - direction[axis] * step(main) / direction[main]);
    }
  }

  std::vector<AxisRoles> Roles(RaySet set) const {
    std::vector<AxisRoles> roles;
    for (int main = set == RaySet::kAll ? 0 : 2; main < 3; ++main) {
      if (rays[main] == 0) continue;
      const int a = main == 0 ? 1 : 0, b = main == 2 ? 1 : 2;
      const bool along_a = moves[main][a] > moves[main][b];
      roles.push_back(along_a ? AxisRoles{main, b, a} : AxisRoles{main, a, b});
    }
    return roles;
  }
};

bool SameMainAxis(const std::array<double, 3>& a, const std::array<double, 3>& b) {
  const int main = MainAxisOf(a);
  return MainAxisOf(b) == main && a[main] * b[main] > 0;
}

/// The axes that the rays of a view walk along. The directions of one main axis and sign are a
/// convex set: the corners of the detector may speak for all.
std::vector<AxisRoles> RolesOf(const DetectorLines& lines, std::int64_t view, RaySet set) {
  const IndexRange all = lines.lines(), rays = lines.rays();
  const auto direction = [&](std::int64_t line, std::int64_t ray) {
    const RayLine at = lines.Line(view, line, kNaturalRoles);
    std::array<double, 3> result;
    for (int axis = 0; axis < 3; ++axis) {
      result[axis] = at.direction[axis] + static_cast<double>(ray) * at.direction_step[axis];
    }
    return result;
  };
  const auto corner = direction(all.begin, rays.begin);
  const bool alike = SameMainAxis(corner, direction(all.end - 1, rays.begin)) &&
                     SameMainAxis(corner, direction(all.begin, rays.end - 1)) &&
                     SameMainAxis(corner, direction(all.end - 1, rays.end - 1));
  Census census;
  if (alike) {
    const std::int64_t middle = (all.begin + all.end) / 2;
    census.Add(lines.Line(view, middle, kNaturalRoles), (rays.begin + rays.end) / 2);
    return census.Roles(set);
  }
  for (std::int64_t line = all.begin; line < all.end; ++line) {
    const RayLine at = lines.Line(view, line, kNaturalRoles);
    for (std::int64_t ray = rays.begin; ray < rays.end; ++ray) census.Add(at, ray);
  }
  return census.Roles(set);
}

}  // namespace

ViewsByRoles::ViewsByRoles(const DetectorLines& lines, RaySet set) : roles_(lines.views()) {
  ParallelFor(0, lines.views(),
              [&](std::int64_t view) { roles_[view] = RolesOf(lines, view, set); });
}

bool ViewsByRoles::Uses(std::int64_t view, AxisRoles roles) const {
  return std::find(roles_[view].begin(), roles_[view].end(), roles) != roles_[view].end();
}

std::vector<AxisRoles> ViewsByRoles::All(IndexRange range) const {
  std::vector<AxisRoles> all;
  for (std::int64_t view = range.begin; view < range.end; ++view) {
    for (const AxisRoles roles : roles_[view]) {
      if (std::find(all.begin(), all.end(), roles) == all.end()) all.push_back(roles);
    }
  }
  return all;
}

}  // namespace tomoslab
