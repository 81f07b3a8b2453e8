#include "worker/projector/column_kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "worker/projector/column_kernels.cc"
#include <hwy/foreach_target.h>  // compiles this file once per instruction set
// after foreach_target.h
#include "worker/projector/column_add-inl.h"
#include "worker/projector/column_spread-inl.h"
#include "worker/projector/column_steps-inl.h"

#if HWY_ONCE
namespace tomoslab {

HWY_EXPORT(AddResampled);
HWY_EXPORT(SpreadResampled);
HWY_EXPORT(AddBlended);
HWY_EXPORT(FillSteps);
HWY_EXPORT(FillVoxelSteps);
HWY_EXPORT(FillTentSteps);
HWY_EXPORT(ScaleByHypotenuse);

void AddResampled(const ColumnPanel& panel, const ColumnSteps& steps, std::int64_t outputs,
                  float* out) {
  HWY_DYNAMIC_DISPATCH(AddResampled)(panel, steps, outputs, out);
}
void SpreadResampled(const float* line, std::int64_t rows, const ColumnSteps& steps,
                     const ColumnPanel& panel) {
  HWY_DYNAMIC_DISPATCH(SpreadResampled)(line, rows, steps, panel);
}
void AddBlended(const ColumnPanel& panel, const ColumnSteps& steps, std::int64_t begin,
                std::int64_t count, float* out) {
  HWY_DYNAMIC_DISPATCH(AddBlended)(panel, steps, begin, count, out);
}
void FillSteps(const StraightSteps& line, const ColumnPanel& panel, ColumnSteps& steps) {
  HWY_DYNAMIC_DISPATCH(FillSteps)(line, panel, steps);
}
void FillVoxelSteps(const VoxelSteps& voxels, double ix, double iy, const ColumnPanel& panel,
                    ColumnSteps& steps) {
  HWY_DYNAMIC_DISPATCH(FillVoxelSteps)(voxels, ix, iy, panel, steps);
}
void FillTentSteps(const TentSteps& tents, double ix, double iy, const ColumnPanel& panel,
                   ColumnSteps& steps) {
  HWY_DYNAMIC_DISPATCH(FillTentSteps)(tents, ix, iy, panel, steps);
}
void ScaleByHypotenuse(double planar, double first, double step, double scale, std::int64_t count,
                       float* y) {
  HWY_DYNAMIC_DISPATCH(ScaleByHypotenuse)(planar, first, step, scale, count, y);
}

}  // namespace tomoslab
#endif  // HWY_ONCE
