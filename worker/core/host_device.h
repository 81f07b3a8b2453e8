// Marks functions that the host and a GPU can call.
#pragma once

#ifdef __CUDACC__
#define TOMOSLAB_HOST_DEVICE __host__ __device__
#else
#define TOMOSLAB_HOST_DEVICE
#endif
