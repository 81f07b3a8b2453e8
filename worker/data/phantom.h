// Analytic objects: ellipsoids (or elliptic cylinders along z) of materials inside one another.
#pragma once

#include <string>
#include <vector>

#include "absl/types/span.h"
#include "worker/geometry/vec3.h"

namespace tomoslab {

inline constexpr int kAir = -1;

/// An ellipsoid of `material` that lies wholly inside a body of `parent` (kAir: outside of
/// everything). Both are indices into the phantom's materials. An infinite radius.z makes it an
/// elliptic cylinder along z.
struct Ellipsoid {
  Vec3 center_mm, radius_mm;
  double rotation_rad = 0;  // about z, counter-clockwise
  int material = kAir;
  int parent = kAir;
};

/// A straight line through `origin`; `direction` of length 1, so that lengths along it are mm.
struct Ray {
  Vec3 origin, direction;
};

struct Phantom {
  std::vector<std::string> materials;
  std::vector<Ellipsoid> ellipsoids;  // later ones lie inside or beside earlier ones
};

/// The length (mm) of the whole line inside the ellipsoid: 2·√max(B² − A·C, 0) / A, where q and w
/// are the ray's origin and direction in the frame in which the ellipsoid is the unit sphere, A =
/// w·w, B = q·w, C = q·q − 1.
double ChordLength(const Ellipsoid& ellipsoid, const Ray& ray);

/// The length of `ray` in each material, mm: L_m = Σ chord(material = m) − Σ chord(parent = m).
/// `lengths` has one number per material and is overwritten.
void PathLengths(const Phantom& phantom, const Ray& ray, absl::Span<double> lengths);

/// The material at a point (mm), kAir outside: that of the last ellipsoid that holds it.
int MaterialAt(const Phantom& phantom, Vec3 point);

}  // namespace tomoslab
