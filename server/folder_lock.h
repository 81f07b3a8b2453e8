// One tomoslabd per data folder.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace tomoslab {

/// Held as long as it lives; the kernel ends it with the process.
class FolderLock {
 public:
  /// FailedPrecondition: another tomoslabd has it. PermissionDenied.
  static absl::StatusOr<std::unique_ptr<FolderLock>> Take(const std::string& folder);
  ~FolderLock();

 private:
  explicit FolderLock(int descriptor) : descriptor_(descriptor) {}
  const int descriptor_;
};

}  // namespace tomoslab
