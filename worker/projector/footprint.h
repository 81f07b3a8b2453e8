// The matched pair y = A x, x = Aᵀ y by the footprint model: pixels and voxels have size.
#pragma once

#include "worker/projector/joseph.h"

namespace tomoslab {

/// Forward projection y = A x: the line integral averaged over the pixel.
///   Where detector rows run along the rotation axis (IsAxisAligned; every circular parallel, fan
///   and cone scan), by separable footprints: in the transaxial plane the exact area that the voxel
///   and the pixel's beam share (in parallel beam the trapezoidal footprint), along the axis the
///   exact overlap of the pixel and the voxel's shadow, a box at the magnification of the middle of
///   the voxel plane. Uniform volumes and uniform projections come out uniform.
///   Any other view (tilted axes, rotated detectors, measured vectors): the mean of k × l of
///   Joseph's rays spread evenly over the pixel, no more than half a voxel apart at the volume's
///   centre, two at least each way.
///   slab: the slices held here, with their place in space. Slabs of one volume add up.
///   x: attenuation [y][x][z], 1/mm.   y: line integrals [view][column][row], no unit; overwritten.
///   Memory: a tile per thread; for any other view a copy of a few views (16 MiB, one view at
///   least).
/// Adjoint: BackprojectFootprint (exact, the same weights).
/// Long, Fessler & Balter, IEEE TMI 29(11), 2010 (SF-TR); De Man & Basu, Phys. Med. Biol. 49(11),
/// 2004 (the order of the sums).
void ProjectFootprint(const Volume& slab, const float* x, const ProjectionBand& band, float* y);

/// x ← x + Aᵀ y, the exact adjoint of ProjectFootprint. Runs without atomics: every thread owns the
/// voxels it writes.
///   y: scratch; its numbers are changed.
void BackprojectFootprint(const ProjectionBand& band, float* y, const Volume& slab, float* x);

}  // namespace tomoslab
