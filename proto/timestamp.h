// The time of day as messages carry it.
#pragma once

#include <google/protobuf/util/time_util.h>

#include "absl/time/clock.h"

namespace tomoslab {

/// Now, to the microsecond; TimeUtil::GetCurrentTime knows whole seconds only.
inline google::protobuf::Timestamp TimestampNow() {
  return google::protobuf::util::TimeUtil::MicrosecondsToTimestamp(absl::GetCurrentTimeNanos() /
                                                                   1000);
}

}  // namespace tomoslab
