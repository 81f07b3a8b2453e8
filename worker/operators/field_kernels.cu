#include "worker/operators/field_kernels-inl.h"
