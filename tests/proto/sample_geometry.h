// The scan geometry that the tests of messages use.
#pragma once

#include "tomoslab/v1/geometry.pb.h"

namespace tomoslab::testing {

/// A cone beam of 4 views on 64 x 96 pixels of 0.5 mm.
inline v1::ScanGeometry SampleGeometry() {
  v1::ScanGeometry geometry;
  v1::Detector* detector = geometry.mutable_detector();
  detector->set_rows(64);
  detector->set_columns(96);
  detector->set_pixel_width_mm(0.5);
  v1::CircularOrbit* orbit = geometry.mutable_circular();
  orbit->set_beam(v1::BEAM_CONE);
  orbit->set_source_object_distance_mm(200);
  orbit->set_source_detector_distance_mm(300);
  for (int i = 0; i < 4; ++i) orbit->add_angle_deg(90 * i);
  return geometry;
}

}  // namespace tomoslab::testing
