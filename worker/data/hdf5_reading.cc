#include "worker/data/hdf5_reading.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "worker/core/status.h"

namespace tomoslab {
namespace {

constexpr std::int64_t kMaxNumbers = 16 << 20;
constexpr std::size_t kMaxText = 1 << 20;
constexpr std::int64_t kMaxTextsBytes = 64 << 20;
constexpr std::size_t kChunkCacheBytes = 64 << 20;
constexpr std::int64_t kLargestChunk = std::int64_t{1} << 30;  // HDF5 unpacks a chunk as a whole

absl::Status Error(absl::StatusCode code, const std::string& path, const std::string& key,
                   const std::string& text) {
  return absl::Status(code, key.empty() ? absl::StrCat(path, ": ", text)
                                        : absl::StrCat(path, ", ", key, ": ", text));
}

absl::Status Damaged(const std::string& path, const std::string& key, const std::string& what) {
  return Error(absl::StatusCode::kDataLoss, path, key,
               absl::StrCat(what, " (", LastHdf5Error(),
                            "); the file is truncated or damaged: copy it again"));
}

absl::Status InAnotherFile(const std::string& path, const std::string& key) {
  return Error(absl::StatusCode::kPermissionDenied, path, key,
               "lies in another file (external link, external storage or virtual dataset), which "
               "is not followed; "
               "put the data into one file, e.g. with h5repack or h5copy");
}

herr_t RefuseExternalLink(const char*, const char*, const char*, const char*, unsigned*, hid_t,
                          void* met) {
  *static_cast<bool*>(met) = true;
  return -1;
}

herr_t KeepDeepestError(unsigned, const H5E_error2_t* error, void* text) {
  if (error->desc != nullptr) *static_cast<std::string*>(text) = error->desc;
  return 0;
}

// Whether all bytes of a dataset that is not virtual lie in its own file.
bool IsPlainlyStored(hid_t dataset) {
  const Hdf5Handle creation(H5Dget_create_plist(dataset), H5Pclose);
  return H5Pget_external_count(creation.get()) == 0 && H5Pget_layout(creation.get()) != H5D_VIRTUAL;
}

// Whether a part of a virtual dataset is a plain dataset of the same file: neither another file's,
// nor virtual or linked there in turn.
bool IsOwnPart(hid_t file, hid_t creation, std::size_t part, hid_t access) {
  char name[4] = "";
  if (H5Pget_virtual_filename(creation, part, name, sizeof name) != 1 || name[0] != '.')
    return false;
  const ssize_t length = H5Pget_virtual_dsetname(creation, part, nullptr, 0);
  if (length < 1 || length > 1000) return false;
  std::string key(length + 1, '\0');
  H5Pget_virtual_dsetname(creation, part, key.data(), key.size());
  const Hdf5Handle source(H5Dopen2(file, key.c_str(), access), H5Dclose);
  return source && IsPlainlyStored(source.get());
}

// Whether all bytes of the dataset lie in its own file.
bool StoredElsewhere(hid_t file, hid_t dataset, hid_t access) {
  if (IsPlainlyStored(dataset)) return false;
  const Hdf5Handle creation(H5Dget_create_plist(dataset), H5Pclose);
  if (H5Pget_external_count(creation.get()) > 0) return true;
  std::size_t count = 0;
  H5Pget_virtual_count(creation.get(), &count);
  for (std::size_t i = 0; i < count; ++i) {
    if (!IsOwnPart(file, creation.get(), i, access)) return true;
  }
  return false;
}

// Bytes of one chunk when it is unpacked; 0 where the dataset has none.
std::int64_t ChunkBytes(hid_t dataset) {
  const Hdf5Handle creation(H5Dget_create_plist(dataset), H5Pclose),
      type(H5Dget_type(dataset), H5Tclose);
  if (H5Pget_layout(creation.get()) != H5D_CHUNKED) return 0;
  hsize_t sizes[H5S_MAX_RANK] = {};
  const int rank = H5Pget_chunk(creation.get(), H5S_MAX_RANK, sizes);
  double bytes = static_cast<double>(H5Tget_size(type.get()));
  for (int i = 0; i < rank; ++i) bytes *= static_cast<double>(sizes[i]);
  return static_cast<std::int64_t>(std::min(bytes, 9e18));
}

std::string TypeText(hid_t type) {
  const auto bits = 8 * H5Tget_size(type);
  if (H5Tget_class(type) == H5T_FLOAT) return absl::StrFormat("%d-bit float", bits);
  if (H5Tget_class(type) != H5T_INTEGER) return "no numbers";
  return absl::StrFormat("%d-bit %s integer", bits,
                         H5Tget_sign(type) == H5T_SGN_NONE ? "unsigned" : "signed");
}

std::optional<SampleType> OurType(hid_t type) {
  const std::size_t bytes = H5Tget_size(type);
  if (H5Tget_class(type) == H5T_FLOAT && bytes == 4) return SampleType::kFloat32;
  if (H5Tget_class(type) != H5T_INTEGER || H5Tget_sign(type) != H5T_SGN_NONE) return std::nullopt;
  if (bytes == 1) return SampleType::kUint8;
  if (bytes == 2) return SampleType::kUint16;
  return std::nullopt;
}

hid_t MemoryType(SampleType type) {
  switch (type) {
    case SampleType::kUint8:
      return H5T_STD_U8LE;
    case SampleType::kUint16:
      return H5T_STD_U16LE;
    case SampleType::kFloat32:
      return H5T_IEEE_F32LE;
  }
  return -1;
}

std::vector<std::int64_t> ShapeOf(hid_t space) {
  const int rank = H5Sget_simple_extent_ndims(space);
  std::vector<hsize_t> sizes(std::max(rank, 0));
  if (rank > 0) H5Sget_simple_extent_dims(space, sizes.data(), nullptr);
  return {sizes.begin(), sizes.end()};
}

// Reads one string through `read(type, buffer)`, of a dataset or an attribute with the type
// `stored`; nullopt: it failed.
template <class ReadInto>
std::optional<std::string> ReadText(hid_t stored, hid_t space, ReadInto&& read) {
  if (H5Tget_class(stored) != H5T_STRING || H5Sget_simple_extent_npoints(space) != 1)
    return std::nullopt;
  std::string text;
  if (H5Tis_variable_str(stored) > 0) {
    const Hdf5Handle type(H5Tcopy(stored), H5Tclose);
    char* value = nullptr;
    if (read(type.get(), &value) < 0) return std::nullopt;
    if (value != nullptr) text = value;
    H5Dvlen_reclaim(type.get(), space, H5P_DEFAULT, &value);
  } else {
    const std::size_t bytes = H5Tget_size(stored);
    if (bytes > kMaxText) return std::nullopt;
    text.resize(bytes);
    if (read(stored, text.data()) < 0) return std::nullopt;
    text.resize(std::strlen(text.c_str()));
  }
  return std::string(absl::StripAsciiWhitespace(text));
}

}  // namespace

void SilenceHdf5() { H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr); }

