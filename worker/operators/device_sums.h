// Sums over the numbers of a field that kernels make as they go.
#pragma once

#include "absl/functional/function_ref.h"
#include "worker/operators/field.h"
#include "worker/operators/field_kernels.h"

namespace tomoslab {

/// Adds over the inner index of all ranks what launch(stream, shape, lane_sums, sums) adds over the
/// outer one, as FieldKernels::dot does (worker/operators/dot_kernels-inl.h): the bits of
/// SumOfSquares on the host. Collective.
///   shape: of the numbers; on an accelerator.
double SumOnDevice(
    const Field& shape,
    absl::FunctionRef<void(void* stream, const DotShape& numbers, double* lane_sums, double* sums)>
        launch);

}  // namespace tomoslab
