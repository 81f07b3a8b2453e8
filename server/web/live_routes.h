// Server-sent events: a job's, which a page resumes after a cut with the last id it saw, and the
// list of jobs and pools, whole whenever it has changed.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "server/web/event_feed.h"
#include "server/web/sight.h"
#include "server/web/stream_places.h"
#include "server/web/web_server.h"
#include "tomoslab/v1/access.grpc.pb.h"
#include "tomoslab/v1/reconstruction.grpc.pb.h"

namespace tomoslab {

class LiveRoutes {
 public:
  /// streams_per_user 0 = no limit but the server's.
  LiveRoutes(const std::shared_ptr<grpc::Channel>& in_process, Sight& sight, JobTable& jobs,
             int streams_per_user);
  /// Adds the routes; must outlive the server.
  void AddTo(WebServer& web);
  /// Ends the streams.
  void Stop() { feed_.Stop(); }

 private:
  using Clock = std::chrono::steady_clock;
  HttpResponse Events(const HttpRequest& request);
  HttpResponse Overview(const HttpRequest& request);
  bool SendEvents(const HttpRequest& request, std::int64_t after, HttpSink& sink);
  bool SendOverviews(const HttpRequest& request, HttpSink& sink);
  absl::StatusOr<std::shared_ptr<void>> TakePlace(const HttpRequest& request);
  /// Jobs (ListJobsResponse) and server (ServerInfo) as a browser with this token sees them now, as
  /// events to send.
  struct Snapshot {
    std::string jobs, server;
  };
  /// Made once a second for all that have the same token and ask for the same.
  absl::StatusOr<Snapshot> SnapshotFor(const HttpRequest& request);
  absl::StatusOr<Snapshot> MakeSnapshot(const HttpRequest& request);

  struct Made {
    Clock::time_point time;
    absl::StatusOr<Snapshot> snapshot;
  };
  const std::unique_ptr<v1::Access::Stub> access_;
  const std::unique_ptr<v1::Reconstruction::Stub> stub_;
  Sight& sight_;
  EventFeed feed_;
  StreamPlaces places_;
  std::mutex mutex_;
  std::map<std::string, Made> snapshots_;
};

}  // namespace tomoslab
