#include "server/web/job_routes.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "server/web/chunk_stream.h"
#include "worker/core/status.h"

namespace tomoslab {
namespace {

constexpr std::size_t kLongestToken = 1000;
constexpr std::size_t kPreviewBytesKept = 32 << 20;
constexpr std::int64_t kLargestPreviewKept = 4 << 20;
constexpr int kMostLogLines = 1000;
constexpr int kSessionSeconds = 7 * 86400;
using Reconstruction = v1::Reconstruction::Stub;

absl::StatusOr<int> Number(const std::string& name, const std::string& text) {
  int value = 0;
  if (absl::SimpleAtoi(text, &value)) return value;
  return absl::InvalidArgumentError(absl::StrFormat("%s is not a whole number", name));
}

/// `otherwise` where the query does not name it.
absl::StatusOr<int> QueryNumber(const HttpRequest& request, const std::string& name,
                                int otherwise) {
  const std::string text = request.Query(name);
  if (text.empty()) return otherwise;
  return Number(name, text);
}

std::string JobName(const HttpRequest& request) { return "jobs/" + request.captures[0]; }

bool IsToken(const std::string& text) {
  return !text.empty() && text.size() <= kLongestToken &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_isgraph(static_cast<unsigned char>(c)) && c != ';' && c != ',' &&
                  c != '"' && c != '\\';
         });
}

std::string CookieText(const HttpRequest& request, const std::string& token, int seconds) {
  return absl::StrFormat("%s=%s; Path=/; HttpOnly; SameSite=Strict; Max-Age=%d%s", kTokenCookie,
                         token, seconds, request.tls ? "; Secure" : "");
}

template <class Response>
HttpResponse Answer(const absl::StatusOr<Response>& response) {
  return response.ok() ? MessageResponse(*response) : ErrorResponse(response.status());
}

void SetShape(HttpResponse& response, int rows, int columns) {
  response.headers["X-Rows"] = absl::StrCat(rows);
  response.headers["X-Columns"] = absl::StrCat(columns);
}

std::optional<v1::Plane> PlaneOf(const std::string& text) {
  v1::Plane plane = v1::PLANE_UNSPECIFIED;
  if (!v1::Plane_Parse(absl::AsciiStrToUpper(text), &plane)) return std::nullopt;
  return plane;
}

}  // namespace

absl::StatusOr<v1::ListJobsRequest> ListRequestOf(const HttpRequest& request) {
  v1::ListJobsRequest list;
  TOMOSLAB_ASSIGN_OR_RETURN(const int size, QueryNumber(request, "page_size", 50));
  list.set_page_size(size);
  list.set_page_token(request.Query("page_token"));
  const std::string states = request.Query("state");
  for (absl::string_view name : absl::StrSplit(states, ',', absl::SkipEmpty())) {
    v1::JobState state = v1::JOB_STATE_UNSPECIFIED;
    if (!v1::JobState_Parse(std::string(name), &state)) {
      return absl::InvalidArgumentError(absl::StrFormat("there is no job state %s", name));
    }
    list.add_state(state);
  }
  return list;
}

std::string NpyHeader(int slices, int rows, int columns) {
  std::string text = absl::StrFormat(
      "{'descr': '<f4', 'fortran_order': False, 'shape': (%d, %d, %d), }", slices, rows, columns);
  constexpr std::size_t kPrelude = 10;  // magic, version, length
  text.resize((text.size() + 1 + kPrelude + 63) / 64 * 64 - kPrelude - 1, ' ');
  text += '\n';
  std::string head("\x93NUMPY\x01\x00", 8);
  head += static_cast<char>(text.size() & 0xff);
  head += static_cast<char>(text.size() >> 8);
  return head + text;
}

JobRoutes::JobRoutes(const std::shared_ptr<grpc::Channel>& in_process, Sight& sight)
    : sight_(sight),
      previews_(kPreviewBytesKept),
      access_(v1::Access::NewStub(in_process)),
      stub_(v1::Reconstruction::NewStub(in_process)) {}

HttpResponse JobRoutes::LogIn(const HttpRequest& request) {
  const auto body = nlohmann::json::parse(request.body, nullptr, false);
  const bool has_token = body.is_object() && body.contains("token") && body["token"].is_string();
  const std::string token = has_token ? body["token"].get<std::string>() : "";
  if (!IsToken(token)) {
    return ErrorResponse(absl::InvalidArgumentError("the body must be {\"token\": \"…\"}"));
  }
  HttpRequest as_owner = request;
  as_owner.headers["authorization"] = "Bearer " + token;
  HttpResponse response = Answer(
      Call<v1::Identity>(*access_, &v1::Access::Stub::WhoAmI, as_owner, v1::WhoAmIRequest()));
  if (response.status == 200) {
    response.headers["Set-Cookie"] = CookieText(request, token, kSessionSeconds);
  }
  return response;
}

