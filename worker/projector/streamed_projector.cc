#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "worker/core/check.h"
#include "worker/core/parallel.h"
#include "worker/geometry/slab.h"
#include "worker/projector/local_projector.h"
#include "worker/projector/slab_on_device.h"
#include "worker/projector/view_runs.h"
#include "worker/projector/voxel_backproject.h"

namespace tomoslab {
namespace {

/// A few of the slab's slices.
struct Piece {
  IndexRange slices;
  SlabOnDevice on_device;
};

/// How the budget is spent: two pieces of the slab, twice the projections of some views, and the
/// geometry of views.
struct Shares {
  std::int64_t geometry_bytes;
  std::int64_t slices;   // of a piece
  std::int64_t numbers;  // of the projections
};

Shares ShareOut(const Volume& slab, std::int64_t budget_bytes, LargestView largest) {
  // An eighth for geometry; a quarter of the rest for projections: they are small beside the slab,
  // and a piece is copied for every few views.
  const std::int64_t geometry = budget_bytes / 8,
                     numbers = (budget_bytes - geometry) / BytesOf<float>(1);
  const std::int64_t view_numbers = std::max<std::int64_t>(1, largest.columns * largest.rows);
  const std::int64_t views = std::max<std::int64_t>(
      1, std::min(numbers / 8 / view_numbers,
                  geometry / SlabOnDevice::GeometryBytesOf(1, largest.columns)));
  const std::int64_t slices = std::min<std::int64_t>(
      slab.slices, (numbers / 2 - views * view_numbers) / slab.columns / slab.rows);
  if (slices >= 1) return {geometry, slices, views * view_numbers};
  throw DeviceMemoryError(absl::StrFormat(
      "two slices of %d x %d voxels and two views of %d x %d pixels do not fit into the %.3f GiB "
      "of "
      "GPU memory that this rank may use: use larger voxels, GPUs with more memory, or "
      "--device=cpu",
      slab.columns, slab.rows, largest.columns, largest.rows,
      static_cast<double>(budget_bytes) / (1 << 30)));
}

class StreamedProjector : public LocalProjector {
 public:
  StreamedProjector(Accelerator* accelerator, const Volume& slab, ProjectorModel model,
                    const Shares& shares)
      : accelerator_(accelerator),
        slab_(slab),
        model_(model),
        geometry_bytes_(shares.geometry_bytes),
        numbers_(shares.numbers) {
    for (std::int64_t begin = 0; begin < slab.slices; begin += shares.slices) {
      const IndexRange slices{begin, std::min<std::int64_t>(slab.slices, begin + shares.slices)};
      pieces_.push_back({slices, SlabOnDevice(accelerator, slab.Slices(slices), model)});
    }
    constexpr char kSlab[] = "a piece of the slab", kViews[] = "a batch of projections";
    const std::int64_t voxels = shares.slices * Lines();
    for (DeviceArray<float>& x : x_) x = DeviceArray<float>(accelerator, voxels, kSlab);
    y_ = DeviceArray<float>(accelerator, numbers_, kViews);
    y_of_piece_ = DeviceArray<float>(accelerator, numbers_, kViews);
  }

  void BeginProjection(const float* x) override { from_ = x; }

  void Project(const ProjectionBand& band, float* y) override {
    ForFitting(
        band, [&](const View& view) { return PathOf(view, band); },
        [&](DevicePath path, const ProjectionBand& views, float* of_views) {
          if (path == DevicePath::kNone)
            return tomoslab::Project(model_, slab_, from_, views, of_views);
          ProjectOnDevice(path, views, of_views);
        },
        y);
  }

  void BeginBackprojection(float* x) override { to_ = x; }

  void Backproject(const ProjectionBand& band, float* y) override {
    ForFitting(
        band, [&](const View& view) { return PathOf(view, band); },
        [&](DevicePath path, const ProjectionBand& views, float* of_views) {
          if (path == DevicePath::kNone)
            return tomoslab::Backproject(model_, views, of_views, slab_, to_);
          BackprojectOnDevice(views, of_views,
                              [&](SlabOnDevice& piece, const ProjectionBand& part, float* x) {
                                piece.Backproject(path, part, y_of_piece_.data(), x);
                              });
        },
        y);
  }

