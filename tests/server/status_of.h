// EXPECT_EQ(CodeOf(x), kNotFound): the status code of a Status or StatusOr.
#pragma once

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tomoslab {

using enum absl::StatusCode;

inline absl::StatusCode CodeOf(const absl::Status& status) { return status.code(); }
template <class T>
absl::StatusCode CodeOf(const absl::StatusOr<T>& result) {
  return result.status().code();
}

}  // namespace tomoslab
