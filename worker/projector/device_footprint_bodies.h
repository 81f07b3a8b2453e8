// What one GPU thread computes of the footprint model (footprint.h); as device_bodies.h and
// device_ray_bodies.h, of which it takes slabs, bands, columns, maps and rays. Areas and overlaps
// are those of footprint_columns.h and footprint_rays.h; the forward projection and its adjoint
// compute them by the same operations.
#pragma once

#include "worker/projector/device_ray_bodies.h"

namespace tomoslab::device {

/// The beam of one detector column, beside its Column: at plane p, counted from the middle one, its
/// edges cross the middle of the plane at (centre + p · centre_step) ∓ (width + p · width_step) / 2
/// on the other axis, counted from the middle voxel; the widths are above 0.
struct Beam {
  float centre, centre_step, width, width_step;
  float low_step, high_step;  // of the two edges per plane
};

/// An edge of a beam as unit squares meet it: the chord that a line parallel to it leaves in the
/// square is `chord` long up to `plateau` from the middle and falls to 0 at `reach`.
struct BeamEdge {
  float plateau, reach, fall, chord;

  TOMOSLAB_HOST_DEVICE explicit BeamEdge(float slope) {
    const float steep = fmaxf(fabsf(slope), 1e-6f);
    plateau = 0.5f * fabsf(1 - steep);
    reach = 0.5f + 0.5f * steep;
    fall = 0.5f / fminf(1.0f, steep);
    chord = 1 / fmaxf(1.0f, steep);
  }
  /// The area of the square between its middle and the edge, which crosses it at u: negative on the
  /// low side.
  TOMOSLAB_HOST_DEVICE float AreaTo(float u) const {
    const float distance = fminf(fabsf(u), reach);
    const float falling = fmaxf(distance - plateau, 0.0f);
    return copysignf((distance - falling * falling * fall) * chord, u);
  }
};

/// A beam's edges, for all planes.
struct BeamEdges {
  BeamEdge low, high;

  TOMOSLAB_HOST_DEVICE explicit BeamEdges(const Beam& beam)
      : low(beam.low_step), high(beam.high_step) {}
};

TOMOSLAB_HOST_DEVICE inline float Centre(const Beam& beam, int plane) {
  return fmaf(static_cast<float>(plane), beam.centre_step, beam.centre);
}
TOMOSLAB_HOST_DEVICE inline float Width(const Beam& beam, int plane) {
  return fmaf(static_cast<float>(plane), beam.width_step, beam.width);
}
/// The area that the beam shares with the unit square that its centre passes at `offset`, in a
/// plane where it is `width` wide.
TOMOSLAB_HOST_DEVICE inline float SharedArea(const BeamEdges& edges, float offset, float width) {
  const float half = 0.5f * width;
  return fmaxf(edges.high.AreaTo(offset + half) - edges.low.AreaTo(offset - half), 0.0f);
}

/// The part of a row's beam and of the other rows', along z, in a plane.
struct Boxes {
  float first, spacing;  // z of the middle row's ray, and from row to row

