#include "worker/solvers/dart_on_device.h"

#include "worker/solvers/dart_kernels.h"

namespace tomoslab {
namespace {

/// An accelerator, and how it is told to do something.
struct Calls {
  explicit Calls(Accelerator* on)
      : accelerator(on), kernels(DartKernelsOf(*on)), stream(on->stream(Queue::kCompute)) {}

  Accelerator* accelerator;
  const DartKernels& kernels;
  void* stream;
};

/// The totals of integers that launch(counts, totals) adds up; counts: kCountParts · width.
template <class Launch>
std::vector<std::int64_t> Count(Accelerator* accelerator, int width, Launch&& launch) {
  constexpr auto kNumber = static_cast<std::int64_t>(sizeof(std::int64_t));
  const std::int64_t parts = device::kCountParts * width;
  auto* counts = static_cast<std::int64_t*>(accelerator->Scratch((parts + width) * kNumber));
  launch(counts, counts + parts);
  std::vector<std::int64_t> totals(width);
  accelerator->Download(counts + parts, totals.data(), {.width = width * kNumber});
  return totals;
}

device::VoxelSlab SlabOf(const VoxelGrid& grid) {
  return {grid.columns, grid.rows, grid.slices, grid.slab.begin, grid.slab.size()};
}

void LaunchSlice(const Calls& on, const device::SliceBody<std::uint8_t>& body) {
  on.kernels.slice_of_labels(on.stream, body);
}
void LaunchSlice(const Calls& on, const device::SliceBody<float>& body) {
  on.kernels.slice_of_values(on.stream, body);
}

/// Voxels with the slices beside a rank's own, on the accelerator; beyond the volume's ends its
/// outermost slices repeat. Collective.
template <class T>
class WithHalo {
 public:
  WithHalo(Accelerator* accelerator, const VoxelGrid& grid, const T* values)
      : calls_(accelerator),
        grid_(grid),
        values_(values),
        slices_(accelerator, 2 * grid.outer(), "slices of neighbouring slabs") {
    std::vector<char> below = Take(0), above = Take(grid.slab.size() - 1);
    HaloBytes halo = grid.halo->Exchange(below, above, grid.slab);
    if (grid.slab.empty()) return;
    Put(halo.below.empty() ? below : halo.below, this->below());
    Put(halo.above.empty() ? above : halo.above, this->above());
  }

  device::Halo<T> halo() const { return {SlabOf(grid_), values_, below(), above()}; }

 private:
  T* below() const { return slices_.data(); }
  T* above() const { return slices_.data() + grid_.outer(); }
  std::int64_t bytes() const { return grid_.outer() * static_cast<std::int64_t>(sizeof(T)); }

  std::vector<char> Take(std::int64_t z) const {
    if (grid_.slab.empty()) return {};
    LaunchSlice(calls_, device::SliceBody<T>{SlabOf(grid_), z, values_, below()});
    std::vector<char> slice(bytes());
    calls_.accelerator->Download(below(), slice.data(), {.width = bytes()});
    return slice;
  }
  void Put(const std::vector<char>& slice, T* to) const {
    calls_.accelerator->Upload(slice.data(), to, {.width = bytes()});
  }

  Calls calls_;
  const VoxelGrid& grid_;
  const T* values_;
  DeviceArray<T> slices_;  // the one below, the one above
};

}  // namespace

VoxelBytes::VoxelBytes(Accelerator* accelerator, std::int64_t voxels)
    : accelerator_(accelerator), bytes_(accelerator, voxels, "labels or a mask of voxels") {
  accelerator->Clear(bytes_.data(), voxels, Queue::kCompute);
}

std::vector<std::int64_t> SegmentOnDevice(const Field& x, const MaterialLabels& materials,
                                          const VoxelBytes& labels) {
  const Calls on(x.accelerator());
  const std::vector<std::int64_t> all =
      Count(on.accelerator, device::kLabelCounts, [&](std::int64_t* counts, std::int64_t* totals) {
        on.kernels.segment(on.stream, {materials, x.device_data(), x.size(), labels.data(), counts},
                           totals);
      });
  std::vector<std::int64_t> result(all.begin(), all.begin() + materials.materials + 1);
  result.push_back(all.back());
  return result;
}

void IndicatorOnDevice(const Field& x, const MaterialLabels& materials, int label, Field& out) {
  const Calls on(x.accelerator());
  on.kernels.indicator(on.stream, {materials, label, x.device_data(), out.device_data()}, x.size());
}

void DiscretizeOnDevice(const Field& x, const MaterialLabels& materials, Field& out) {
  const Calls on(x.accelerator());
  on.kernels.discretize(on.stream, {materials, x.device_data(), out.device_data()}, x.size());
}

void AllVoxelsOnDevice(const VoxelBytes& mask) {
  const Calls on(mask.accelerator());
  on.kernels.all_voxels(on.stream, {mask.data()}, mask.size());
}

void FreeVoxelsOnDevice(const VoxelGrid& grid, const VoxelBytes& labels,
                        const device::RandomVoxels& random, const VoxelBytes& mask) {
  const Calls on(labels.accelerator());
  const WithHalo<std::uint8_t> around(on.accelerator, grid, labels.data());
  on.kernels.free_voxels(on.stream, {around.halo(), random, mask.data()});
  on.accelerator->Wait(Queue::kCompute);  // it reads slices that are let go
}

std::int64_t CountOnDevice(const VoxelBytes& mask) {
  const Calls on(mask.accelerator());
  return Count(on.accelerator, 1, [&](std::int64_t* counts, std::int64_t* total) {
    on.kernels.count_mask(on.stream, {mask.data(), mask.size(), counts}, total);
  })[0];
}

void SmoothOnDevice(const VoxelGrid& grid, const VoxelBytes& mask, double beta, Field& x) {
  const Calls on(x.accelerator());
  Field smooth = Like(x);
  const WithHalo<float> around(on.accelerator, grid, x.device_data());
  const int neighbours = grid.slices == 1 ? 8 : 26;
  on.kernels.smooth(on.stream, {around.halo(), mask.data(), static_cast<float>(1 - beta),
                                static_cast<float>(beta / neighbours), smooth.device_data()});
  on.kernels.replace(on.stream, {mask.data(), smooth.device_data(), x.device_data()}, x.size());
  on.accelerator->Wait(Queue::kCompute);
}

void FixOnDevice(const VoxelBytes& mask, const VoxelBytes& labels, const MaterialLabels& materials,
                 Field& x) {
  const Calls on(x.accelerator());
  on.kernels.fix(on.stream, {materials, mask.data(), labels.data(), x.device_data()}, x.size());
}

void KeepOnlyOnDevice(const VoxelBytes& mask, Field& x) {
  const Calls on(x.accelerator());
  on.kernels.keep_only(on.stream, {mask.data(), x.device_data()}, x.size());
}

}  // namespace tomoslab
