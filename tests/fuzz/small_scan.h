// The scan that the fuzzed jobs are about.
#pragma once

#include "tomoslab/v1/scan.pb.h"

namespace tomoslab {

/// Cone beam, 8 views of 6 × 10 pixels.
inline const v1::Scan& SmallScan() {
  static const auto* scan = [] {
    auto* made = new v1::Scan();
    made->set_name("scans/1");
    v1::Detector* detector = made->mutable_geometry()->mutable_detector();
    detector->set_rows(6);
    detector->set_columns(10);
    detector->set_pixel_width_mm(0.5);
    v1::CircularOrbit* orbit = made->mutable_geometry()->mutable_circular();
    orbit->set_beam(v1::BEAM_CONE);
    orbit->set_source_object_distance_mm(100);
    orbit->set_source_detector_distance_mm(200);
    for (int view = 0; view < 8; ++view) orbit->add_angle_deg(45.0 * view);
    made->set_data_type(v1::DATA_TYPE_FLOAT32);
    made->set_quantity(v1::QUANTITY_LINE_INTEGRALS);
    made->set_view_count(8);
    return made;
  }();
  return *scan;
}

}  // namespace tomoslab
