#include "tests/support/geometries.h"

#include <cmath>
#include <numbers>
#include <utility>

#include "worker/core/check.h"

namespace tomoslab::testing {
namespace {

std::vector<double> UnevenAngles(int count) {
  std::vector<double> angles;
  for (int i = 0; i < count; ++i)
    angles.push_back(2 * std::numbers::pi * (i + 0.3 * std::sin(i)) / count + 0.1);
  return angles;
}

const Detector kDetector{.rows = 19, .columns = 27, .pixel_width_mm = 1.1, .pixel_height_mm = 1.3};
const Volume kVolume{.columns = 17,
                     .rows = 15,
                     .slices = 13,
                     .voxel_width_mm = 0.9,
                     .voxel_height_mm = 0.8,
                     .center_mm = {}};

CircularOrbit Cone(int views) {
  CircularOrbit orbit;
  orbit.beam = Beam::kCone;
  orbit.source_object_distance_mm = 60;
  orbit.source_detector_distance_mm = 95;
  orbit.angle_rad = UnevenAngles(views);
  return orbit;
}

Scan Circular(const CircularOrbit& orbit, const Detector& detector = kDetector) {
  auto scan = MakeCircularScan(detector, orbit);
  TOMOSLAB_CHECK(scan.ok());
  return *scan;
}

/// Per-view vectors: the circular cone with source and detector displaced by view.
Scan Displaced(const char* kind, int views) {
  const Scan circle = Circular(Cone(views));
  std::vector<double> vectors;
  for (std::size_t i = 0; i < circle.views.size(); ++i) {
    View view = circle.views[i];
    const double phase = 11.0 * static_cast<double>(i) / views;
    if (kind[0] == 'h') {  // helical
      const Vec3 up{0, 0, 0.7 * (phase - 5)};
      view.source = view.source + up;
      view.corner = view.corner + up;
    } else {  // measured: everything a little off
      view.source = view.source + Vec3{0.4 * std::sin(phase), 0.3 * std::cos(2 * phase),
                                       0.5 * std::sin(3 * phase)};
      view.column_step = view.column_step + Vec3{0.02, -0.01, 0.05 * std::cos(phase)};
      view.row_step = view.row_step + Vec3{0.04 * std::sin(phase), 0.03, 0.01};
    }
    for (const double v : ToAstra(view, kDetector.rows, kDetector.columns)) vectors.push_back(v);
  }
  auto scan = MakeVectorScan(kDetector, Beam::kCone, vectors);
  TOMOSLAB_CHECK(scan.ok());
  return *scan;
}

/// Parallel rays 35° from the rotation axis' plane.
Scan Laminography(int views) {
  const double tilt = 35 * std::numbers::pi / 180;
  std::vector<double> vectors;
  for (const double angle : UnevenAngles(views)) {
    const double c = std::cos(angle), s = std::sin(angle), ct = std::cos(tilt), st = std::sin(tilt);
    const double row[12] = {-s * ct, c * ct,        -st,          0,       0, 0, 1.1 * c, 1.1 * s,
                            0,       -1.3 * s * st, 1.3 * c * st, 1.3 * ct};
    vectors.insert(vectors.end(), row, row + 12);
  }
  auto scan = MakeVectorScan(kDetector, Beam::kParallel, vectors);
  TOMOSLAB_CHECK(scan.ok());
  return *scan;
}

}  // namespace

std::vector<NamedGeometry> AllGeometries(int views) {
  std::vector<NamedGeometry> all;
  CircularOrbit parallel = Cone(views);
  parallel.beam = Beam::kParallel;
  all.push_back({"parallel", Circular(parallel), kVolume});
  all.push_back({"cone", Circular(Cone(views)), kVolume});
  Detector line = kDetector;
  line.rows = 1;
  Volume slice = kVolume;
  slice.slices = 1;
  all.push_back({"fan", Circular(Cone(views), line), slice});
  CircularOrbit half_fan = Cone(views);
  half_fan.detector_shift_u_mm = 11;
  all.push_back({"half_fan", Circular(half_fan), kVolume});
  CircularOrbit shifted = Cone(views);
  shifted.rotation_axis_offset_mm = 1.7;
  shifted.detector_shift_u_mm = -2.3;
  shifted.detector_shift_v_mm = 3.1;
  all.push_back({"shifted_axis_and_detector", Circular(shifted), kVolume});
  Volume flat = kVolume;
  flat.voxel_height_mm = 2.1;
  flat.center_mm = {1.5, -2.5, 0.7};
  all.push_back({"anisotropic_off_centre", Circular(Cone(views)), flat});
  CircularOrbit rotated = Cone(views);
  rotated.detector_rotation_rad = 0.2;
  all.push_back({"rotated_detector", Circular(rotated), kVolume});
  CircularOrbit rotated_parallel = parallel;
  rotated_parallel.detector_rotation_rad = -0.1;
  all.push_back({"rotated_detector_parallel", Circular(rotated_parallel), kVolume});
  all.push_back({"laminography", Laminography(views), kVolume});
  all.push_back({"helical_vectors", Displaced("helical", views), kVolume});
  all.push_back({"measured_vectors", Displaced("measured", views), kVolume});
  return all;
}

std::vector<NamedGeometry> WithSlabs(const NamedGeometry& whole) {
  std::vector<NamedGeometry> result;
  const int slices = whole.volume.slices;
  for (const IndexRange range : {IndexRange{0, slices}, IndexRange{slices / 2, slices / 2 + 3},
                                 IndexRange{0, 1}, IndexRange{slices - 1, slices}}) {
    if (range.end > slices) continue;
    NamedGeometry part = whole;
    part.volume = whole.volume.Slices(range);
    part.name += ", slices " + std::to_string(range.begin) + " to " + std::to_string(range.end);
    result.push_back(std::move(part));
  }
  return result;
}

float Noise(std::uint64_t seed, std::int64_t index) {
  std::uint64_t z =
      static_cast<std::uint64_t>(index) * 0x9E3779B97F4A7C15u + seed * 0xD1B54A32D192ED03u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  z ^= z >> 31;
  return static_cast<float>(static_cast<double>(z >> 11) * 0x1p-52 - 1);
}

}  // namespace tomoslab::testing
