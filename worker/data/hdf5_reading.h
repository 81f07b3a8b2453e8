// HDF5 files that strangers wrote: opened read-only, quiet, and never followed into other files.
#pragma once

#include <hdf5.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "worker/data/scan_description.h"

namespace tomoslab {

/// Owns one HDF5 identifier.
class Hdf5Handle {
 public:
  Hdf5Handle() = default;
  Hdf5Handle(hid_t id, herr_t (*close)(hid_t)) : id_(id), close_(close) {}
  Hdf5Handle(Hdf5Handle&& other) noexcept : id_(other.id_), close_(other.close_) { other.id_ = -1; }
  Hdf5Handle& operator=(Hdf5Handle&& other) noexcept {
    std::swap(id_, other.id_);
    std::swap(close_, other.close_);
    return *this;
  }
  ~Hdf5Handle() {
    if (id_ >= 0) close_(id_);
  }
  hid_t get() const { return id_; }
  explicit operator bool() const { return id_ >= 0; }

 private:
  hid_t id_ = -1;
  herr_t (*close_)(hid_t) = nullptr;
};

/// HDF5 prints its error stack by default; this switches it off for the calling thread.
void SilenceHdf5();
/// What HDF5 says about the last failure, in one line.
std::string LastHdf5Error();

/// A dataset whose bytes lie in the file itself.
struct Hdf5Dataset {
  std::string key;  // "/exchange/data"
  std::vector<std::int64_t> shape;
  Hdf5Handle dataset;
  std::optional<SampleType>
      sample_type;          // as stored, where it is one of ours; else read as float32
  std::string stored_type;  // for people: "16-bit unsigned integer"

  /// Reads the block at `start` of size `count` as `type`, little endian, into `out` (product of
  /// count samples). DataLoss.
  absl::Status Read(const std::vector<std::int64_t>& start, const std::vector<std::int64_t>& count,
                    SampleType type, void* out) const;
};

class Hdf5File {
 public:
  /// NotFound, InvalidArgument (not an HDF5 file), DataLoss (truncated or damaged).
  static absl::StatusOr<Hdf5File> Open(const std::string& path);

  const std::string& path() const { return path_; }

  // In all of these: NotFound where there is no such key; PermissionDenied where it lies in another
  // file; InvalidArgument where it is something else than asked for; DataLoss where it cannot be
  // read. All name file and key.
  absl::StatusOr<Hdf5Dataset> OpenDataset(const std::string& key) const;      // of numbers
  absl::StatusOr<std::vector<double>> Numbers(const std::string& key) const;  // at most 16 million
  absl::StatusOr<double> Number(const std::string& key) const;
  absl::StatusOr<std::string> Text(const std::string& key) const;
  absl::StatusOr<std::vector<std::string>> Texts(const std::string& key) const;  // a list
  absl::StatusOr<double> NumberAttribute(const std::string& key, const std::string& name) const;
  absl::StatusOr<std::string> TextAttribute(const std::string& key, const std::string& name) const;

  bool Has(const std::string& key) const;
  std::vector<std::string> Children(
      const std::string& key) const;  // names of a group's links; {} else

 private:
  absl::StatusOr<Hdf5Handle> OpenObject(const std::string& key) const;
  /// Its bytes lie in this file, in pieces that fit into memory.
  absl::Status CheckStorage(const std::string& key, hid_t dataset) const;
  absl::StatusOr<Hdf5Handle> OpenAttribute(const std::string& key, const std::string& name) const;

  std::string path_;
  std::unique_ptr<bool> met_external_link_ = std::make_unique<bool>(false);
  Hdf5Handle access_;  // refuses external links
  Hdf5Handle file_;
};

/// True when the status only says that there is no such key.
inline bool IsMissing(const absl::Status& status) {
  return status.code() == absl::StatusCode::kNotFound;
}

}  // namespace tomoslab
