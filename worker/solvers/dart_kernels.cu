#include "worker/solvers/dart_kernels-inl.h"
