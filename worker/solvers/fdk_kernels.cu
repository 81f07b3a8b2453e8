#include "worker/solvers/fdk_kernels-inl.h"