  void BackprojectVoxels(const ProjectionBand& band, float* y) override {
    ForFitting(
        band, [&](const View& view) { return pieces_[0].on_device.VoxelDrivenPathOf(view); },
        [&](DevicePath path, const ProjectionBand& views, float* of_views) {
          if (path == DevicePath::kNone)
            return tomoslab::BackprojectVoxels(views, of_views, slab_, to_);
          BackprojectOnDevice(views, of_views,
                              [&](SlabOnDevice& piece, const ProjectionBand& part, float* x) {
                                piece.BackprojectVoxelDriven(part, y_of_piece_.data(), x);
                              });
        },
        y);
  }

  void FinishBackprojection() override {}

 private:
  std::int64_t Lines() const { return std::int64_t{slab_.columns} * slab_.rows; }

  /// A path that all pieces can go.
  DevicePath PathOf(const View& view, const ProjectionBand& band) const {
    DevicePath path = pieces_[0].on_device.PathOf(view, band);
    for (const Piece& piece : pieces_) {
      const DevicePath other = piece.on_device.PathOf(view, band);
      if (other == DevicePath::kNone) return other;
      if (other != path) path = DevicePath::kRays;
    }
    return path;
  }

  /// visit(path, views, their numbers) for runs of one path that fit into y_.
  template <class Path, class Visit>
  void ForFitting(const ProjectionBand& band, Path&& path, Visit&& visit, float* y) {
    if (band.rows.empty()) return;
    const std::int64_t of_view = band.columns * band.rows.size();
    TOMOSLAB_CHECK(of_view <= numbers_);
    const auto most = static_cast<std::size_t>(numbers_ / of_view);
    ForRuns(band, path, [&](DevicePath of_run, const ProjectionBand& run, std::int64_t offset) {
      for (std::size_t first = 0; first < run.views.size(); first += most) {
        visit(of_run, ProjectionBand{run.views.subspan(first, most), run.columns, run.rows},
              y + offset + run.Offset(static_cast<std::int64_t>(first), 0));
      }
    });
  }

  /// The rows of the band that the piece's voxels can touch.
  ProjectionBand ShadowOf(const Piece& piece, const ProjectionBand& band) const {
    const IndexRange rows =
        ShadowRows(band.views, static_cast<int>(band.rows.end), slab_, piece.slices);
    return {band.views, band.columns, Intersect(rows, band.rows)};
  }

  void ProjectOnDevice(DevicePath path, const ProjectionBand& band, float* y) {
    accelerator_->Clear(y_.data(), BytesOf<float>(band.size()), Queue::kCompute);
    UploadPiece(0);
    for (std::size_t k = 0; k < pieces_.size(); ++k) {
      accelerator_->Order(Queue::kExchange, Queue::kCompute);  // the piece is there
      accelerator_->Order(Queue::kCompute, Queue::kExchange);  // the other buffer has been read
      const ProjectionBand part = ShadowOf(pieces_[k], band);
      if (!part.rows.empty()) {
        MakeRoomForGeometry(part);
        pieces_[k].on_device.Project(path, part, x_[k % 2].data(), y_of_piece_.data());
        ProjectionKernelsOf(*accelerator_)
            .add_lines(
                accelerator_->stream(Queue::kCompute),
                {part.Offset(static_cast<std::int64_t>(part.views.size()), 0) / part.rows.size(),
                 part.rows.size(), part.rows.size(), band.rows.size()},
                y_of_piece_.data(), y_.data() + part.rows.begin - band.rows.begin);
      }
      if (k + 1 < pieces_.size()) UploadPiece(k + 1);  // meanwhile
    }
    accelerator_->Download(y_.data(), y, {.width = BytesOf<float>(band.size())});
  }

