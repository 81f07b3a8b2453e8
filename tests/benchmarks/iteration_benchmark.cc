// Seconds of a whole BB iteration in cone beam, and where they go, on the ranks that mpirun starts:
//
//   [mpirun -n RANKS …] iteration_benchmark SIZE VIEWS THREADS ITERATIONS
// SIZE³ voxels, SIZE² pixels, magnification 2. Prints one line of JSON: medians over the iterations
// after the first, of the slowest rank.
#include <mpi.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "tests/benchmarks/benchmark_scan.h"
#include "worker/core/parallel.h"
#include "worker/distributed/communicator.h"
#include "worker/distributed/distributed_projector.h"
#include "worker/solvers/barzilai_borwein.h"

namespace tomoslab::benchmarks {
namespace {

struct Iteration {
  double seconds, projection, exchange, backprojection;
};

double Median(const std::vector<Iteration>& iterations, double Iteration::*part) {
  std::vector<double> values;
  for (const Iteration& iteration : iterations) values.push_back(iteration.*part);
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

/// The iterations after the first, which also finds the first step.
std::vector<Iteration> RunIterations(const DistributedProjector& A, int count) {
  Field truth = A.NewVolume(), b = A.NewProjections(), x = A.NewVolume();
  Fill(0.01, truth);
  A.Project(truth, b);
  const Communicator& ranks = A.ranks();
  std::vector<Iteration> iterations;
  auto last = std::chrono::steady_clock::now();
  const auto watch = [&](const Progress& progress, const Field&) {
    const auto now = std::chrono::steady_clock::now();
    const PhaseTotals totals = A.Take();
    if (progress.iteration > 1) {
      const double seconds = std::chrono::duration<double>(now - last).count();
      iterations.push_back({ranks.Max(seconds), ranks.Max(totals.projection_s),
                            ranks.Max(totals.exchange_s), ranks.Max(totals.backprojection_s)});
    }
    last = std::chrono::steady_clock::now();
    return false;
  };
  BarzilaiBorwein(A, b, {.stopping = {.iterations = count}, .bounds = {.lower = 0.0}}, x, watch);
  return iterations;
}

void Run(int size, int views, int threads, int count) {
  SetThreadCount(threads);
  const Communicator ranks = Communicator::World();
  const Case problem{Beam::kCone, size, views};
  const DistributedProjector A(ScanOf(problem), VolumeOf(problem), &ranks);
  const std::vector<Iteration> iterations = RunIterations(A, count + 1);
  if (ranks.rank() != 0) return;
  const double seconds = Median(iterations, &Iteration::seconds);
  std::printf(
      "{\"size\": %d, \"views\": %d, \"ranks\": %d, \"threads\": %d, \"iterations\": %zu, "
      "\"seconds\": %.4f, \"projection\": %.4f, \"exchange\": %.4f, \"backprojection\": %.4f, "
      "\"pair_gups\": %.3f}\n",
      size, views, ranks.size(), threads, iterations.size(), seconds,
      Median(iterations, &Iteration::projection), Median(iterations, &Iteration::exchange),
      Median(iterations, &Iteration::backprojection), 2 * Updates(problem) / 1e9 / seconds);
}

}  // namespace
}  // namespace tomoslab::benchmarks

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: iteration_benchmark SIZE VIEWS THREADS ITERATIONS\n");
    return 2;
  }
  MPI_Init(&argc, &argv);
  tomoslab::benchmarks::Run(std::atoi(argv[1]), std::atoi(argv[2]), std::atoi(argv[3]),
                            std::atoi(argv[4]));
  MPI_Finalize();
}
