// What a long queue costs: creating, listing and starting with few jobs and with many.
//
// service_jobs [JOBS]: 10,000 unless said. All jobs wait for a scan that is not complete while a
// pool is idle: the worst case, since the pool might take any of them. "anna" owns most of them,
// "berta" the first 100, of which 50 are cancelled; the admin sees all.
#include <chrono>
#include <cstdlib>
#include <thread>

#include "tests/benchmarks/running_server.h"
#include "tests/benchmarks/service_figures.h"
#include "tests/server/samples.h"
#include "tomoslab/v1/access.grpc.pb.h"
#include "tomoslab/v1/pool.grpc.pb.h"
#include "tomoslab/v1/reconstruction.grpc.pb.h"

namespace tomoslab {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kFew = 100, kBertas = 100, kCancelled = 50;
constexpr int kPageSize = 100, kRepeats = 40, kMeasuredCreations = 1000, kFillers = 8;
constexpr double kSlackMs = 2;  // below this a ratio of milliseconds says nothing

double MillisecondsSince(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

void Check(const grpc::Status& status, const char* doing) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s: %s\n", doing, status.error_message().c_str());
  std::exit(1);
}

class User {
 public:
  User(const RunningServer& server, const std::string& token)
      : stub_(v1::Reconstruction::NewStub(server.Connect(token))) {}

  std::string CreateScan() {
    v1::CreateScanRequest request;
    *request.mutable_scan() = SampleScan(360);
    v1::Scan scan;
    grpc::ClientContext context;
    Check(stub_->CreateScan(&context, request, &scan), "creating a scan");
    return scan.name();
  }
  /// Milliseconds.
  double CreateJob(const std::string& scan, std::string* name = nullptr) {
    v1::CreateJobRequest request;
    *request.mutable_spec() = SampleJob(scan);
    request.set_request_id(absl::StrFormat("%p-%d", this, ++requests_));
    v1::CreateJobResponse response;
    const auto begin = Clock::now();
    grpc::ClientContext context;
    Check(stub_->CreateJob(&context, request, &response), "creating a job");
    if (name != nullptr) *name = response.job().name();
    return MillisecondsSince(begin);
  }
  void Cancel(const std::string& job) {
    v1::CancelJobRequest request;
    request.set_name(job);
    v1::Job response;
    grpc::ClientContext context;
    Check(stub_->CancelJob(&context, request, &response), "cancelling");
  }
  v1::ListJobsResponse List(const v1::ListJobsRequest& request) {
    v1::ListJobsResponse response;
    grpc::ClientContext context;
    Check(stub_->ListJobs(&context, request, &response), "listing");
    return response;
  }