std::string LastHdf5Error() {
  std::string text = "no reason given";
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_DOWNWARD, KeepDeepestError, &text);
  return text;
}

absl::Status Hdf5Dataset::Read(const std::vector<std::int64_t>& start,
                               const std::vector<std::int64_t>& count, SampleType type,
                               void* out) const {
  SilenceHdf5();
  const std::vector<hsize_t> first(start.begin(), start.end()), block(count.begin(), count.end());
  const Hdf5Handle space(H5Dget_space(dataset.get()), H5Sclose);
  const Hdf5Handle memory(H5Screate_simple(static_cast<int>(block.size()), block.data(), nullptr),
                          H5Sclose);
  if (H5Sselect_hyperslab(space.get(), H5S_SELECT_SET, first.data(), nullptr, block.data(),
                          nullptr) < 0 ||
      H5Dread(dataset.get(), MemoryType(type), memory.get(), space.get(), H5P_DEFAULT, out) < 0) {
    return absl::DataLossError(absl::StrFormat(
        "%s: the block at [%s] of shape [%s] cannot be read (%s); the file is truncated or "
        "damaged, or "
        "needs an HDF5 filter that is not installed",
        key, absl::StrJoin(start, ", "), absl::StrJoin(count, ", "), LastHdf5Error()));
  }
  return absl::OkStatus();
}

