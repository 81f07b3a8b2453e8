// Which way a view goes in the projectors, and what they keep meanwhile: known here so that a plan
// can count it.
#pragma once

#include <cstdint>

#include "worker/geometry/view.h"
#include "worker/geometry/volume.h"

namespace tomoslab {

/// Whether the footprint model's column projector can take the view: beams narrow enough, pixel
/// columns not too oblique. The same for every slab of a volume.
bool FootprintTakesColumns(const Volume& slab, const View& view, int columns);

/// Voxels of a plane across the main axis that a beam of the footprint model touches, at most.
inline constexpr int kMostBeamColumns = 40;

/// Numbers that the footprint model of any other view computes at a time: copies of a few views,
/// one at least.
inline constexpr std::int64_t kFootprintScratchFloats = 4 << 20;

/// Bytes per detector column and view of a batch: where Joseph's rays and the footprint model's
/// beams pass.
inline constexpr std::int64_t kRayColumnBytes = 48, kBeamBytes = kRayColumnBytes + 80;

}  // namespace tomoslab
