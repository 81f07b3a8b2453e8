#include "proto/grpc_status.h"

#include <google/protobuf/util/time_util.h>

#include <algorithm>

#include "absl/strings/cord.h"
#include "google/rpc/status.pb.h"
#include "proto/plain_text.h"

namespace tomoslab {
namespace {

using google::protobuf::util::TimeUtil;

constexpr const char* kRetryInfo = "type.googleapis.com/google.rpc.RetryInfo";
/// Messages quote what strangers sent, and travel in HTTP/2 headers, of which receivers take 8 KiB:
/// percent-encoded, and once more in the details.
constexpr std::size_t kLongestMessage = 1500;

}  // namespace

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  const auto code = static_cast<grpc::StatusCode>(status.code());
  const std::string message = PlainLine(std::string(status.message()), kLongestMessage);
  const auto retry = status.GetPayload(kRetryInfo);
  if (!retry.has_value()) return grpc::Status(code, message);
  google::rpc::Status detailed;
  detailed.set_code(code);
  detailed.set_message(message);
  detailed.add_details()->set_type_url(kRetryInfo);
  detailed.mutable_details(0)->set_value(std::string(*retry));
  return grpc::Status(code, message, detailed.SerializeAsString());
}

absl::Status FromGrpc(const grpc::Status& status) {
  absl::Status converted(static_cast<absl::StatusCode>(status.error_code()),
                         PlainLine(status.error_message(), kLongestMessage));
  google::rpc::Status detailed;
  if (status.error_details().empty() || !detailed.ParseFromString(status.error_details())) {
    return converted;
  }
  for (const google::protobuf::Any& detail : detailed.details()) {
    if (detail.type_url() == kRetryInfo)
      converted.SetPayload(kRetryInfo, absl::Cord(detail.value()));
  }
  return converted;
}

void SetRetryDelay(std::chrono::milliseconds delay, absl::Status* status) {
  google::rpc::RetryInfo info;
  *info.mutable_retry_delay() = TimeUtil::MillisecondsToDuration(delay.count());
  status->SetPayload(kRetryInfo, absl::Cord(info.SerializeAsString()));
}

std::optional<std::chrono::milliseconds> RetryDelay(const absl::Status& status) {
  const auto payload = status.GetPayload(kRetryInfo);
  google::rpc::RetryInfo info;
  if (!payload.has_value() || !info.ParseFromString(std::string(*payload))) return std::nullopt;
  constexpr std::int64_t kLongest = 3600;  // seconds
  const std::int64_t seconds = std::clamp<std::int64_t>(info.retry_delay().seconds(), 0, kLongest);
  const std::int64_t nanos = std::clamp(info.retry_delay().nanos(), 0, 999'999'999);
  return std::chrono::milliseconds(std::min(1000 * seconds + nanos / 1'000'000, 1000 * kLongest));
}

}  // namespace tomoslab
