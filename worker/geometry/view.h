// One view in the normal form that every trajectory reduces to (design.md, Geometry).
#pragma once

#include <array>

#include "worker/geometry/vec3.h"

namespace tomoslab {

enum class Beam { kParallel, kCone };

/// A source and a flat detector. The source is a homogeneous point: in cone beam a position, in
/// parallel beam (the point at infinity) the direction towards the source, of any length. Then the
/// ray through a pixel has the direction
///   Direction = w · pixel − source,   w = 1 (cone) or 0 (parallel).
struct View {
  Beam beam = Beam::kCone;
  Vec3 source;       // cone: mm; parallel: direction towards the source
  Vec3 corner;       // centre of pixel (row 0, column 0), mm
  Vec3 column_step;  // from column c to c + 1, mm
  Vec3 row_step;     // from row r to r + 1, mm

  Vec3 Pixel(double row, double column) const {
    return corner + column * column_step + row * row_step;
  }
  Vec3 Direction(double row, double column) const {
    return (beam == Beam::kCone ? 1.0 : 0.0) * Pixel(row, column) - source;
  }
  friend bool operator==(const View&, const View&) = default;
};

/// Where the ray through `point` (mm) meets the detector, as fractional row and column, and its
/// depth: the distance of the point from the source's plane parallel to the detector, relative to
/// the detector's (1 for parallel beams and for points on the detector; ≤ 0: the point lies beside
/// or behind the source and row, column mean nothing).
struct DetectorPoint {
  double row, column, depth;
};
DetectorPoint ProjectPoint(const View& view, Vec3 point);

/// The same view as a row of ASTRA's cone_vec / parallel3d_vec: source (parallel: ray direction),
/// detector centre, column step, row step. `rows`, `columns`: the detector's shape.
std::array<double, 12> ToAstra(const View& view, int rows, int columns);
View FromAstra(Beam beam, const std::array<double, 12>& vec, int rows, int columns);

/// True when the detector's rows step along z and, in parallel beam, rays are perpendicular to z:
/// then all rays of one detector column lie in one plane x, y (the column projectors' case).
bool IsAxisAligned(const View& view);

}  // namespace tomoslab
