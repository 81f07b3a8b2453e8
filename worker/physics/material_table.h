// What voxels stand for, as plain data that the host and a GPU read:
// worker/physics/material_basis.h makes it and says what it means.
#pragma once

#include "worker/core/host_device.h"

namespace tomoslab {

inline constexpr int kMostMaterials = 7;

/// One hat function φ and its slope φ', without branches: loops over voxels become vectors.
struct Hat {
  double previous, node, next;  // where it leaves 0, is 1, and is 0 again; infinite at the ends
  double rise, fall;            // slopes before and from `node` on
  double origin;                // where the rising line is 0

  TOMOSLAB_HOST_DEVICE double operator()(double x) const {
    const double rising = x >= previous ? (x - origin) * rise : 0;
    const double falling = x < next ? 1 + (x - node) * fall : 0;
    return x < node ? rising : falling;
  }
  TOMOSLAB_HOST_DEVICE double Slope(double x) const {
    const double before = x >= previous ? rise : 0, after = x < next ? fall : 0;
    return x < node ? before : after;
  }
};

/// S: which material a voxel is made of, 0 = air. Thresholds, half way between two nodes, belong to
/// the denser one.
struct MaterialLabels {
  int materials = 0;
  double threshold[kMostMaterials] = {};      // ascending
  float grey_value[kMostMaterials + 1] = {};  // of every label, 1/mm

  TOMOSLAB_HOST_DEVICE int Label(double x) const {
    int label = 0;
    for (int m = 0; m < materials; ++m) label += x >= threshold[m] ? 1 : 0;
    return label;
  }
};

}  // namespace tomoslab
