#include "worker/data/phantom.h"

#include <algorithm>
#include <cmath>

#include "worker/core/check.h"

namespace tomoslab {
namespace {

// A vector in the frame in which the ellipsoid's axes have length 1.
Vec3 InUnitFrame(const Ellipsoid& e, double cosine, double sine, Vec3 v) {
  return {(cosine * v.x + sine * v.y) / e.radius_mm.x, (-sine * v.x + cosine * v.y) / e.radius_mm.y,
          v.z / e.radius_mm.z};
}

}  // namespace

double ChordLength(const Ellipsoid& ellipsoid, const Ray& ray) {
  const double cosine = std::cos(ellipsoid.rotation_rad), sine = std::sin(ellipsoid.rotation_rad);
  const Vec3 q = InUnitFrame(ellipsoid, cosine, sine, ray.origin - ellipsoid.center_mm);
  const Vec3 w = InUnitFrame(ellipsoid, cosine, sine, ray.direction);
  const double a = Dot(w, w), b = Dot(q, w), c = Dot(q, q) - 1;
  if (a <= 0) return 0;  // along the axis of a cylinder: no finite chord
  return 2 * std::sqrt(std::max(b * b - a * c, 0.0)) / a;
}

void PathLengths(const Phantom& phantom, const Ray& ray, absl::Span<double> lengths) {
  TOMOSLAB_CHECK(lengths.size() == phantom.materials.size());
  std::fill(lengths.begin(), lengths.end(), 0.0);
  for (const Ellipsoid& ellipsoid : phantom.ellipsoids) {
    const double chord = ChordLength(ellipsoid, ray);
    if (ellipsoid.material != kAir) lengths[ellipsoid.material] += chord;
    if (ellipsoid.parent != kAir) lengths[ellipsoid.parent] -= chord;
  }
}

int MaterialAt(const Phantom& phantom, Vec3 point) {
  for (auto e = phantom.ellipsoids.rbegin(); e != phantom.ellipsoids.rend(); ++e) {
    const Vec3 q =
        InUnitFrame(*e, std::cos(e->rotation_rad), std::sin(e->rotation_rad), point - e->center_mm);
    if (Dot(q, q) <= 1) return e->material;
  }
  return kAir;
}

}  // namespace tomoslab
