// Names of resources ("scans/12", "jobs/7") ↔ their numbers, and page tokens.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tomoslab {

std::string ScanName(std::int64_t id);
std::string JobName(std::int64_t id);
/// NotFound when no scan (job) can have this name; the message says what names look like.
absl::StatusOr<std::int64_t> ScanId(const std::string& name);
absl::StatusOr<std::int64_t> JobId(const std::string& name);

/// A page ends early when it holds so many bytes: answers must stay below gRPC's limit of 4 MiB.
inline constexpr std::size_t kPageBytes = 2 << 20;

/// One page of a list that shows the highest numbers first.
struct Page {
  std::int64_t below = 0;  // only resources with lower numbers
  int size = 0;
};
/// InvalidArgument: page_size outside 0 .. 1000, or a token that no list returned.
absl::StatusOr<Page> ToPage(int page_size, const std::string& page_token);
std::string PageToken(std::int64_t last_shown);

/// InvalidArgument: longer than 100 characters.
absl::Status CheckRequestId(const std::string& request_id);

}  // namespace tomoslab