  /// backproject(piece, the part of the band that it sees, its voxels): from y_of_piece_.
  template <class Backproject>
  void BackprojectOnDevice(const ProjectionBand& band, const float* y, Backproject&& backproject) {
    accelerator_->Upload(y, y_.data(), {.width = BytesOf<float>(band.size())});
    for (std::size_t k = 0; k <= pieces_.size(); ++k) {
      accelerator_->Order(Queue::kCompute, Queue::kExchange);  // the piece before is done
      if (k < pieces_.size()) {
        const ProjectionBand part = ShadowOf(pieces_[k], band);
        float* x = x_[k % 2].data();
        accelerator_->Clear(x, BytesOf<float>(pieces_[k].slices.size() * Lines()), Queue::kCompute);
        if (!part.rows.empty()) {
          MakeRoomForGeometry(part);
          CopyPart(band, part);
          backproject(pieces_[k].on_device, part, x);
        }
      }
      if (k > 0) AddPiece(k - 1);  // meanwhile
    }
  }

  void MakeRoomForGeometry(const ProjectionBand& band) {
    std::int64_t bytes =
        SlabOnDevice::GeometryBytesOf(static_cast<std::int64_t>(band.views.size()), band.columns);
    for (const Piece& piece : pieces_) bytes += piece.on_device.geometry_bytes();
    if (bytes <= geometry_bytes_) return;
    accelerator_->Wait(Queue::kCompute);  // its kernels read what is let go
    for (Piece& piece : pieces_) piece.on_device.ForgetGeometry();
  }

  /// y_of_piece_ ← the part's rows of y_.
  void CopyPart(const ProjectionBand& band, const ProjectionBand& part) {
    const std::int64_t width = BytesOf<float>(part.rows.size());
    accelerator_->CopyWithin(y_.data() + part.rows.begin - band.rows.begin, y_of_piece_.data(),
                             {.width = width,
                              .height = part.size() / part.rows.size(),
                              .from_pitch = BytesOf<float>(band.rows.size()),
                              .to_pitch = width},
                             Queue::kCompute);
  }

  void UploadPiece(std::size_t k) {
    const IndexRange slices = pieces_[k].slices;
    accelerator_->Upload(from_ + slices.begin, x_[k % 2].data(),
                         {.width = BytesOf<float>(slices.size()),
                          .height = Lines(),
                          .from_pitch = BytesOf<float>(slab_.slices),
                          .to_pitch = BytesOf<float>(slices.size())},
                         Queue::kExchange);
  }

  /// to_ ← to_ + the piece that was backprojected.
  void AddPiece(std::size_t k) {
    const IndexRange slices = pieces_[k].slices;
    const std::int64_t lines_at_once = std::max<std::int64_t>(1, kAddNumbers / slices.size());
    std::vector<float> sums(std::min(lines_at_once, Lines()) * slices.size());
    for (std::int64_t first = 0; first < Lines(); first += lines_at_once) {
      const std::int64_t lines = std::min(lines_at_once, Lines() - first);
      accelerator_->Download(x_[k % 2].data() + first * slices.size(), sums.data(),
                             {.width = BytesOf<float>(lines * slices.size())}, Queue::kExchange);
      ParallelFor(0, lines, [&](std::int64_t line) {
        float* to = to_ + (first + line) * slab_.slices + slices.begin;
        const float* from = sums.data() + line * slices.size();
        for (std::int64_t z = 0; z < slices.size(); ++z) to[z] += from[z];
      });
    }
  }

  static constexpr std::int64_t kAddNumbers = 8 << 20;

  Accelerator* accelerator_;
  Volume slab_;
  ProjectorModel model_;
  std::int64_t geometry_bytes_, numbers_;
  std::vector<Piece> pieces_;
  DeviceArray<float> x_[2], y_, y_of_piece_;
  const float* from_ = nullptr;
  float* to_ = nullptr;
};

}  // namespace

std::unique_ptr<LocalProjector> MakeStreamedProjector(Accelerator* accelerator, const Volume& slab,
                                                      ProjectorModel model,
                                                      std::int64_t budget_bytes,
                                                      LargestView largest) {
  return std::make_unique<StreamedProjector>(accelerator, slab, model,
                                             ShareOut(slab, budget_bytes, largest));
}

}  // namespace tomoslab