void JobRoutes::AddSession(WebServer& web) {
  web.Route("GET", "/api/session", v1::ROLE_UNSPECIFIED, [this](const HttpRequest& request) {
    return Answer(
        Call<v1::Identity>(*access_, &v1::Access::Stub::WhoAmI, request, v1::WhoAmIRequest()));
  });
  web.Route("POST", "/api/session", v1::ROLE_UNSPECIFIED,
            [this](const HttpRequest& request) { return LogIn(request); });
  web.Route("DELETE", "/api/session", v1::ROLE_UNSPECIFIED, [](const HttpRequest& request) {
    HttpResponse response = JsonResponse("{}");
    response.headers["Set-Cookie"] = CookieText(request, "", 0);
    return response;
  });
  web.Route("GET", "/api/info", v1::ROLE_UNSPECIFIED, [this](const HttpRequest& request) {
    return Answer(Call<v1::ServerInfo>(*stub_, &Reconstruction::GetServerInfo, request,
                                       v1::GetServerInfoRequest()));
  });
}

HttpResponse JobRoutes::ListJobs(const HttpRequest& request) {
  const absl::StatusOr<v1::ListJobsRequest> list = ListRequestOf(request);
  if (!list.ok()) return ErrorResponse(list.status());
  return Answer(Call<v1::ListJobsResponse>(*stub_, &Reconstruction::ListJobs, request, *list));
}

HttpResponse JobRoutes::CreateJob(const HttpRequest& request) {
  v1::CreateJobRequest wanted;
  const absl::Status parsed = ParseJson(request.body, &wanted);
  if (!parsed.ok()) return ErrorResponse(parsed);
  return Answer(Call<v1::CreateJobResponse>(*stub_, &Reconstruction::CreateJob, request, wanted));
}

HttpResponse JobRoutes::ReadLog(const HttpRequest& request) {
  v1::ReadLogRequest wanted;
  wanted.set_job(JobName(request));
  const absl::StatusOr<int> after = QueryNumber(request, "after", 0);
  if (!after.ok()) return ErrorResponse(after.status());
  wanted.set_after_line(*after);
  wanted.set_last_lines(*after == 0 ? kMostLogLines : 0);
  const std::unique_ptr<grpc::ClientContext> context = ContextFor(request);
  const auto reader = stub_->ReadLog(context.get(), wanted);
  std::string json = "{\"line\":[";
  v1::LogLine line;
  int lines = 0;
  while (lines < kMostLogLines && reader->Read(&line)) {
    absl::StrAppend(&json, lines++ == 0 ? "" : ",", ToJson(line));
  }
  if (lines == kMostLogLines) {
    context->TryCancel();
    while (reader->Read(&line)) {
    }
    reader->Finish();
    return JsonResponse(json + "]}");
  }
  const absl::Status status = FromGrpc(reader->Finish());
  return status.ok() ? JsonResponse(json + "]}") : ErrorResponse(status);
}

void JobRoutes::AddJobs(WebServer& web) {
  const auto route = [&](const char* method, const char* pattern,
                         HttpResponse (JobRoutes::*handler)(const HttpRequest&)) {
    web.Route(method, pattern, v1::ROLE_UNSPECIFIED,
              [this, handler](const HttpRequest& request) { return (this->*handler)(request); });
  };
  route("GET", "/api/jobs", &JobRoutes::ListJobs);
  route("POST", "/api/jobs", &JobRoutes::CreateJob);
  route("GET", "/api/jobs/{}/log", &JobRoutes::ReadLog);
  route("GET", "/api/jobs/{}/previews/{}/{}", &JobRoutes::Preview);
  route("GET", "/api/jobs/{}/slices/{}/{}", &JobRoutes::Slice);
  route("GET", "/api/jobs/{}/volume.npy", &JobRoutes::Volume);
  web.Route("GET", "/api/jobs/{}", v1::ROLE_UNSPECIFIED, [this](const HttpRequest& request) {
    v1::GetJobRequest wanted;
    wanted.set_name(JobName(request));
    return Answer(Call<v1::Job>(*stub_, &Reconstruction::GetJob, request, wanted));
  });
  web.Route("POST", "/api/jobs/{}/cancel", v1::ROLE_UNSPECIFIED,
            [this](const HttpRequest& request) {
              v1::CancelJobRequest wanted;
              wanted.set_name(JobName(request));
              return Answer(Call<v1::Job>(*stub_, &Reconstruction::CancelJob, request, wanted));
            });
  web.Route("GET", "/api/scans/{}", v1::ROLE_UNSPECIFIED, [this](const HttpRequest& request) {
    v1::GetScanRequest wanted;
    wanted.set_name("scans/" + request.captures[0]);
    return Answer(Call<v1::Scan>(*stub_, &Reconstruction::GetScan, request, wanted));
  });
}

