#include "proto/grpc_status.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

#include "google/rpc/status.pb.h"

namespace tomoslab {
namespace {

TEST(GrpcStatus, CodeAndMessageTravel) {
  const absl::Status there = FromGrpc(ToGrpc(absl::NotFoundError("there is no jobs/7")));
  EXPECT_EQ(there, absl::NotFoundError("there is no jobs/7"));
  EXPECT_TRUE(FromGrpc(ToGrpc(absl::OkStatus())).ok());
  EXPECT_FALSE(RetryDelay(there).has_value());
}

TEST(GrpcStatus, RetryDelayTravelsAsRetryInfo) {
  absl::Status status = absl::ResourceExhaustedError("too many calls");
  SetRetryDelay(std::chrono::milliseconds(1500), &status);
  const grpc::Status sent = ToGrpc(status);
  google::rpc::Status details;
  ASSERT_TRUE(details.ParseFromString(sent.error_details()));
  EXPECT_EQ(details.code(), 8);
  google::rpc::RetryInfo info;
  ASSERT_TRUE(details.details(0).UnpackTo(&info));  // as a client in another language does
  EXPECT_EQ(info.retry_delay().seconds(), 1);
  EXPECT_EQ(RetryDelay(FromGrpc(sent)), std::chrono::milliseconds(1500));
}

TEST(GrpcStatus, DetailsOfStrangersDoNoHarm) {
  const grpc::Status garbage(grpc::StatusCode::UNAVAILABLE, "x", "\xff\xff not a message");
  EXPECT_EQ(FromGrpc(garbage), absl::UnavailableError("x"));
  absl::Status status = absl::ResourceExhaustedError("x");
  SetRetryDelay(std::chrono::hours(1'000'000), &status);
  EXPECT_EQ(RetryDelay(status), std::chrono::hours(1));  // nobody waits for years
  google::rpc::RetryInfo info;
  info.mutable_retry_delay()->set_seconds(std::numeric_limits<std::int64_t>::max());
  status.SetPayload("type.googleapis.com/google.rpc.RetryInfo",
                    absl::Cord(info.SerializeAsString()));
  EXPECT_EQ(RetryDelay(status), std::chrono::hours(1));
}

TEST(GrpcStatus, MessagesThatQuoteStrangersAreOneLineAndFitIntoAHeader) {
  const absl::Status quoting = absl::NotFoundError("there is no \"" + std::string(4 << 20, 'x'));
  EXPECT_LE(ToGrpc(quoting).error_message().size(), 1500);
  const grpc::Status evil(grpc::StatusCode::UNAVAILABLE, "a\n\x1b[2Jb\xff");
  EXPECT_EQ(FromGrpc(evil), absl::UnavailableError("a  [2Jb "));
}

}  // namespace
}  // namespace tomoslab
