#include "worker/geometry/view.h"

#include <cmath>

namespace tomoslab {

DetectorPoint ProjectPoint(const View& view, Vec3 point) {
  // Solve source + t·direction = corner + column·column_step + row·row_step by Cramer's rule.
  const bool cone = view.beam == Beam::kCone;
  const Vec3 origin = cone ? view.source : point;
  const Vec3 direction = cone ? point - view.source : -1.0 * view.source;
  const Vec3 normal = Cross(view.column_step, view.row_step);
  const double toward = Dot(direction, normal);
  const double distance = Dot(view.corner - origin, normal);
  const double t = distance / toward;
  const Vec3 on_plane = origin + t * direction - view.corner;
  const double area = Dot(normal, normal);
  return {.row = Dot(Cross(view.column_step, on_plane), normal) / area,
          .column = Dot(Cross(on_plane, view.row_step), normal) / area,
          .depth = cone ? toward / distance : 1.0};
}

std::array<double, 12> ToAstra(const View& view, int rows, int columns) {
  const Vec3 center = view.Pixel((rows - 1) / 2.0, (columns - 1) / 2.0);
  const Vec3 first = view.beam == Beam::kCone ? view.source : -1.0 * view.source;
  return {first.x,
          first.y,
          first.z,
          center.x,
          center.y,
          center.z,
          view.column_step.x,
          view.column_step.y,
          view.column_step.z,
          view.row_step.x,
          view.row_step.y,
          view.row_step.z};
}

View FromAstra(Beam beam, const std::array<double, 12>& v, int rows, int columns) {
  const Vec3 first{v[0], v[1], v[2]}, center{v[3], v[4], v[5]};
  View view{.beam = beam,
            .source = beam == Beam::kCone ? first : -1.0 * first,
            .corner = {},
            .column_step = {v[6], v[7], v[8]},
            .row_step = {v[9], v[10], v[11]}};
  view.corner =
      center - ((columns - 1) / 2.0) * view.column_step - ((rows - 1) / 2.0) * view.row_step;
  return view;
}

bool IsAxisAligned(const View& view) {
  const double tiny = 1e-12;
  const double step = Norm(view.row_step), width = Norm(view.column_step);
  const bool rows_along_z = std::hypot(view.row_step.x, view.row_step.y) <= tiny * step;
  const bool columns_level = std::abs(view.column_step.z) <= tiny * width;
  const bool rays_level =
      view.beam == Beam::kCone || std::abs(view.source.z) <= tiny * Norm(view.source);
  return rows_along_z && columns_level && rays_level;
}

}  // namespace tomoslab