absl::StatusOr<Hdf5File> Hdf5File::Open(const std::string& path) {
  SilenceHdf5();
  struct stat status;
  if (stat(path.c_str(), &status) != 0) {
    return Error(absl::StatusCode::kNotFound, path, "",
                 absl::StrCat("cannot be opened: ", std::strerror(errno)));
  }
  if (!S_ISREG(status.st_mode)) {
    return Error(absl::StatusCode::kInvalidArgument, path, "", "is not a file");
  }
  if (H5Fis_hdf5(path.c_str()) <= 0) {
    return Error(
        absl::StatusCode::kInvalidArgument, path, "",
        absl::StrFormat("is not an HDF5 file, or cannot be read (%d bytes)", status.st_size));
  }
  Hdf5File file;
  file.path_ = path;
  file.access_ = Hdf5Handle(H5Pcreate(H5P_DATASET_ACCESS), H5Pclose);
  H5Pset_elink_cb(file.access_.get(), RefuseExternalLink, file.met_external_link_.get());
  H5Pset_chunk_cache(file.access_.get(), 12421, kChunkCacheBytes, 1.0);
  file.file_ = Hdf5Handle(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose);
  if (!file.file_)
    return Damaged(path, "", absl::StrFormat("cannot be opened, %d bytes", status.st_size));
  return file;
}

absl::StatusOr<Hdf5Handle> Hdf5File::OpenObject(const std::string& key) const {
  SilenceHdf5();
  *met_external_link_ = false;
  std::string prefix;
  for (const absl::string_view component : absl::StrSplit(key, '/', absl::SkipEmpty())) {
    absl::StrAppend(&prefix, "/", component);
    if (H5Lexists(file_.get(), prefix.c_str(), access_.get()) <= 0) {
      if (*met_external_link_) return InAnotherFile(path_, prefix);
      return Error(absl::StatusCode::kNotFound, path_, key, "is missing");
    }
  }
  Hdf5Handle object(H5Oopen(file_.get(), key.c_str(), access_.get()), H5Oclose);
  if (object) return object;
  if (*met_external_link_) return InAnotherFile(path_, key);
  return Damaged(path_, key, "cannot be opened");
}

absl::Status Hdf5File::CheckStorage(const std::string& key, hid_t dataset) const {
  if (StoredElsewhere(file_.get(), dataset, access_.get())) return InAnotherFile(path_, key);
  const std::int64_t bytes = ChunkBytes(dataset);
  if (bytes <= kLargestChunk) return absl::OkStatus();
  return Error(
      absl::StatusCode::kInvalidArgument, path_, key,
      absl::StrFormat("is stored in chunks of %d bytes, and chunks of more than %d are not "
                      "unpacked; store it in chunks of a view, e.g. with h5repack -l "
                      "%s:CHUNK=...",
                      bytes, kLargestChunk, key));
}

absl::StatusOr<Hdf5Dataset> Hdf5File::OpenDataset(const std::string& key) const {
  TOMOSLAB_RETURN_IF_ERROR(OpenObject(key).status());
  Hdf5Dataset result;
  result.key = key;
  result.dataset = Hdf5Handle(H5Dopen2(file_.get(), key.c_str(), access_.get()), H5Dclose);
  if (!result.dataset)
    return Error(absl::StatusCode::kInvalidArgument, path_, key, "is not a dataset");
  TOMOSLAB_RETURN_IF_ERROR(CheckStorage(key, result.dataset.get()));
  const Hdf5Handle space(H5Dget_space(result.dataset.get()), H5Sclose);
  const Hdf5Handle type(H5Dget_type(result.dataset.get()), H5Tclose);
  if (!space || !type) return Damaged(path_, key, "has no readable shape and type");
  result.shape = ShapeOf(space.get());
  result.sample_type = OurType(type.get());
  result.stored_type = TypeText(type.get());
  const H5T_class_t kind = H5Tget_class(type.get());
  if (kind != H5T_INTEGER && kind != H5T_FLOAT) {
    return Error(absl::StatusCode::kInvalidArgument, path_, key, "does not hold numbers");
  }
  return result;
}

