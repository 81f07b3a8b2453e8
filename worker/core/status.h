// Status at every boundary (RPC, file, spec). Debian's Abseil has no status macros; these are the
// two we need.
#pragma once

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#define TOMOSLAB_CONCAT_INNER(a, b) a##b
#define TOMOSLAB_CONCAT(a, b) TOMOSLAB_CONCAT_INNER(a, b)

#define TOMOSLAB_RETURN_IF_ERROR(expression) \
  TOMOSLAB_RETURN_IF_ERROR_INNER(TOMOSLAB_CONCAT(tomoslab_status_, __LINE__), expression)
#define TOMOSLAB_RETURN_IF_ERROR_INNER(status, expression)               \
  do {                                                                   \
    if (absl::Status status = (expression); !status.ok()) return status; \
  } while (false)

#define TOMOSLAB_ASSIGN_OR_RETURN(target, expression) \
  TOMOSLAB_ASSIGN_OR_RETURN_INNER(TOMOSLAB_CONCAT(tomoslab_or_, __LINE__), target, expression)
#define TOMOSLAB_ASSIGN_OR_RETURN_INNER(temporary, target, expression) \
  auto temporary = (expression);                                       \
  if (!temporary.ok()) return std::move(temporary).status();           \
  target = *std::move(temporary)