  TOMOSLAB_HOST_DEVICE Boxes(const Column& c, int plane)
      : first(FirstZ(c, plane)), spacing(Spacing(c, plane)) {}
  /// One end of the box of `row`, counted from the middle one; the other is that of the row beside.
  TOMOSLAB_HOST_DEVICE float Begin(float row) const { return fmaf(row - 0.5f, spacing, first); }
};
/// How much the boxes [a, b] or [b, a] and [z − ½, z + ½] share.
TOMOSLAB_HOST_DEVICE inline float Overlap(float a, float b, float z) {
  return fmaxf(fminf(fmaxf(a, b), z + 0.5f) - fmaxf(fminf(a, b), z - 0.5f), 0.0f);
}

/// Σ of the voxels of a line that lie between a and b, counted from the middle one, each times its
/// part that does.
TOMOSLAB_HOST_DEVICE inline float SumBetween(const float* line, const Slab& slab, float a,
                                             float b) {
  const float lowest = floorf(fminf(a, b) + 0.5f), highest = ceilf(fmaxf(a, b) - 0.5f);
  const float begin = fmaxf(lowest, static_cast<float>(-slab.middle_z));
  const float end = fminf(highest, static_cast<float>(slab.slices - 1 - slab.middle_z));
  float sum = 0;
  for (float z = begin; z <= end; z += 1)
    sum = fmaf(Overlap(a, b, z), line[static_cast<int>(z) + slab.middle_z], sum);
  return sum;
}

/// Planes on which a beam may touch voxels of a slab: `laterals` of them stand across, the middle
/// one of which is `middle_lateral`.
TOMOSLAB_HOST_DEVICE inline Planes PlanesInside(const Beam& beam, const Planes& all, int laterals,
                                                int middle_lateral) {
  const float widest = fmaxf(Width(beam, all.begin), Width(beam, all.end - 1));
  const float reach =
      0.5f * widest + 0.5f * fmaxf(fabsf(beam.low_step), fabsf(beam.high_step)) + 0.5f;
  return Within(beam.centre, beam.centre_step, static_cast<float>(-middle_lateral) - reach,
                static_cast<float>(laterals - 1 - middle_lateral) + reach, all);
}

/// Forward projection (footprint_columns.h) of `kRays` pixels of one column, `stride` rows apart
/// from `row` on; those behind the band's last row give numbers that mean nothing.
///   c, beam: the column's.   x: the slab, 1/mm.   sums: line integrals.
template <int kRays>
TOMOSLAB_HOST_DEVICE inline void ProjectBoxes(const Slab& slab, const float* x, const Band& band,
                                              const Column& c, const Beam& beam, int row,
                                              int stride, float* sums) {
  const Axes axes(slab);
  const int main = c.along_x ? 0 : 1, other = 1 - main;
  const int laterals = axes.count[other], middle = axes.middle[other];
  const BeamEdges edges(beam);
  for (int i = 0; i < kRays; ++i) sums[i] = 0;
  const Planes planes = PlanesInside(
      beam, {-axes.middle[main], axes.count[main] - axes.middle[main]}, laterals, middle);
  for (int plane = planes.begin; plane < planes.end; ++plane) {
    const float centre = Centre(beam, plane), width = Width(beam, plane);
    const float low = ceilf(centre - 0.5f * width - edges.low.reach),
                high = floorf(centre + 0.5f * width + edges.high.reach);
    const float begin = fmaxf(low, static_cast<float>(-middle)),
                end = fminf(high, static_cast<float>(laterals - 1 - middle));
    const Boxes boxes(c, plane);
    const float scale = 1 / (width * fabsf(boxes.spacing));
    const float* voxels = x + (plane + axes.middle[main]) * axes.stride[main];
    for (float lateral = begin; lateral <= end; lateral += 1) {
      const float weight = SharedArea(edges, centre - lateral, width) * scale;
      const float* line = voxels + (static_cast<int>(lateral) + middle) * axes.stride[other];
      for (int i = 0; i < kRays; ++i) {
        const auto r = static_cast<float>(row + i * stride - band.middle_row);
        sums[i] = fmaf(weight, SumBetween(line, slab, boxes.Begin(r), boxes.Begin(r + 1)), sums[i]);
      }
    }
  }
  for (int i = 0; i < kRays; ++i) sums[i] *= LengthMm(c, row + i * stride - band.middle_row);
}

/// Columns [first, last] of the band whose beams may touch the unit square around (x, y).
TOMOSLAB_HOST_DEVICE inline ColumnRange ColumnsTouching(const PixelMap& map, const Band& band,
                                                        float x, float y) {
  float low = 1e30f, high = -1e30f;
  for (int corner = 0; corner < 4; ++corner) {
    const float at_x = corner % 2 == 0 ? x - 0.5f : x + 0.5f;
    const float at_y = corner / 2 == 0 ? y - 0.5f : y + 0.5f;
    const float column = ColumnAt(map, at_x, at_y, DepthAt(map, at_x, at_y));
    low = fminf(low, column);
    high = fmaxf(high, column);
  }
  const auto middle = static_cast<float>(band.middle_column);
  return {FirstOf(low + middle - 0.5f, band.columns), LastOf(high + middle + 0.5f, band.columns)};
}

/// The exact adjoint of ProjectBoxes, gathered: for `kVoxels` voxels of one voxel column, `stride`
/// slices apart from iz on, adds Σ weight · y over all views and pixels.
///   columns, beams: [view][column].   y: projections times LengthMm, on the band.
template <int kVoxels>
TOMOSLAB_HOST_DEVICE inline void BackprojectBoxes(const Slab& slab, const Band& band,
                                                  const Column* columns, const Beam* beams,
                                                  const PixelMap* maps, const float* y, int ix,
                                                  int iy, int iz, int stride, float* sums) {
  const int px = ix - slab.middle_x, py = iy - slab.middle_y;
  for (int view = 0; view < band.views; ++view) {
    const ColumnRange range =
        ColumnsTouching(maps[view], band, static_cast<float>(px), static_cast<float>(py));
    for (int column = range.first; column <= range.last; ++column) {
      const std::int64_t line = view * static_cast<std::int64_t>(band.columns) + column;
      const Column c = columns[line];
      const Beam beam = beams[line];
      const int plane = c.along_x ? px : py, lateral = c.along_x ? py : px;
      const float width = Width(beam, plane);
      const float area =
          SharedArea(BeamEdges(beam), Centre(beam, plane) - static_cast<float>(lateral), width);
      if (!(area > 0)) continue;
      const Boxes boxes(c, plane);
      const float weight = area * (1 / (width * fabsf(boxes.spacing)));
      const float inverse = 1 / boxes.spacing, reach = 0.5f * fabsf(inverse) + 0.5f + 1e-3f;
      const float* pixels = y + band.Offset(view, column);
      for (int i = 0; i < kVoxels; ++i) {
        const auto z = static_cast<float>(iz + i * stride - slab.middle_z);
        const float at = (z - boxes.first) * inverse + static_cast<float>(band.middle_row);
        const float low = fmaxf(ceilf(at - reach), 0.0f);
        const float high = fminf(floorf(at + reach), static_cast<float>(band.rows - 1));
        float along = 0;
        for (float row = low; row <= high; row += 1) {
          const float r = row - static_cast<float>(band.middle_row);
          along = fmaf(Overlap(boxes.Begin(r), boxes.Begin(r + 1), z),
                       pixels[static_cast<int>(row)], along);
        }
        sums[i] = fmaf(weight, along, sums[i]);
      }
    }
  }
}

/// Rays per pixel along the columns and along the rows (footprint_rays.h).
struct SubRays {
  int columns, rows;
  /// Where ray i of a pixel stands, from its middle.
  TOMOSLAB_HOST_DEVICE float Column(int i) const {
    return (static_cast<float>(i % columns) + 0.5f) / static_cast<float>(columns) - 0.5f;
  }
  TOMOSLAB_HOST_DEVICE float Row(int i) const {
    return (static_cast<float>(i / columns) + 0.5f) / static_cast<float>(rows) - 0.5f;
  }
};

/// Forward projection of one pixel of a view of any orientation: the mean of its rays.
TOMOSLAB_HOST_DEVICE inline float ProjectPixel(const Slab& slab, const VoxelSize& size,
                                               const float* x, const RayView& view,
                                               const SubRays& rays, float row, float column) {
  const int count = rays.columns * rays.rows;
  float sum = 0;
  for (int i = 0; i < count; ++i)
    sum += ProjectRay(slab, size, x, view, row + rays.Row(i), column + rays.Column(i));
  return sum / static_cast<float>(count);
}

/// How strongly the pixel at (row, column) sees the voxel at p, both counted from the middle ones.
TOMOSLAB_HOST_DEVICE inline float PixelWeight(const RayView& view, const SubRays& rays,
                                              const VoxelSize& size, float row, float column,
                                              const int* p) {
  const int count = rays.columns * rays.rows;
  float sum = 0;
  for (int i = 0; i < count; ++i) {
    const Ray ray = RayOf(view, row + rays.Row(i), column + rays.Column(i));
    const float weight = RayWeight(ray, p);
    if (weight > 0) sum = fmaf(weight, LengthMm(ray, size), sum);
  }
  return sum / static_cast<float>(count);
}

/// The exact adjoint of ProjectPixel, gathered for one voxel: Σ weight · y over the band's views.
///   rays: [view].   y: projections as they are.
TOMOSLAB_HOST_DEVICE inline float BackprojectPixels(const Slab& slab, const VoxelSize& size,
                                                    const Band& band, const RayView* views,
                                                    const SubRays* rays, const float* y, int ix,
                                                    int iy, int iz) {
  const int p[3] = {ix - slab.middle_x, iy - slab.middle_y, iz - slab.middle_z};
  constexpr float kHalfPixel = 0.5f;
  float sum = 0;
  for (int view = 0; view < band.views; ++view) {
    const PixelBox box =
        PixelsAround(views[view], band, static_cast<float>(p[0]), static_cast<float>(p[1]),
                     static_cast<float>(p[2]), kHalfPixel);
    for (int column = box.first_column; column <= box.last_column; ++column) {
      const float* line = y + band.Offset(view, column);
      for (int row = box.first_row; row <= box.last_row; ++row) {
        const float weight =
            PixelWeight(views[view], rays[view], size, static_cast<float>(row - band.middle_row),
                        static_cast<float>(column - band.middle_column), p);
        sum = fmaf(weight, line[row], sum);
      }
    }
  }
  return sum;
}

}  // namespace tomoslab::device
