#include "worker/geometry/slab.h"

#include <algorithm>
#include <cmath>

namespace tomoslab {
namespace {

/// The fractional detector row that the centre of the volume's cross-section at height z projects
/// to, averaged over views.
double MeanRowOfHeight(const Scan& scan, const Volume& volume, double slice) {
  // A few views are enough to place the bands; ownership is a matter of balance, not of
  // correctness.
  const std::size_t stride = std::max<std::size_t>(1, scan.views.size() / 16);
  double sum = 0;
  int count = 0;
  for (std::size_t i = 0; i < scan.views.size(); i += stride) {
    const Vec3 center =
        volume.VoxelCenter((volume.columns - 1) / 2.0, (volume.rows - 1) / 2.0, slice);
    sum += ProjectPoint(scan.views[i], center).row;
    ++count;
  }
  return sum / count;
}

}  // namespace

IndexRange SlabOf(std::int64_t slices, int ranks, int rank) {
  if (slices < ranks) {  // the first ranks get one slice each
    return {std::min<std::int64_t>(rank, slices), std::min<std::int64_t>(rank + 1, slices)};
  }
  return {slices * rank / ranks, slices * (rank + 1) / ranks};
}

std::vector<IndexRange> RowOwners(const Scan& scan, const Volume& volume, int ranks) {
  const double rows = scan.detector.rows;
  const double first = MeanRowOfHeight(scan, volume, -0.5);
  const double last = MeanRowOfHeight(scan, volume, volume.slices - 0.5);
  const bool ascending = last >= first;
  std::vector<IndexRange> owners(ranks);
  // Boundaries between consecutive slabs, as detector rows; the outermost bands take what lies
  // beyond the volume.
  std::vector<std::int64_t> edge(ranks + 1);
  const int used = static_cast<int>(std::min<std::int64_t>(ranks, volume.slices));
  for (int k = 0; k <= ranks; ++k) {
    double boundary = rows;
    if (k == 0) {
      boundary = ascending ? 0 : rows;
    } else if (k >= used) {
      boundary = ascending ? rows : 0;
    } else {
      const double slice = static_cast<double>(SlabOf(volume.slices, ranks, k).begin) - 0.5;
      boundary = std::ceil(MeanRowOfHeight(scan, volume, slice));
    }
    edge[k] = static_cast<std::int64_t>(std::clamp(boundary, 0.0, rows));
  }
  for (int k = 0; k < ranks; ++k) {
    owners[k] = ascending ? IndexRange{edge[k], std::max(edge[k], edge[k + 1])}
                          : IndexRange{edge[k + 1], std::max(edge[k + 1], edge[k])};
  }
  return owners;
}

IndexRange ShadowRows(absl::Span<const View> views, int detector_rows, const Volume& volume,
                      IndexRange slab) {
  if (slab.empty() || views.empty()) return {};
  double low = 1e300, high = -1e300;
  // Interpolation reaches one voxel beyond the slab's voxel centres on every side.
  for (const View& view : views) {
    for (int corner = 0; corner < 8; ++corner) {
      const DetectorPoint at = ProjectPoint(
          view, volume.VoxelCenter((corner & 1) ? volume.columns : -1.0,
                                   (corner & 2) ? volume.rows : -1.0,
                                   static_cast<double>((corner & 4) ? slab.end : slab.begin - 1)));
      if (!(at.depth > 0) || !std::isfinite(at.row))
        return {0, detector_rows};  // cannot say: all rows
      low = std::min(low, at.row);
      high = std::max(high, at.row);
    }
  }
  const double rows = detector_rows;
  return Intersect({static_cast<std::int64_t>(std::clamp(std::floor(low) - 1, 0.0, rows)),
                    static_cast<std::int64_t>(std::clamp(std::ceil(high) + 2, 0.0, rows))},
                   {0, detector_rows});
}

IndexRange ShadowRows(const Scan& scan, const Volume& volume, IndexRange slab, IndexRange views) {
  return ShadowRows(absl::MakeConstSpan(scan.views).subspan(views.begin, views.size()),
                    scan.detector.rows, volume, slab);
}

}  // namespace tomoslab
