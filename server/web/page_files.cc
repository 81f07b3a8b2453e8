#include "server/web/page_files.h"

#include "absl/strings/str_format.h"

namespace tomoslab {
namespace {

HttpResponse FileResponse(const PageFile& file, const HttpRequest& request) {
  HttpResponse response;
  response.type = std::string(file.type);
  const std::string tag = absl::StrFormat("\"%s\"", file.tag);
  response.headers = {{"ETag", tag}, {"Cache-Control", "no-cache"}};
  if (request.Header("if-none-match") == tag) {
    response.status = 304;
  } else {
    response.body = std::string(file.content);
  }
  return response;
}

}  // namespace

void AddPageFiles(WebServer& web) {
  for (const PageFile& file : PageFiles()) {
    const auto handler = [&file](const HttpRequest& request) {
      return FileResponse(file, request);
    };
    web.Route("GET", std::string(file.path), v1::ROLE_UNSPECIFIED, handler);
    if (file.path == "/index.html") web.Route("GET", "/", v1::ROLE_UNSPECIFIED, handler);
  }
}

}  // namespace tomoslab
