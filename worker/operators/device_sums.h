// Sums over the numbers of a field that kernels make as they go.
#pragma once

#include "absl/functional/function_ref.h"
#include "worker/operators/field.h"
#include "worker/operators/field_kernels.h"

namespace tomoslab {

/// sums[z] ← what launch(stream, shape, lane_sums, sums) adds over the outer index, as
/// FieldKernels::dot does (worker/operators/dot_kernels-inl.h).
///   shape: of the numbers; on an accelerator. sums: one for each inner index of this rank.
void SumPerInnerOnDevice(
    const Field& shape,
    absl::FunctionRef<void(void* stream, const DotShape& numbers, double* lane_sums, double* sums)>
        launch,
    double* sums);

/// Adds those over the inner index of all ranks: the bits of SumOfSquares on the host. Collective.
double SumOnDevice(
    const Field& shape,
    absl::FunctionRef<void(void* stream, const DotShape& numbers, double* lane_sums, double* sums)>
        launch);

}  // namespace tomoslab
