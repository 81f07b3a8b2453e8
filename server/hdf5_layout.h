// Lays out an HDF5 file once: contiguous datasets whose bytes are afterwards written in place
// (data_file.h). The file is valid HDF5 at every moment after Finish.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/data_file.h"
#include "tomoslab/v1/scan.pb.h"

namespace tomoslab {

/// Errors of the single steps are kept; Finish returns the first. HDF5's serial library is not
/// thread-safe: a layout holds the process's one HDF5 lock while it lives, so keep it short.
class Hdf5Layout {
 public:
  /// Lays out `path`.partial; Finish gives it its name.
  explicit Hdf5Layout(const std::string& path);
  ~Hdf5Layout();  // removes an unfinished file
  Hdf5Layout(const Hdf5Layout&) = delete;
  Hdf5Layout& operator=(const Hdf5Layout&) = delete;

  /// A contiguous dataset, its place allocated and its values to come.
  void AddArray(const std::string& name, const std::vector<std::int64_t>& shape, v1::DataType type);
  /// Small datasets, written now.
  void AddNumbers(const std::string& name, const std::vector<std::int64_t>& shape,
                  const std::vector<double>& values);
  void AddText(const std::string& name, const std::string& text);
  void AddGroup(const std::string& name);

  /// Attributes of a group or dataset that was added before. Text up to 60,000 bytes; more is cut
  /// off.
  void SetText(const std::string& object, const std::string& attribute, const std::string& text);
  void SetNumber(const std::string& object, const std::string& attribute, double value);
  void SetInteger(const std::string& object, const std::string& attribute, std::int64_t value);
  void SetNumbers(const std::string& object, const std::string& attribute,
                  const std::vector<double>& values);

  /// Closes the file, reserves its arrays' space on disk, syncs it and gives it its name.
  /// ResourceExhausted: the disk is full (nothing is left behind).
  absl::Status Finish();

 private:
  void Note(bool ok, const std::string& doing);
  void Close();
  absl::Status ReserveArrays() const;

  std::unique_lock<std::mutex> lock_;
  std::string path_, partial_path_;
  std::int64_t file_ = -1;
  std::vector<Extent> arrays_;
  absl::Status status_;
  bool finished_ = false;
};

/// Where a contiguous dataset's bytes, of which there must be so many, lie in its file. NotFound:
/// there is no such file or dataset. DataLoss: the file or dataset is damaged. Others as
/// FileError's.
absl::StatusOr<Extent> FindArray(const std::string& path, const std::string& name,
                                 std::int64_t bytes);

/// Overwrites attributes that the layout created, in place.
absl::Status OverwriteNumber(const std::string& path, const std::string& object,
                             const std::string& attribute, double value);
absl::Status OverwriteInteger(const std::string& path, const std::string& object,
                              const std::string& attribute, std::int64_t value);

}  // namespace tomoslab
