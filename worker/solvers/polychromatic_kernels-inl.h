#include "worker/operators/dot_kernels-inl.h"
#include "worker/solvers/polychromatic_kernels.h"

namespace tomoslab::TOMOSLAB_LAUNCH {
namespace {

void Amounts(void* stream, const Hat& hat, const float* x, float* amounts, std::int64_t voxels) {
  ForEach(stream, voxels, device::AmountBody{hat, x, amounts});
}
void AddSlopes(void* stream, const device::AddSlopeBody& of_voxel, std::int64_t voxels) {
  ForEach(stream, voxels, of_voxel);
}
void LineIntegrals(void* stream, const device::LineIntegralBody& of_ray, std::int64_t rays) {
  ForEach(stream, rays, of_ray);
}
template <class Body>
void Sum(void* stream, const DotShape& rays, const Body& of_ray, double* lane_sums, double* sums) {
  SumPerInner(stream, rays, of_ray, lane_sums, sums);
}

}  // namespace

extern const PolychromaticKernels kPolychromaticKernels;
const PolychromaticKernels kPolychromaticKernels = {Amounts,
                                                    AddSlopes,
                                                    LineIntegrals,
                                                    Sum<device::MisfitBody>,
                                                    Sum<device::MisfitDataBody>,
                                                    Sum<device::ResidualBody>};

}  // namespace tomoslab::TOMOSLAB_LAUNCH
