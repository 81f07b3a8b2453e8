#include "server/hdf5_layout.h"

#include <cerrno>
#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "server/hdf5_handle.h"
#include "worker/core/status.h"

namespace tomoslab {
namespace {

constexpr std::size_t kLongestAttribute =
    60000;  // HDF5's limit for a compact object header is 64 KiB
constexpr hsize_t kAlignment = 4096;

std::mutex& Hdf5Mutex() {
  static std::mutex mutex;
  return mutex;
}

std::unique_lock<std::mutex> LockHdf5() {
  std::unique_lock<std::mutex> lock(Hdf5Mutex());
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);  // errors are returned, not printed
  return lock;
}

hid_t TypeOf(v1::DataType type) {
  switch (type) {
    case v1::DATA_TYPE_UINT8:
      return H5T_STD_U8LE;
    case v1::DATA_TYPE_UINT16:
      return H5T_STD_U16LE;
    default:
      return H5T_IEEE_F32LE;
  }
}

Hdf5Handle DataspaceOf(const std::vector<std::int64_t>& shape) {
  const std::vector<hsize_t> size(shape.begin(), shape.end());
  return {H5Screate_simple(static_cast<int>(size.size()), size.data(), nullptr), H5Sclose};
}

Hdf5Handle ScalarSpace() { return {H5Screate(H5S_SCALAR), H5Sclose}; }

Hdf5Handle TextType(std::size_t size) {
  const hid_t type = H5Tcopy(H5T_C_S1);
  H5Tset_size(type, size > 0 ? size : 1);
  H5Tset_cset(type, H5T_CSET_UTF8);
  return {type, H5Tclose};
}

Hdf5Handle IntermediateGroups() {
  const hid_t list = H5Pcreate(H5P_LINK_CREATE);
  H5Pset_create_intermediate_group(list, 1);
  return {list, H5Pclose};
}

Hdf5Handle AllocatedAtOnce() {
  const hid_t list = H5Pcreate(H5P_DATASET_CREATE);
  H5Pset_layout(list, H5D_CONTIGUOUS);
  H5Pset_alloc_time(list, H5D_ALLOC_TIME_EARLY);
  H5Pset_fill_time(list, H5D_FILL_TIME_NEVER);
  return {list, H5Pclose};
}

Hdf5Handle AlignedFile() {
  const hid_t list = H5Pcreate(H5P_FILE_ACCESS);
  H5Pset_alignment(list, 1 << 16, kAlignment);
  // The first format whose own structures have checksums: damage to them is an error, not a crash.
  H5Pset_libver_bounds(list, H5F_LIBVER_V18, H5F_LIBVER_V18);
  return {list, H5Pclose};
}

Hdf5Handle OpenFile(const std::string& path, unsigned mode) {
  return {H5Fopen(path.c_str(), mode, H5P_DEFAULT), H5Fclose};
}

/// Some group on the way to "/GROUP/NAME", or NAME itself, is surely not there.
bool IsMissing(hid_t file, const std::string& name) {
  for (std::size_t end = name.find('/', 1);; end = name.find('/', end + 1)) {
    const htri_t there = H5Lexists(file, name.substr(0, end).c_str(), H5P_DEFAULT);
    if (there == 0) return true;
    if (there < 0 || end == std::string::npos) return false;
  }
}

absl::Status Damaged(const std::string& path, const std::string& what) {
  return absl::DataLossError(absl::StrFormat("%s is damaged: %s", path, what));
}

/// Why HDF5 failed on a file; `error`: errno then. HDF5 does not tell a damaged file from a failing
/// disk or a full table of files, and what is damaged is given up: so the file is read once more.
absl::Status WhyUnreadable(int error, const std::string& path, const std::string& what) {
  constexpr std::int64_t kPiece = 1 << 16;
  const absl::Status failure = FileError(error, "read", path);
  if (absl::IsUnavailable(failure)) return failure;
  TOMOSLAB_ASSIGN_OR_RETURN(const DataFile file, DataFile::Open(path));
  std::string bytes(kPiece, '\0');
  const absl::Status read = file.ReadAt(0, bytes.data(), kPiece);
  return absl::IsUnavailable(read) ? read : Damaged(path, what);
}

bool WriteAttribute(hid_t file, const std::string& object, const std::string& name, hid_t type,
                    const void* value, const Hdf5Handle& space) {
  const Hdf5Handle attribute(H5Acreate_by_name(file, object.c_str(), name.c_str(), type,
                                               space.get(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
                             H5Aclose);
  const bool native = type == H5T_IEEE_F64LE || type == H5T_STD_I64LE;
  const hid_t memory = !native                  ? type
                       : type == H5T_IEEE_F64LE ? H5T_NATIVE_DOUBLE
                                                : H5T_NATIVE_INT64;
  return attribute.ok() && H5Awrite(attribute.get(), memory, value) >= 0;
}

absl::Status OverwriteAttribute(const std::string& path, const std::string& object,
                                const std::string& name, hid_t memory_type, const void* value) {
  const auto lock = LockHdf5();
  errno = 0;
  const Hdf5Handle file = OpenFile(path, H5F_ACC_RDWR);
  if (!file.ok()) return WhyUnreadable(errno, path, "HDF5 cannot open it");
  const Hdf5Handle owner(H5Oopen(file.get(), object.c_str(), H5P_DEFAULT), H5Oclose);
  const Hdf5Handle attribute(H5Aopen(owner.get(), name.c_str(), H5P_DEFAULT), H5Aclose);
  if (attribute.ok() && H5Awrite(attribute.get(), memory_type, value) >= 0) {
    return absl::OkStatus();
  }
  return Damaged(path, absl::StrFormat("attribute %s of %s cannot be written", name, object));
}

}  // namespace

Hdf5Layout::Hdf5Layout(const std::string& path)
    : lock_(LockHdf5()), path_(path), partial_path_(path + ".partial") {
  errno = 0;
  file_ = H5Fcreate(partial_path_.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, AlignedFile().get());
  Note(file_ >= 0, "create the file");
}

Hdf5Layout::~Hdf5Layout() {
  Close();
  if (!finished_) RemoveFile(partial_path_).IgnoreError();
}

void Hdf5Layout::Note(bool ok, const std::string& doing) {
  if (ok || !status_.ok()) return;
  status_ = errno != 0
                ? FileError(errno, doing + " in", partial_path_)
                : absl::InternalError(absl::StrFormat("cannot %s in %s", doing, partial_path_));
}

void Hdf5Layout::Close() {
  if (file_ >= 0) Note(H5Fclose(std::exchange(file_, -1)) >= 0, "finish writing");
}

void Hdf5Layout::AddArray(const std::string& name, const std::vector<std::int64_t>& shape,
                          v1::DataType type) {
  const Hdf5Handle dataset(
      H5Dcreate2(file_, name.c_str(), TypeOf(type), DataspaceOf(shape).get(),
                 IntermediateGroups().get(), AllocatedAtOnce().get(), H5P_DEFAULT),
      H5Dclose);
  const haddr_t offset = dataset.ok() ? H5Dget_offset(dataset.get()) : HADDR_UNDEF;
  Note(offset != HADDR_UNDEF, "lay out " + name);
  if (offset == HADDR_UNDEF) return;
  arrays_.push_back({static_cast<std::int64_t>(offset),
                     static_cast<std::int64_t>(H5Dget_storage_size(dataset.get()))});
}

void Hdf5Layout::AddNumbers(const std::string& name, const std::vector<std::int64_t>& shape,
                            const std::vector<double>& values) {
  const Hdf5Handle dataset(H5Dcreate2(file_, name.c_str(), H5T_IEEE_F64LE, DataspaceOf(shape).get(),
                                      IntermediateGroups().get(), H5P_DEFAULT, H5P_DEFAULT),
                           H5Dclose);
  Note(dataset.ok() && H5Dwrite(dataset.get(), H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT,
                                values.data()) >= 0,
       "write " + name);
}

void Hdf5Layout::AddText(const std::string& name, const std::string& text) {
  const Hdf5Handle type = TextType(text.size());
  const Hdf5Handle dataset(H5Dcreate2(file_, name.c_str(), type.get(), ScalarSpace().get(),
                                      IntermediateGroups().get(), H5P_DEFAULT, H5P_DEFAULT),
                           H5Dclose);
  Note(dataset.ok() &&
           H5Dwrite(dataset.get(), type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, text.c_str()) >= 0,
       "write " + name);
}

void Hdf5Layout::AddGroup(const std::string& name) {
  const Hdf5Handle group(
      H5Gcreate2(file_, name.c_str(), IntermediateGroups().get(), H5P_DEFAULT, H5P_DEFAULT),
      H5Gclose);
  Note(group.ok(), "create " + name);
}

void Hdf5Layout::SetText(const std::string& object, const std::string& attribute,
                         const std::string& text) {
  const std::string cut = text.substr(0, kLongestAttribute);
  const Hdf5Handle type = TextType(cut.size());
  Note(WriteAttribute(file_, object, attribute, type.get(), cut.c_str(), ScalarSpace()),
       "write attribute " + attribute);
}

void Hdf5Layout::SetNumber(const std::string& object, const std::string& attribute, double value) {
  Note(WriteAttribute(file_, object, attribute, H5T_IEEE_F64LE, &value, ScalarSpace()),
       "write attribute " + attribute);
}

void Hdf5Layout::SetInteger(const std::string& object, const std::string& attribute,
                            std::int64_t value) {
  Note(WriteAttribute(file_, object, attribute, H5T_STD_I64LE, &value, ScalarSpace()),
       "write attribute " + attribute);
}

void Hdf5Layout::SetNumbers(const std::string& object, const std::string& attribute,
                            const std::vector<double>& values) {
  const Hdf5Handle space = DataspaceOf({static_cast<std::int64_t>(values.size())});
  Note(WriteAttribute(file_, object, attribute, H5T_IEEE_F64LE, values.data(), space),
       "write attribute " + attribute);
}

absl::Status Hdf5Layout::ReserveArrays() const {
  TOMOSLAB_ASSIGN_OR_RETURN(const DataFile file, DataFile::Open(partial_path_));
  for (const Extent& array : arrays_) TOMOSLAB_RETURN_IF_ERROR(file.Reserve(array));
  return file.Sync();
}

absl::Status Hdf5Layout::Finish() {
  Close();
  TOMOSLAB_RETURN_IF_ERROR(status_);
  TOMOSLAB_RETURN_IF_ERROR(ReserveArrays());
  if (std::rename(partial_path_.c_str(), path_.c_str()) != 0)
    return FileError(errno, "rename to " + path_ + " the file", partial_path_);
  finished_ = true;
  return SyncFolder(path_.substr(0, path_.rfind('/')));
}

absl::StatusOr<Extent> FindArray(const std::string& path, const std::string& name,
                                 std::int64_t bytes) {
  const auto lock = LockHdf5();
  errno = 0;
  const Hdf5Handle file = OpenFile(path, H5F_ACC_RDONLY);
  if (!file.ok()) return WhyUnreadable(errno, path, "HDF5 cannot open it");
  const Hdf5Handle dataset(H5Dopen2(file.get(), name.c_str(), H5P_DEFAULT), H5Dclose);
  const int error = errno;
  if (!dataset.ok() && IsMissing(file.get(), name))
    return absl::NotFoundError(absl::StrFormat("%s holds no %s", path, name));
  if (!dataset.ok()) return WhyUnreadable(error, path, "HDF5 cannot open " + name);
  const haddr_t offset = H5Dget_offset(dataset.get());
  if (offset == HADDR_UNDEF) return Damaged(path, name + " has no place in the file");
  const Extent array{static_cast<std::int64_t>(offset),
                     static_cast<std::int64_t>(H5Dget_storage_size(dataset.get()))};
  if (array.bytes != bytes)
    return Damaged(path,
                   absl::StrFormat("%s holds %d bytes instead of %d", name, array.bytes, bytes));
  hsize_t end = 0;
  const bool inside = H5Fget_filesize(file.get(), &end) >= 0 && array.offset >= 0 &&
                      array.bytes >= 0 && array.offset <= static_cast<std::int64_t>(end) &&
                      array.bytes <= static_cast<std::int64_t>(end) - array.offset;
  return inside ? absl::StatusOr<Extent>(array)
                : Damaged(path, absl::StrFormat("%s lies at byte %d of the file's %d", name,
                                                array.offset, end));
}

absl::Status OverwriteNumber(const std::string& path, const std::string& object,
                             const std::string& attribute, double value) {
  return OverwriteAttribute(path, object, attribute, H5T_NATIVE_DOUBLE, &value);
}

absl::Status OverwriteInteger(const std::string& path, const std::string& object,
                              const std::string& attribute, std::int64_t value) {
  return OverwriteAttribute(path, object, attribute, H5T_NATIVE_INT64, &value);
}

}  // namespace tomoslab
