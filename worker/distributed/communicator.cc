#include "worker/distributed/communicator.h"

#include <mpi-ext.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <numeric>
#include <thread>

namespace tomoslab {
namespace {

std::vector<int> Displacements(const std::vector<int>& counts) {
  std::vector<int> displacements(counts.size(), 0);
  std::partial_sum(counts.begin(), counts.end() - 1, displacements.begin() + 1);
  return displacements;
}

std::vector<int> AllCounts(MPI_Comm comm, int size, int local) {
  std::vector<int> counts(size);
  MPI_Allgather(&local, 1, MPI_INT, counts.data(), 1, MPI_INT, comm);
  return counts;
}

/// Sends and receives bytes to and from two other ranks (MPI_PROC_NULL: nobody), in parts that
/// MPI's counts can hold.
void SendAndReceive(MPI_Comm comm, absl::Span<const char> send, int to, absl::Span<char> receive,
                    int from) {
  constexpr std::size_t kPart = std::size_t{1} << 30;
  const std::size_t longest = std::max(send.size(), receive.size());
  for (std::size_t begin = 0; begin < longest; begin += kPart) {
    const auto out = send.subspan(std::min(begin, send.size()), kPart);
    const auto in = receive.subspan(std::min(begin, receive.size()), kPart);
    MPI_Sendrecv(out.data(), static_cast<int>(out.size()), MPI_BYTE,
                 out.empty() ? MPI_PROC_NULL : to, 2, in.data(), static_cast<int>(in.size()),
                 MPI_BYTE, in.empty() ? MPI_PROC_NULL : from, 2, comm, MPI_STATUS_IGNORE);
  }
}

void WaitPatiently(MPI_Request* request) {
  // A blocking MPI call spins on a core; an idle pool must not.
  std::chrono::microseconds pause{50};
  for (;;) {
    int done = 0;
    MPI_Test(request, &done, MPI_STATUS_IGNORE);
    if (done) return;
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, std::chrono::microseconds(20'000));
  }
}

}  // namespace

Communicator Communicator::World() {
  int initialized = 0;
  MPI_Initialized(&initialized);
  if (!initialized) return Alone();
  int rank = 0, size = 1;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  return Communicator(MPI_COMM_WORLD, rank, size);
}

Communicator Communicator::Alone() { return Communicator(MPI_COMM_NULL, 0, 1); }

bool Communicator::ReadsGpuMemory() {
#if defined(MPIX_CUDA_AWARE_SUPPORT)
  return MPIX_Query_cuda_support() == 1;
#else
  return false;
#endif
}

int Communicator::LocalRank() const {
  if (comm_ == MPI_COMM_NULL) return 0;
  MPI_Comm host = MPI_COMM_NULL;
  MPI_Comm_split_type(comm_, MPI_COMM_TYPE_SHARED, rank_, MPI_INFO_NULL, &host);
  int rank = 0;
  MPI_Comm_rank(host, &rank);
  MPI_Comm_free(&host);
  return rank;
}

std::vector<double> Communicator::Sum(absl::Span<const double> partials, int quantities,
                                      IndexRange local, std::int64_t total) const {
  if (size_ == 1) return LocalSum().Sum(partials, quantities, local, total);
  std::vector<std::int64_t> ranges(2 * size_);
  const std::int64_t mine[2] = {local.begin, local.size()};
  MPI_Allgather(mine, 2, MPI_INT64_T, ranges.data(), 2, MPI_INT64_T, comm_);
  std::vector<int> counts(size_);
  for (int rank = 0; rank < size_; ++rank)
    counts[rank] = static_cast<int>(ranges[2 * rank + 1] * quantities);
  const std::vector<int> displacements = Displacements(counts);
  std::vector<double> all(displacements.back() + counts.back());
  MPI_Allgatherv(partials.data(), counts[rank_], MPI_DOUBLE, all.data(), counts.data(),
                 displacements.data(), MPI_DOUBLE, comm_);
  std::vector<double> by_index(total * quantities, 0.0);  // [quantity][global index]
  for (int rank = 0; rank < size_; ++rank) {
    const std::int64_t begin = ranges[2 * rank], count = ranges[2 * rank + 1];
    for (int q = 0; q < quantities; ++q) {
      std::copy_n(all.data() + displacements[rank] + q * count, count,
                  by_index.data() + q * total + begin);
    }
  }
  std::vector<double> sums(quantities, 0.0);
  for (int q = 0; q < quantities; ++q) {
    for (std::int64_t i = 0; i < total; ++i) sums[q] += by_index[q * total + i];
  }
  return sums;
}

HaloBytes Communicator::Exchange(absl::Span<const char> first, absl::Span<const char> last,
                                 IndexRange local) const {
  HaloBytes halo;
  if (size_ == 1) return halo;
  const std::vector<int> held = AllCounts(comm_, size_, local.empty() ? 0 : 1);
  if (local.empty()) return halo;
  int below = rank_ - 1, above = rank_ + 1;
  while (below >= 0 && held[below] == 0) --below;
  while (above < size_ && held[above] == 0) ++above;
  if (below < 0) below = MPI_PROC_NULL;
  if (above == size_) above = MPI_PROC_NULL;
  if (below != MPI_PROC_NULL) halo.below.resize(first.size());
  if (above != MPI_PROC_NULL) halo.above.resize(last.size());
  // Upwards, then downwards.
  SendAndReceive(comm_, last, above, absl::MakeSpan(halo.below), below);
  SendAndReceive(comm_, first, below, absl::MakeSpan(halo.above), above);
  return halo;
}

double Communicator::Max(double local) const {
  if (size_ > 1) MPI_Allreduce(MPI_IN_PLACE, &local, 1, MPI_DOUBLE, MPI_MAX, comm_);
  return local;
}

std::int64_t Communicator::SumCounts(std::int64_t local) const {
  if (size_ > 1) MPI_Allreduce(MPI_IN_PLACE, &local, 1, MPI_INT64_T, MPI_SUM, comm_);
  return local;
}

std::string Communicator::BroadcastPatiently(std::string bytes, int root) const {
  if (size_ == 1) return bytes;
  std::int64_t length = static_cast<std::int64_t>(bytes.size());
  MPI_Request request;
  MPI_Ibcast(&length, 1, MPI_INT64_T, root, comm_, &request);
  WaitPatiently(&request);
  bytes.resize(length);
  MPI_Bcast(bytes.data(), static_cast<int>(length), MPI_BYTE, root, comm_);
  return bytes;
}

std::string Communicator::Broadcast(std::string bytes, int root) const {
  if (size_ == 1) return bytes;
  std::int64_t length = static_cast<std::int64_t>(bytes.size());
  MPI_Bcast(&length, 1, MPI_INT64_T, root, comm_);
  bytes.resize(length);
  MPI_Bcast(bytes.data(), static_cast<int>(length), MPI_BYTE, root, comm_);
  return bytes;
}

std::vector<std::string> Communicator::Gather(const std::string& bytes) const {
  if (size_ == 1) return {bytes};
  const std::vector<int> counts = AllCounts(comm_, size_, static_cast<int>(bytes.size()));
  const std::vector<int> displacements = Displacements(counts);
  std::string all(displacements.back() + counts.back(), '\0');
  MPI_Allgatherv(bytes.data(), counts[rank_], MPI_BYTE, all.data(), counts.data(),
                 displacements.data(), MPI_BYTE, comm_);
  std::vector<std::string> parts;
  for (int rank = 0; rank < size_; ++rank)
    parts.push_back(all.substr(displacements[rank], counts[rank]));
  return parts;
}

std::vector<float> Communicator::GatherFloats(const std::vector<float>& local) const {
  if (size_ == 1) return local;
  const std::vector<int> counts = AllCounts(comm_, size_, static_cast<int>(local.size()));
  const std::vector<int> displacements = Displacements(counts);
  std::vector<float> all(displacements.back() + counts.back());
  MPI_Allgatherv(local.data(), counts[rank_], MPI_FLOAT, all.data(), counts.data(),
                 displacements.data(), MPI_FLOAT, comm_);
  return all;
}

void Communicator::Abort() const {
  if (comm_ != MPI_COMM_NULL) MPI_Abort(comm_, 42);
  std::_Exit(42);
}

}  // namespace tomoslab