absl::StatusOr<std::vector<double>> Hdf5File::Numbers(const std::string& key) const {
  TOMOSLAB_ASSIGN_OR_RETURN(const Hdf5Dataset dataset, OpenDataset(key));
  const Hdf5Handle space(H5Dget_space(dataset.dataset.get()), H5Sclose);
  const std::int64_t count = H5Sget_simple_extent_npoints(space.get());
  if (count < 0 || count > kMaxNumbers || dataset.shape.size() > 2) {
    return Error(absl::StatusCode::kInvalidArgument, path_, key,
                 absl::StrFormat("has shape [%s]; a list of at most %d numbers is needed",
                                 absl::StrJoin(dataset.shape, ", "), kMaxNumbers));
  }
  std::vector<double> numbers(count);
  if (count > 0 && H5Dread(dataset.dataset.get(), H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT,
                           numbers.data()) < 0) {
    return Damaged(path_, key, "cannot be read");
  }
  return numbers;
}

absl::StatusOr<double> Hdf5File::Number(const std::string& key) const {
  TOMOSLAB_ASSIGN_OR_RETURN(const std::vector<double> numbers, Numbers(key));
  if (numbers.size() == 1) return numbers[0];
  return Error(absl::StatusCode::kInvalidArgument, path_, key,
               absl::StrFormat("holds %d numbers; one is needed", numbers.size()));
}

absl::StatusOr<std::string> Hdf5File::Text(const std::string& key) const {
  TOMOSLAB_RETURN_IF_ERROR(OpenObject(key).status());
  const Hdf5Handle dataset(H5Dopen2(file_.get(), key.c_str(), access_.get()), H5Dclose);
  if (!dataset) return Error(absl::StatusCode::kInvalidArgument, path_, key, "is not a dataset");
  TOMOSLAB_RETURN_IF_ERROR(CheckStorage(key, dataset.get()));
  const Hdf5Handle space(H5Dget_space(dataset.get()), H5Sclose),
      type(H5Dget_type(dataset.get()), H5Tclose);
  std::optional<std::string> text = ReadText(type.get(), space.get(), [&](hid_t memory, void* out) {
    return H5Dread(dataset.get(), memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, out);
  });
  if (text) return *std::move(text);
  return Error(absl::StatusCode::kInvalidArgument, path_, key, "is not one readable string");
}

absl::StatusOr<std::vector<std::string>> Hdf5File::Texts(const std::string& key) const {
  TOMOSLAB_RETURN_IF_ERROR(OpenObject(key).status());
  const Hdf5Handle dataset(H5Dopen2(file_.get(), key.c_str(), access_.get()), H5Dclose);
  if (!dataset) return Error(absl::StatusCode::kInvalidArgument, path_, key, "is not a dataset");
  TOMOSLAB_RETURN_IF_ERROR(CheckStorage(key, dataset.get()));
  const Hdf5Handle space(H5Dget_space(dataset.get()), H5Sclose);
  const Hdf5Handle type(H5Dget_type(dataset.get()), H5Tclose);
  const std::int64_t count = H5Sget_simple_extent_npoints(space.get());
  const std::size_t bytes = H5Tget_size(type.get());
  // Neither needs to be in the file: what was never written reads as blanks.
  const bool large = count > kMaxNumbers || bytes > 4096 ||
                     count * static_cast<std::int64_t>(bytes) > kMaxTextsBytes;
  if (H5Tget_class(type.get()) != H5T_STRING || count < 0 || large) {
    return Error(absl::StatusCode::kInvalidArgument, path_, key, "is not a list of short strings");
  }
  std::vector<std::string> texts(count);
  if (H5Tis_variable_str(type.get()) > 0) {
    std::vector<char*> values(count);
    if (H5Dread(dataset.get(), type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) < 0)
      return Damaged(path_, key, "cannot be read");
    for (std::int64_t i = 0; i < count; ++i) texts[i] = values[i] == nullptr ? "" : values[i];
    H5Dvlen_reclaim(type.get(), space.get(), H5P_DEFAULT, values.data());
    return texts;
  }
  std::string values(count * bytes, '\0');
  if (H5Dread(dataset.get(), type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) < 0)
    return Damaged(path_, key, "cannot be read");
  for (std::int64_t i = 0; i < count; ++i) {
    const std::string text = values.substr(i * bytes, bytes);
    texts[i] = std::string(absl::StripAsciiWhitespace(text.c_str()));
  }
  return texts;
}