 private:
  std::unique_ptr<v1::Reconstruction::Stub> stub_;
  int requests_ = 0;
};

/// Milliseconds of one page, medians.
struct PageTimes {
  double first = 0, last = 0;
  int jobs = 0;
};

double MedianMs(User& user, const v1::ListJobsRequest& request) {
  std::vector<double> times;
  for (int i = 0; i < kRepeats; ++i) {
    const auto begin = Clock::now();
    user.List(request);
    times.push_back(MillisecondsSince(begin));
  }
  return Quantile(times, 0.5);
}

/// The last page: the last full one.
PageTimes TimePages(User& user, v1::ListJobsRequest request) {
  request.set_page_size(kPageSize);
  PageTimes times;
  times.first = MedianMs(user, request);
  std::string token, full_page;
  do {
    request.set_page_token(token);
    const v1::ListJobsResponse page = user.List(request);
    if (page.job_size() == kPageSize) full_page = token;
    times.jobs += page.job_size();
    token = page.next_page_token();
  } while (!token.empty());
  request.set_page_token(full_page);
  times.last = MedianMs(user, request);
  return times;
}

std::string NewToken(const RunningServer& server, v1::Role role, const std::string& user) {
  const auto stub = v1::Access::NewStub(server.Connect(server.AdminToken()));
  v1::CreateTokenRequest request;
  request.mutable_token()->set_role(role);
  request.mutable_token()->set_user(user);
  v1::CreateTokenResponse response;
  grpc::ClientContext context;
  Check(stub->CreateToken(&context, request, &response), "making a token");
  return response.secret();
}

/// Attached until it is destroyed; never gets a job.
class IdlePool {
 public:
  IdlePool(const RunningServer& server, const std::string& token)
      : stub_(v1::Pool::NewStub(server.Connect(token))) {
    v1::AttachRequest request;
    request.set_pool("idle");
    request.add_rank()->set_host("benchmark");
    stream_ = stub_->Attach(&context_, request);
    stream_->WaitForInitialMetadata();
  }
  ~IdlePool() {
    context_.TryCancel();
    stream_->Finish();
  }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<v1::Pool::Stub> stub_;
  std::unique_ptr<grpc::ClientReader<v1::PoolCommand>> stream_;
};

struct Who {
  std::string name, token;
};

struct Listing {
  std::string name;
  Who who;
  v1::ListJobsRequest request;
  PageTimes few = {}, many = {};
};

std::vector<Listing> Listings(const std::vector<Who>& all) {
  std::vector<Listing> listings;
  for (const Who& who : all) {
    listings.push_back({who.name + ", all", who, {}});
    listings.push_back({who.name + ", queued", who, {}});
    listings.back().request.add_state(v1::QUEUED);
    listings.push_back({who.name + ", cancelled or failed", who, {}});
    listings.back().request.add_state(v1::CANCELLED);
    listings.back().request.add_state(v1::FAILED);
  }
  return listings;
}

void Fill(const RunningServer& server, const Who& who, const std::string& scan, int jobs) {
  std::vector<std::thread> threads;
  for (int t = 0; t < kFillers; ++t) {
    threads.emplace_back([&, t] {
      User user(server, who.token);
      for (int i = t; i < jobs; i += kFillers) user.CreateJob(scan);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

void ReportStart(RunningServer& server, const std::string& name, ServiceFigures& figures) {
  server.Stop();
  figures.AtMost("seconds to start, " + name, server.Start(), 2);
  figures.Note("MB of the server after its start, " + name, server.MemoryMb());
}

void ReportListings(const std::vector<Listing>& listings, ServiceFigures& figures) {
  for (const Listing& listing : listings) {
    const auto& [few, many] = std::tie(listing.few, listing.many);
    figures.Note(absl::StrFormat("%s: jobs shown", listing.name), many.jobs);
    figures.Note(absl::StrFormat("%s: ms, first page of few", listing.name), few.first);
    figures.AtMost(absl::StrFormat("%s: ms, first page of many", listing.name), many.first,
                   1.5 * few.first + kSlackMs);
    figures.AtMost(absl::StrFormat("%s: ms, last full page of many", listing.name), many.last,
                   1.5 * few.first + kSlackMs);
  }
}

int Main(int jobs) {
  ServiceFigures figures(absl::StrFormat("%d queued jobs; pages of %d", jobs, kPageSize));
  const std::vector<std::string> flags = {"--no-local-pool",
                                          "--authenticate",
                                          "--calls-per-second",
                                          "0",
                                          "--queued-jobs-per-user",
                                          "0",
                                          "--quota-gib",
                                          "1000"};
  RunningServer server(flags);
  const std::string pool_token = NewToken(server, v1::ROLE_POOL, "pool");
  const Who admin{"admin", server.AdminToken()};
  const Who anna{"anna", NewToken(server, v1::ROLE_OPERATOR, "anna")};
  const Who berta{"berta", NewToken(server, v1::ROLE_OPERATOR, "berta")};
  const std::string annas_scan = User(server, anna.token).CreateScan();
  const std::string bertas_scan = User(server, berta.token).CreateScan();
  std::vector<Listing> listings = Listings({admin, anna, berta});
  {
    const IdlePool pool(server, pool_token);
    User user(server, berta.token);
    for (int i = 0; i < kBertas; ++i) {
      std::string name;
      user.CreateJob(bertas_scan, &name);
      if (i < kCancelled) user.Cancel(name);
    }
    Fill(server, anna, annas_scan, kFew);
    for (Listing& listing : listings) {
      User lister(server, listing.who.token);
      listing.few = TimePages(lister, listing.request);
    }
    const auto begin = Clock::now();
    const int measured = std::min(kMeasuredCreations, jobs / 2);
    Fill(server, anna, annas_scan, jobs - kFew - kBertas + kCancelled - measured);
    figures.Note("seconds to fill the queue, 8 callers", MillisecondsSince(begin) / 1000);
    std::vector<double> creations;
    User last(server, anna.token);
    for (int i = 0; i < measured; ++i) creations.push_back(last.CreateJob(annas_scan));
    figures.Note("ms to create a job, median", Quantile(creations, 0.5));
    figures.AtMost("ms to create a job, p99", Quantile(creations, 0.99), 50);
    figures.Note("ms to create a job, most", Quantile(creations, 1));
    for (Listing& listing : listings) {
      User lister(server, listing.who.token);
      listing.many = TimePages(lister, listing.request);
    }
    figures.AtMost("MB of the server, most", server.PeakMemoryMb(), 200);
  }
  ReportListings(listings, figures);
  ReportStart(server, "authenticating", figures);
  return figures.Finish();
}

}  // namespace
}  // namespace tomoslab

int main(int argc, char** argv) { return tomoslab::Main(argc > 1 ? std::atoi(argv[1]) : 10000); }
