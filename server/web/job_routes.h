// The page's calls about sessions, scans, jobs and their images: each is one gRPC call in the
// browser's name.
#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

#include "server/web/bounded_cache.h"
#include "server/web/sight.h"
#include "server/web/web_server.h"
#include "tomoslab/v1/access.grpc.pb.h"
#include "tomoslab/v1/reconstruction.grpc.pb.h"

namespace tomoslab {

class JobRoutes {
 public:
  JobRoutes(const std::shared_ptr<grpc::Channel>& in_process, Sight& sight);
  /// Adds the routes; must outlive the server.
  void AddTo(WebServer& web);

 private:
  HttpResponse LogIn(const HttpRequest& request);
  HttpResponse ListJobs(const HttpRequest& request);
  HttpResponse CreateJob(const HttpRequest& request);
  HttpResponse ReadLog(const HttpRequest& request);
  HttpResponse Preview(const HttpRequest& request);
  HttpResponse ReadPreview(const HttpRequest& request, const v1::ReadPreviewRequest& wanted);
  HttpResponse Slice(const HttpRequest& request);
  HttpResponse Volume(const HttpRequest& request);
  void AddSession(WebServer& web);
  void AddJobs(WebServer& web);

  struct PreviewImage {
    v1::PreviewReady shape;
    std::string bytes;
  };
  static HttpResponse Show(std::shared_ptr<const PreviewImage> image);

  Sight& sight_;
  BoundedCache<std::string, PreviewImage> previews_;  // by request; those of the newest pages
  const std::unique_ptr<v1::Access::Stub> access_;
  const std::unique_ptr<v1::Reconstruction::Stub> stub_;
};

/// The request of a list as the page's query gives it: page_size, page_token, state=RUNNING,QUEUED.
/// InvalidArgument.
absl::StatusOr<v1::ListJobsRequest> ListRequestOf(const HttpRequest& request);

/// The head of a NumPy file of float32 [slice][row][column]; 128 bytes or more, a multiple of 64.
std::string NpyHeader(int slices, int rows, int columns);

}  // namespace tomoslab
