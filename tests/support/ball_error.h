// How far a projection of a ball is from the analytic chords.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "tests/support/ball.h"
#include "tests/support/geometries.h"
#include "tests/support/vectors.h"
#include "worker/projector/projector.h"

namespace tomoslab::testing {

/// The mean chord of a ball at `center` over a pixel, of across² rays.
inline double MeanChord(const View& view, int row, int column, int across, Vec3 center,
                        double radius_mm) {
  double sum = 0;
  for (int s = 0; s < across * across; ++s) {
    const Vec3 direction = view.Direction(row + (s % across + 0.5) / across - 0.5,
                                          column + (s / across + 0.5) / across - 0.5);
    const double distance = Norm(Cross(view.source - center, direction)) / Norm(direction);
    sum += 2 * std::sqrt(std::max(0.0, radius_mm * radius_mm - distance * distance));
  }
  return sum / (across * across);
}

/// ‖A x − chords‖ / ‖chords‖ of a ball of radius 10 mm in n³ voxels (4³ sub-samples each), for the
/// rays of a detector at `height_mm` above the source's plane; the ball stands in their middle.
inline double BallError(ProjectorModel model, int n, double height_mm) {
  CircularOrbit orbit;
  orbit.source_object_distance_mm = 80;
  orbit.source_detector_distance_mm = 120;
  orbit.detector_shift_v_mm = height_mm;
  orbit.angle_rad = {0.1, 0.9, 2.2};
  const Detector detector{.rows = 41, .columns = 41, .pixel_width_mm = 0.9, .pixel_height_mm = 0.9};
  const Scan scan = *MakeCircularScan(detector, orbit);
  const Volume volume{.columns = n,
                      .rows = n,
                      .slices = n,
                      .voxel_width_mm = 24.0 / n,
                      .voxel_height_mm = 24.0 / n,
                      .center_mm = {0, 0, height_mm * 80 / 120}};
  const double radius = 10;
  const std::vector<float> x = Ball(volume, radius);
  std::vector<float> y(scan.PixelCount()), expected;
  Project(model, volume, x.data(), AllRows(scan), y.data());
  // Joseph's rays pass the pixels' centres; the footprint averages over pixels.
  const int across = model == ProjectorModel::kJoseph ? 1 : 8;
  for (const View& view : scan.views) {
    for (int column = 0; column < detector.columns; ++column) {
      for (int row = 0; row < detector.rows; ++row) {
        expected.push_back(
            static_cast<float>(MeanChord(view, row, column, across, volume.center_mm, radius)));
      }
    }
  }
  return RelativeDifference(expected, y);
}

}  // namespace tomoslab::testing