absl::StatusOr<Hdf5Handle> Hdf5File::OpenAttribute(const std::string& key,
                                                   const std::string& name) const {
  TOMOSLAB_ASSIGN_OR_RETURN(const Hdf5Handle object, OpenObject(key));
  if (H5Aexists(object.get(), name.c_str()) <= 0) {
    return Error(absl::StatusCode::kNotFound, path_, absl::StrCat(key, "@", name), "is missing");
  }
  Hdf5Handle attribute(H5Aopen(object.get(), name.c_str(), H5P_DEFAULT), H5Aclose);
  if (!attribute) return Damaged(path_, absl::StrCat(key, "@", name), "cannot be opened");
  return attribute;
}

absl::StatusOr<double> Hdf5File::NumberAttribute(const std::string& key,
                                                 const std::string& name) const {
  TOMOSLAB_ASSIGN_OR_RETURN(const Hdf5Handle attribute, OpenAttribute(key, name));
  const Hdf5Handle space(H5Aget_space(attribute.get()), H5Sclose),
      type(H5Aget_type(attribute.get()), H5Tclose);
  double number = 0;
  const H5T_class_t kind = H5Tget_class(type.get());
  if ((kind != H5T_INTEGER && kind != H5T_FLOAT) ||
      H5Sget_simple_extent_npoints(space.get()) != 1 ||
      H5Aread(attribute.get(), H5T_NATIVE_DOUBLE, &number) < 0) {
    return Error(absl::StatusCode::kInvalidArgument, path_, absl::StrCat(key, "@", name),
                 "is not one number");
  }
  return number;
}

absl::StatusOr<std::string> Hdf5File::TextAttribute(const std::string& key,
                                                    const std::string& name) const {
  TOMOSLAB_ASSIGN_OR_RETURN(const Hdf5Handle attribute, OpenAttribute(key, name));
  const Hdf5Handle space(H5Aget_space(attribute.get()), H5Sclose),
      type(H5Aget_type(attribute.get()), H5Tclose);
  std::optional<std::string> text = ReadText(type.get(), space.get(), [&](hid_t memory, void* out) {
    return H5Aread(attribute.get(), memory, out);
  });
  if (text) return *std::move(text);
  return Error(absl::StatusCode::kInvalidArgument, path_, absl::StrCat(key, "@", name),
               "is not one readable string");
}

bool Hdf5File::Has(const std::string& key) const { return !IsMissing(OpenObject(key).status()); }

std::vector<std::string> Hdf5File::Children(const std::string& key) const {
  std::vector<std::string> names;
  absl::StatusOr<Hdf5Handle> object = OpenObject(key);
  H5G_info_t info;
  if (!object.ok() || H5Iget_type(object->get()) != H5I_GROUP ||
      H5Gget_info(object->get(), &info) < 0)
    return names;
  for (hsize_t i = 0; i < std::min<hsize_t>(info.nlinks, 10000); ++i) {
    const ssize_t bytes = H5Lget_name_by_idx(object->get(), ".", H5_INDEX_NAME, H5_ITER_INC, i,
                                             nullptr, 0, H5P_DEFAULT);
    if (bytes <= 0) continue;
    std::string name(bytes + 1, '\0');
    H5Lget_name_by_idx(object->get(), ".", H5_INDEX_NAME, H5_ITER_INC, i, name.data(), name.size(),
                       H5P_DEFAULT);
    name.resize(bytes);
    names.push_back(name);
  }
  return names;
}

}  // namespace tomoslab
