#include "worker/solvers/polychromatic_kernels-inl.h"