HttpResponse JobRoutes::Preview(const HttpRequest& request) {
  v1::ReadPreviewRequest wanted;
  wanted.set_job(JobName(request));
  const absl::StatusOr<int> iteration = Number("the iteration", request.captures[1]);
  const std::optional<v1::Plane> plane = PlaneOf(request.captures[2]);
  if (!iteration.ok() || !plane.has_value()) {
    return ErrorResponse(absl::InvalidArgumentError(
        "a preview is previews/ITERATION/PLANE, with axial, coronal or sagittal as PLANE"));
  }
  wanted.set_iteration(*iteration);
  wanted.set_plane(*plane);
  if (!request.Query("index").empty()) {
    const absl::StatusOr<int> index = QueryNumber(request, "index", 0);
    if (!index.ok()) return ErrorResponse(index.status());
    wanted.set_index(*index);
  }
  const std::string key = wanted.SerializeAsString();
  if (const auto kept = previews_.Find(key); kept != nullptr) {
    const absl::Status seen = sight_.MaySee(request, wanted.job());
    return seen.ok() ? Show(kept) : ErrorResponse(seen);
  }
  return ReadPreview(request, wanted);
}

HttpResponse JobRoutes::Show(std::shared_ptr<const PreviewImage> image) {
  HttpResponse response;
  response.type = "application/octet-stream";
  response.stream_length = static_cast<std::int64_t>(image->bytes.size());
  SetShape(response, image->shape.rows(), image->shape.columns());
  response.headers["X-Index"] = absl::StrCat(image->shape.index());
  response.headers["X-Iteration"] = absl::StrCat(image->shape.iteration());
  response.stream = [image = std::move(image)](HttpSink& sink) { return sink.Write(image->bytes); };
  return response;
}

HttpResponse JobRoutes::ReadPreview(const HttpRequest& request,
                                    const v1::ReadPreviewRequest& wanted) {
  auto stream = std::make_shared<ChunkStream<v1::PreviewChunk>>(
      request, [&](grpc::ClientContext* context) { return stub_->ReadPreview(context, wanted); });
  const absl::Status begun = stream->Begin();
  if (!begun.ok()) return ErrorResponse(begun);
  auto image = std::make_shared<PreviewImage>();
  image->shape = stream->chunk().preview();
  const std::int64_t bytes = std::int64_t{4} * image->shape.rows() * image->shape.columns();
  HttpResponse response = Show(image);
  // A volume and what an iteration left do not change, but which one is the newest (0) does.
  const bool lasts = wanted.volume() || wanted.iteration() > 0;
  response.headers["Cache-Control"] = lasts ? "private, max-age=3600" : "no-store";
  response.stream_length = bytes;
  // Many pages show the same previews; a slice of a volume is what one of them looks for.
  const bool shared = lasts && !wanted.volume() && bytes <= kLargestPreviewKept;
  response.stream = [this, stream, image, shared, wanted](HttpSink& sink) {
    if (!shared) return stream->Send(sink);
    if (!stream->Collect(&image->bytes)) return false;
    previews_.Keep(wanted.SerializeAsString(), image, image->bytes.size());
    return sink.Write(image->bytes);
  };
  return response;
}

HttpResponse JobRoutes::Slice(const HttpRequest& request) {
  v1::ReadPreviewRequest wanted;
  wanted.set_job(JobName(request));
  wanted.set_volume(true);
  const std::optional<v1::Plane> plane = PlaneOf(request.captures[1]);
  const absl::StatusOr<int> index = Number("the slice", request.captures[2]);
  if (!index.ok() || !plane.has_value()) {
    return ErrorResponse(absl::InvalidArgumentError(
        "a slice is slices/PLANE/INDEX, with axial, coronal or sagittal as PLANE"));
  }
  wanted.set_plane(*plane);
  wanted.set_index(*index);
  return ReadPreview(request, wanted);
}

HttpResponse JobRoutes::Volume(const HttpRequest& request) {
  v1::GetJobRequest named;
  named.set_name(JobName(request));
  const auto job = Call<v1::Job>(*stub_, &Reconstruction::GetJob, request, named);
  if (!job.ok()) return ErrorResponse(job.status());
  const v1::VolumeGeometry& volume = job->spec().volume();
  const absl::StatusOr<int> first = QueryNumber(request, "first", 0);
  const absl::StatusOr<int> count =
      QueryNumber(request, "count", volume.slices() - first.value_or(0));
  if (!first.ok() || !count.ok() || *first < 0 || *count < 1) {
    return ErrorResponse(
        absl::InvalidArgumentError("first and count must name slices of the volume"));
  }
  v1::ReadSlicesRequest wanted;
  wanted.set_job(named.name());
  wanted.set_first_slice(*first);
  wanted.set_slice_count(*count);
  auto stream = std::make_shared<ChunkStream<v1::VolumeChunk>>(
      request, [&](grpc::ClientContext* context) { return stub_->ReadSlices(context, wanted); });
  const absl::Status begun = stream->Begin();
  if (!begun.ok()) return ErrorResponse(begun);
  const std::string head = NpyHeader(*count, volume.rows(), volume.columns());
  const std::int64_t bytes = std::int64_t{4} * *count * volume.rows() * volume.columns();
  HttpResponse response =
      BytesResponse(std::move(stream), static_cast<std::int64_t>(head.size()) + bytes, head);
  response.headers["Content-Disposition"] =
      absl::StrFormat("attachment; filename=\"%s.npy\"", job->name().substr(5));
  return response;
}

void JobRoutes::AddTo(WebServer& web) {
  AddSession(web);
  AddJobs(web);
}

}  // namespace tomoslab
