#include "proto/grpc_status.h"

#include <google/protobuf/util/time_util.h>

#include "absl/strings/cord.h"
#include "google/rpc/status.pb.h"

namespace tomoslab {
namespace {

using google::protobuf::util::TimeUtil;

constexpr const char* kRetryInfo = "type.googleapis.com/google.rpc.RetryInfo";

}  // namespace

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  const auto code = static_cast<grpc::StatusCode>(status.code());
  const std::string message(status.message());
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
                         status.error_message());
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
  constexpr std::int64_t kLongest = 3'600'000;
  const std::int64_t delay = TimeUtil::DurationToMilliseconds(info.retry_delay());
  return std::chrono::milliseconds(delay < 0 ? 0 : delay > kLongest ? kLongest : delay);
}

}  // namespace tomoslab
