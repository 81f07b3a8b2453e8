#include "server/web/live_routes.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "server/web/job_routes.h"
#include "worker/core/status.h"

namespace tomoslab {
namespace {

constexpr int kMostStreams = 256;
constexpr std::chrono::milliseconds kGather{200};      // events that come together go out together
constexpr std::chrono::milliseconds kListEvery{1000};  // how fresh the list is
constexpr std::chrono::seconds kAskAgain{10};          // whether the browser may still see the job
constexpr std::chrono::seconds kSign{15};              // of life, where nothing happens
constexpr std::int64_t kFreeStep = std::int64_t{256} << 20;  // of the disk
constexpr char kGreeting[] = "retry: 1000\n\n";
constexpr char kSignOfLife[] = ": \n\n";

HttpResponse StreamResponse(HttpResponse::Stream stream) {
  HttpResponse response;
  response.type = "text/event-stream";
  response.headers["Cache-Control"] = "no-store";
  response.headers["X-Accel-Buffering"] = "no";  // proxies must not hold events back
  response.stream = std::move(stream);
  return response;
}

}  // namespace

LiveRoutes::LiveRoutes(const std::shared_ptr<grpc::Channel>& in_process, Sight& sight,
                       JobTable& jobs, int streams_per_user)
    : access_(v1::Access::NewStub(in_process)),
      stub_(v1::Reconstruction::NewStub(in_process)),
      sight_(sight),
      feed_(jobs),
      places_(kMostStreams, streams_per_user) {}

void LiveRoutes::AddTo(WebServer& web) {
  web.Route("GET", "/api/overview", v1::ROLE_VIEWER,
            [this](const HttpRequest& request) { return Overview(request); });
  web.Route("GET", "/api/jobs/{}/events", v1::ROLE_VIEWER,
            [this](const HttpRequest& request) { return Events(request); });
}

absl::StatusOr<std::shared_ptr<void>> LiveRoutes::TakePlace(const HttpRequest& request) {
  TOMOSLAB_ASSIGN_OR_RETURN(
      const v1::Identity caller,
      Call<v1::Identity>(*access_, &v1::Access::Stub::WhoAmI, request, v1::WhoAmIRequest()));
  if (!caller.authenticated()) return places_.Take("");
  return places_.Take(caller.user());
}

HttpResponse LiveRoutes::Events(const HttpRequest& request) {
  std::string last = request.Header("last-event-id");
  if (last.empty()) last = request.Query("after");
  std::int64_t after = 0;
  if (!last.empty() && (!absl::SimpleAtoi(last, &after) || after < 0)) {
    return ErrorResponse(absl::InvalidArgumentError("the last event is not a number"));
  }
  const absl::Status seen = sight_.MaySee(request, "jobs/" + request.captures[0]);
  if (!seen.ok()) return ErrorResponse(seen);
  absl::StatusOr<std::shared_ptr<void>> place = TakePlace(request);
  if (!place.ok()) return ErrorResponse(place.status());
  return StreamResponse([this, request, after, place = *std::move(place)](HttpSink& sink) {
    return SendEvents(request, after, sink);
  });
}

bool LiveRoutes::SendEvents(const HttpRequest& request, std::int64_t after, HttpSink& sink) {
  const std::string job = "jobs/" + request.captures[0];
  const std::shared_ptr<EventFeed::Topic> topic = feed_.Follow(job);
  Clock::time_point asked = Clock::now(), said = asked;
  bool perhaps_over = true;
  bool open = sink.Write(kGreeting);
  while (open && !feed_.stopping() && sink.IsOpen()) {
    const Clock::time_point now = Clock::now();
    if (now > asked + kAskAgain) {
      if (!sight_.MaySee(request, job).ok()) return true;  // the page asks again, and is told why
      asked = now;
    }
    const std::int64_t changes = EventFeed::Changes(*topic);
    const absl::StatusOr<EventFeed::Batch> batch = feed_.After(job, after);
    if (!batch.ok()) return true;
    if (!batch->text.empty()) {
      open = sink.Write(batch->text);
      after = batch->last;
      said = now;
      perhaps_over = perhaps_over || batch->state_changed;
      continue;
    }
    if (perhaps_over && feed_.IsOver(job, after).value_or(true)) {
      return sink.Write("event: end\ndata: {}\n\n");
    }
    perhaps_over = false;
    if (now > said + kSign) {
      open = sink.Write(kSignOfLife);
      said = now;
    }
    feed_.Wait(*topic, changes, kAskAgain / 2);
    if (!feed_.stopping()) std::this_thread::sleep_for(kGather);
  }
  return open;
}

absl::StatusOr<LiveRoutes::Snapshot> LiveRoutes::MakeSnapshot(const HttpRequest& request) {
  TOMOSLAB_ASSIGN_OR_RETURN(const v1::ListJobsRequest list, ListRequestOf(request));
  TOMOSLAB_ASSIGN_OR_RETURN(
      const v1::ListJobsResponse jobs,
      Call<v1::ListJobsResponse>(*stub_, &v1::Reconstruction::Stub::ListJobs, request, list));
  TOMOSLAB_ASSIGN_OR_RETURN(v1::ServerInfo server,
                            Call<v1::ServerInfo>(*stub_, &v1::Reconstruction::Stub::GetServerInfo,
                                                 request, v1::GetServerInfoRequest()));
  // Every page would get every byte that jobs write.
  server.set_store_free_bytes(server.store_free_bytes() / kFreeStep * kFreeStep);
  return Snapshot{absl::StrCat("event: jobs\ndata: ", ToJson(jobs), "\n\n"),
                  absl::StrCat("event: server\ndata: ", ToJson(server), "\n\n")};
}

absl::StatusOr<LiveRoutes::Snapshot> LiveRoutes::SnapshotFor(const HttpRequest& request) {
  const std::string key =
      absl::StrCat(AuthorizationOf(request), "\n", request.Query("state"), "\n",
                   request.Query("page_size"), "\n", request.Query("page_token"));
  const std::lock_guard<std::mutex> lock(mutex_);
  const Clock::time_point now = Clock::now();
  std::erase_if(snapshots_, [&](const auto& made) { return made.second.time + kListEvery < now; });
  const auto found = snapshots_.find(key);
  if (found != snapshots_.end()) return found->second.snapshot;
  return snapshots_.emplace(key, Made{now, MakeSnapshot(request)}).first->second.snapshot;
}

HttpResponse LiveRoutes::Overview(const HttpRequest& request) {
  const absl::StatusOr<Snapshot> first = SnapshotFor(request);
  if (!first.ok()) return ErrorResponse(first.status());
  absl::StatusOr<std::shared_ptr<void>> place = TakePlace(request);
  if (!place.ok()) return ErrorResponse(place.status());
  return StreamResponse([this, request, place = *std::move(place)](HttpSink& sink) {
    return SendOverviews(request, sink);
  });
}

bool LiveRoutes::SendOverviews(const HttpRequest& request, HttpSink& sink) {
  const std::shared_ptr<EventFeed::Topic> topic = feed_.Follow("");  // only woken at the end
  Snapshot sent;
  Clock::time_point said = Clock::now();
  bool open = sink.Write(kGreeting);
  while (open && !feed_.stopping() && sink.IsOpen()) {
    const absl::StatusOr<Snapshot> snapshot = SnapshotFor(request);
    if (!snapshot.ok()) return true;
    const Clock::time_point now = Clock::now();
    const bool jobs_changed = snapshot->jobs != sent.jobs;
    const bool server_changed = snapshot->server != sent.server;
    if (jobs_changed || server_changed) {
      open = sink.Write(
          absl::StrCat(jobs_changed ? snapshot->jobs : "", server_changed ? snapshot->server : ""));
      sent = *snapshot;
      said = now;
    } else if (now > said + kSign) {
      open = sink.Write(kSignOfLife);
      said = now;
    }
    feed_.Wait(*topic, EventFeed::Changes(*topic), kListEvery);
  }
  return open;
}

}  // namespace tomoslab
