#include "worker/data/hdf5_writing.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "worker/core/status.h"

namespace tomoslab {
namespace {

// Variable length, so that h5py reads str.
Hdf5Handle StringType() {
  Hdf5Handle type(H5Tcopy(H5T_C_S1), H5Tclose);
  H5Tset_size(type.get(), H5T_VARIABLE);
  H5Tset_cset(type.get(), H5T_CSET_UTF8);
  return type;
}

Hdf5Handle SpaceOf(const std::vector<std::int64_t>& shape) {
  if (shape.empty()) return Hdf5Handle(H5Screate(H5S_SCALAR), H5Sclose);
  const std::vector<hsize_t> sizes(shape.begin(), shape.end());
  return Hdf5Handle(H5Screate_simple(static_cast<int>(sizes.size()), sizes.data(), nullptr),
                    H5Sclose);
}

}  // namespace

absl::StatusOr<Hdf5NewFile> Hdf5NewFile::Create(const std::string& path) {
  SilenceHdf5();
  Hdf5NewFile file;
  file.path_ = path;
  file.part_path_ = path + ".part";
  file.file_ = Hdf5Handle(
      H5Fcreate(file.part_path_.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), H5Fclose);
  if (file.file_) return file;
  const std::string why = LastHdf5Error();
  file.part_path_.clear();
  return absl::InvalidArgumentError(absl::StrCat(
      path, ": cannot be created (", why, "); is the folder there, and may you write into it?"));
}

Hdf5NewFile::~Hdf5NewFile() {
  if (!file_) return;
  file_ = Hdf5Handle();
  std::remove(part_path_.c_str());
}

absl::Status Hdf5NewFile::Failed(const std::string& what) const {
  return absl::ResourceExhaustedError(absl::StrCat(path_, ": ", what, " cannot be written (",
                                                   LastHdf5Error(), "); is the disk full?"));
}

absl::Status Hdf5NewFile::AddGroup(const std::string& key) {
  const Hdf5Handle links(H5Pcreate(H5P_LINK_CREATE), H5Pclose);
  H5Pset_create_intermediate_group(links.get(), 1);
  const Hdf5Handle group(
      H5Gcreate2(file_.get(), key.c_str(), links.get(), H5P_DEFAULT, H5P_DEFAULT), H5Gclose);
  return group ? absl::OkStatus() : Failed(key);
}

absl::StatusOr<Hdf5Handle> Hdf5NewFile::AddDataset(const std::string& key, hid_t type,
                                                   const std::vector<std::int64_t>& shape) {
  const Hdf5Handle links(H5Pcreate(H5P_LINK_CREATE), H5Pclose), space = SpaceOf(shape);
  H5Pset_create_intermediate_group(links.get(), 1);
  Hdf5Handle dataset(H5Dcreate2(file_.get(), key.c_str(), type, space.get(), links.get(),
                                H5P_DEFAULT, H5P_DEFAULT),
                     H5Dclose);
  if (!dataset) return Failed(key);
  return dataset;
}

absl::Status Hdf5NewFile::AddNumbers(const std::string& key, absl::Span<const double> numbers,
                                     const std::vector<std::int64_t>& shape) {
  TOMOSLAB_ASSIGN_OR_RETURN(const Hdf5Handle dataset, AddDataset(key, H5T_IEEE_F64LE, shape));
  if (H5Dwrite(dataset.get(), H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, numbers.data()) < 0)
    return Failed(key);
  return absl::OkStatus();
}

absl::Status Hdf5NewFile::AddText(const std::string& key, const std::string& text) {
  const Hdf5Handle type = StringType();
  const char* const value = text.c_str();
  TOMOSLAB_ASSIGN_OR_RETURN(const Hdf5Handle dataset, AddDataset(key, type.get(), {}));
  if (H5Dwrite(dataset.get(), type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, &value) < 0)
    return Failed(key);
  return absl::OkStatus();
}

absl::Status Hdf5NewFile::SetAttribute(const std::string& key, const std::string& name,
                                       double value) {
  const Hdf5Handle space = SpaceOf({});
  const Hdf5Handle attribute(
      H5Acreate_by_name(file_.get(), key.c_str(), name.c_str(), H5T_IEEE_F64LE, space.get(),
                        H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
      H5Aclose);
  if (!attribute || H5Awrite(attribute.get(), H5T_NATIVE_DOUBLE, &value) < 0)
    return Failed(absl::StrCat(key, "@", name));
  return absl::OkStatus();
}

absl::Status Hdf5NewFile::SetAttribute(const std::string& key, const std::string& name,
                                       absl::Span<const double> values) {
  const Hdf5Handle space = SpaceOf({static_cast<std::int64_t>(values.size())});
  const Hdf5Handle attribute(
      H5Acreate_by_name(file_.get(), key.c_str(), name.c_str(), H5T_IEEE_F64LE, space.get(),
                        H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
      H5Aclose);
  if (!attribute || H5Awrite(attribute.get(), H5T_NATIVE_DOUBLE, values.data()) < 0)
    return Failed(absl::StrCat(key, "@", name));
  return absl::OkStatus();
}

absl::Status Hdf5NewFile::SetAttribute(const std::string& key, const std::string& name,
                                       const std::string& text) {
  const Hdf5Handle type = StringType(), space = SpaceOf({});
  const char* const value = text.c_str();
  const Hdf5Handle attribute(H5Acreate_by_name(file_.get(), key.c_str(), name.c_str(), type.get(),
                                               space.get(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
                             H5Aclose);
  if (!attribute || H5Awrite(attribute.get(), type.get(), &value) < 0)
    return Failed(absl::StrCat(key, "@", name));
  return absl::OkStatus();
}

absl::Status Hdf5NewFile::Write(const Hdf5Handle& dataset, hid_t memory_type,
                                const std::vector<std::int64_t>& start,
                                const std::vector<std::int64_t>& count, const void* data) {
  const std::vector<hsize_t> first(start.begin(), start.end()), block(count.begin(), count.end());
  const Hdf5Handle space(H5Dget_space(dataset.get()), H5Sclose), memory = SpaceOf(count);
  if (H5Sselect_hyperslab(space.get(), H5S_SELECT_SET, first.data(), nullptr, block.data(),
                          nullptr) < 0 ||
      H5Dwrite(dataset.get(), memory_type, memory.get(), space.get(), H5P_DEFAULT, data) < 0) {
    return Failed("data");
  }
  return absl::OkStatus();
}

absl::Status Hdf5NewFile::Publish() {
  if (H5Fflush(file_.get(), H5F_SCOPE_GLOBAL) < 0) return Failed("the end");
  file_ = Hdf5Handle();
  if (std::rename(part_path_.c_str(), path_.c_str()) == 0) return absl::OkStatus();
  const int error = errno;
  std::remove(part_path_.c_str());
  return absl::InvalidArgumentError(
      absl::StrCat(path_, ": cannot be put in place: ", std::strerror(error)));
}

}  // namespace tomoslab
