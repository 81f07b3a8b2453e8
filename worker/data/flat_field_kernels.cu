#include "worker/data/flat_field_kernels-inl.h"
