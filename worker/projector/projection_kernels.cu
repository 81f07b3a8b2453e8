#include "worker/projector/projection_kernels-inl.h"
