// What freed memory does: back to the system, so that a rank holds what `tomoslab plan` says. With
// glibc; without it these do nothing.
#pragma once

namespace tomoslab {

/// Vectors go back when they are freed. Left alone, glibc keeps blocks of up to 32 MiB in its heap
/// after the first of them was freed. Once, before any thread starts.
void ReturnVectorsWhenFreed();

/// Returns what small blocks left behind: gRPC's buffers of a whole scan, above all.
void ReturnFreedHeap();

}  // namespace tomoslab
