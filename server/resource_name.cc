#include "server/resource_name.h"

#include <limits>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"

namespace tomoslab {
namespace {

constexpr int kDefaultPage = 100, kLargestPage = 1000;
constexpr std::size_t kLongestRequestId = 100;

absl::StatusOr<std::int64_t> Parse(const std::string& name, const char* collection) {
  absl::string_view digits = name;
  std::int64_t id = 0;
  // Only the one canonical spelling: no sign, blanks or leading zeros.
  if (absl::ConsumePrefix(&digits, absl::StrCat(collection, "/")) &&
      absl::SimpleAtoi(digits, &id) && id > 0 && absl::StrCat(id) == digits) {
    return id;
  }
  return absl::NotFoundError(absl::StrFormat("there is no \"%s\"; names look like %s/12",
                                             name.substr(0, 100), collection));
}

}  // namespace

std::string ScanName(std::int64_t id) { return absl::StrCat("scans/", id); }
std::string JobName(std::int64_t id) { return absl::StrCat("jobs/", id); }
absl::StatusOr<std::int64_t> ScanId(const std::string& name) { return Parse(name, "scans"); }
absl::StatusOr<std::int64_t> JobId(const std::string& name) { return Parse(name, "jobs"); }

absl::StatusOr<Page> ToPage(int page_size, const std::string& page_token) {
  if (page_size < 0 || page_size > kLargestPage) {
    return absl::InvalidArgumentError(
        absl::StrFormat("page_size = %d is outside 0 .. %d", page_size, kLargestPage));
  }
  Page page{std::numeric_limits<std::int64_t>::max(), page_size == 0 ? kDefaultPage : page_size};
  if (!page_token.empty() && (!absl::SimpleAtoi(page_token, &page.below) || page.below < 1)) {
    return absl::InvalidArgumentError(
        "page_token is not one that a list returned; leave it empty for the first page");
  }
  return page;
}

std::string PageToken(std::int64_t last_shown) { return absl::StrCat(last_shown); }

absl::Status CheckRequestId(const std::string& request_id) {
  if (request_id.size() <= kLongestRequestId) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrFormat("request_id has %d characters; at most %d",
                                                    request_id.size(), kLongestRequestId));
}

}  // namespace tomoslab
