#include "worker/operators/ramp_kernels-inl.h"
