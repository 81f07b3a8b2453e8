// The few HDF5 writing calls that our writers share.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "worker/data/hdf5_reading.h"

namespace tomoslab {

/// A new file under construction: written as PATH.part, which Publish renames to PATH; removed when
/// it is not published.
class Hdf5NewFile {
 public:
  static absl::StatusOr<Hdf5NewFile> Create(const std::string& path);
  Hdf5NewFile(Hdf5NewFile&&) = default;
  ~Hdf5NewFile();

  const std::string& path() const { return path_; }

  absl::Status AddGroup(const std::string& key);  // with its parents
  absl::StatusOr<Hdf5Handle> AddDataset(const std::string& key, hid_t type,
                                        const std::vector<std::int64_t>& shape);
  absl::Status AddNumbers(const std::string& key, absl::Span<const double> numbers,
                          const std::vector<std::int64_t>& shape);
  absl::Status AddText(const std::string& key, const std::string& text);
  absl::Status SetAttribute(const std::string& key, const std::string& name, double value);
  absl::Status SetAttribute(const std::string& key, const std::string& name,
                            absl::Span<const double> values);
  absl::Status SetAttribute(const std::string& key, const std::string& name,
                            const std::string& text);
  /// One block of a dataset, from memory of type `memory_type`.
  absl::Status Write(const Hdf5Handle& dataset, hid_t memory_type,
                     const std::vector<std::int64_t>& start, const std::vector<std::int64_t>& count,
                     const void* data);
  absl::Status Publish();

 private:
  Hdf5NewFile() = default;
  absl::Status Failed(const std::string& what) const;

  std::string path_, part_path_;
  Hdf5Handle file_;
};

}  // namespace tomoslab
