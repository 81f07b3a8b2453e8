// Analytic phantoms: ellipsoids and their exact line integrals, independent of any projector.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "worker/core/parallel.h"
#include "worker/geometry/scan.h"
#include "worker/operators/field.h"

namespace tomoslab {

/// An upright ellipsoid; attenuations of overlapping ones add.
struct Ellipsoid {
  Vec3 center_mm;
  Vec3 semi_axis_mm;
  double attenuation_per_mm;
};
using Ellipsoids = std::vector<Ellipsoid>;

inline double AttenuationAt(const Ellipsoids& phantom, Vec3 point) {
  double sum = 0;
  for (const Ellipsoid& e : phantom) {
    const Vec3 d = point - e.center_mm;
    const Vec3 q{d.x / e.semi_axis_mm.x, d.y / e.semi_axis_mm.y, d.z / e.semi_axis_mm.z};
    if (Dot(q, q) <= 1) sum += e.attenuation_per_mm;
  }
  return sum;
}

/// The integral along the whole line through `point`.
inline double LineIntegral(const Ellipsoids& phantom, Vec3 point, Vec3 direction) {
  double sum = 0;
  for (const Ellipsoid& e : phantom) {
    const Vec3 d = point - e.center_mm, a = e.semi_axis_mm;
    const Vec3 q{d.x / a.x, d.y / a.y, d.z / a.z};
    const Vec3 w{direction.x / a.x, direction.y / a.y, direction.z / a.z};
    const double ww = Dot(w, w), qw = Dot(q, w);
    const double root = qw * qw - ww * (Dot(q, q) - 1);
    if (root > 0) sum += e.attenuation_per_mm * 2 * std::sqrt(root) / ww * Norm(direction);
  }
  return sum;
}

/// Projections [view][column][row] on one rank.
inline Field AnalyticProjections(const Ellipsoids& phantom, const Scan& scan,
                                 const OrderedSum* sum) {
  const int rows = scan.detector.rows, columns = scan.detector.columns;
  const auto views = static_cast<std::int64_t>(scan.views.size());
  Field projections(views * columns, {0, rows}, rows, sum);
  ParallelFor(0, views * columns, [&](std::int64_t line) {
    const View& view = scan.views[line / columns];
    for (int r = 0; r < rows; ++r) {
      const double column = static_cast<double>(line % columns);
      projections.line(line)[r] = static_cast<float>(
          LineIntegral(phantom, view.Pixel(r, column), view.Direction(r, column)));
    }
  });
  return projections;
}

}  // namespace tomoslab
