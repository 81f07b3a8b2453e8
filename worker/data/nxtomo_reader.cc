// NeXus NXtomo files (docs/use.md, Files): one stack of frames with an image_key per frame; also
// Diamond's layout.
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "worker/core/status.h"
#include "worker/data/hdf5_scan_reader.h"
#include "worker/data/import_geometry.h"

namespace tomoslab {
namespace {

constexpr int kProjectionKey = 0, kFlatKey = 1, kDarkKey = 2;

// The first key that exists; the first of all when none does, so that an error names the usual
// place.
std::string FirstPresent(const Hdf5File& file, const std::vector<std::string>& keys) {
  for (const std::string& key : keys) {
    if (file.Has(key)) return key;
  }
  return keys.front();
}

bool IsNxtomo(const Hdf5File& file, const std::string& group) {
  const absl::StatusOr<std::string> definition = file.Text(group + "/definition");
  return definition.ok() && absl::AsciiStrToLower(*definition) == "nxtomo";
}

// Frames by kind, and for each flat and dark how many views came before it.
struct FramesByKey {
  std::vector<std::int64_t> index[3];  // by FrameKind
  std::vector<int> after_views[3];
  std::vector<std::int64_t> dropped;
};

FramesByKey SortFrames(const std::vector<double>& image_key) {
  FramesByKey frames;
  for (std::size_t i = 0; i < image_key.size(); ++i) {
    const auto frame = static_cast<std::int64_t>(i);
    const double key = image_key[i];
    if (key != kProjectionKey && key != kFlatKey && key != kDarkKey) {
      frames.dropped.push_back(frame);
      continue;
    }
    const FrameKind kind = key == kProjectionKey ? FrameKind::kProjection
                           : key == kFlatKey     ? FrameKind::kFlat
                                                 : FrameKind::kDark;
    frames.index[static_cast<int>(kind)].push_back(frame);
    frames.after_views[static_cast<int>(kind)].push_back(static_cast<int>(frames.index[0].size()));
  }
  return frames;
}

absl::StatusOr<FramesByKey> ReadFrames(const Hdf5File& file, const std::string& entry,
                                       std::int64_t frame_count,
                                       std::vector<ImportedValue>& report) {
  const std::string key =
      FirstPresent(file, {entry + "/instrument/detector/image_key", entry + "/data/image_key"});
  TOMOSLAB_ASSIGN_OR_RETURN(const std::vector<double> image_key, file.Numbers(key));
  if (static_cast<std::int64_t>(image_key.size()) != frame_count) {
    return absl::InvalidArgumentError(absl::StrFormat("%s, %s: %d keys for %d frames", file.path(),
                                                      key, image_key.size(), frame_count));
  }
  FramesByKey frames = SortFrames(image_key);
  if (frames.index[0].empty()) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "%s, %s: none of the %d frames is a projection (key 0)", file.path(), key, frame_count));
  }
  Note(report, "frames",
       absl::StrFormat("%d projections, %d flats, %d darks", frames.index[0].size(),
                       frames.index[1].size(), frames.index[2].size()),
       key, Origin::kRead);
  if (!frames.dropped.empty()) {
    Note(report, "frames left out", absl::StrFormat("%d", frames.dropped.size()),
         absl::StrFormat("%s is neither 0, 1 nor 2 for them (first: frame %d)", key,
                         frames.dropped.front()),
         Origin::kRead);
  }
  return frames;
}

// Angles of the projections only; those of flats and darks mean nothing.
absl::StatusOr<std::vector<double>> ReadAngles(const Hdf5File& file, const std::string& entry,
                                               const FramesByKey& frames, std::int64_t frame_count,
                                               std::vector<ImportedValue>& report) {
  const std::string key =
      FirstPresent(file, {entry + "/sample/rotation_angle", entry + "/data/rotation_angle"});
  TOMOSLAB_ASSIGN_OR_RETURN(const std::vector<double> all, AnglesRad(file, key));
  const std::vector<std::int64_t>& views = frames.index[0];
  std::vector<double> angles;
  if (static_cast<std::int64_t>(all.size()) == frame_count) {
    for (const std::int64_t frame : views) angles.push_back(all[frame]);
  } else if (all.size() == views.size()) {
    angles = all;
  } else {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s, %s: %d angles for %d frames (%d of them projections)", file.path(),
                        key, all.size(), frame_count, views.size()));
  }
  Note(report, "angles", AngleText(angles), key, Origin::kRead);
  return angles;
}

// A length where it is; 0 where it is not.
absl::StatusOr<double> ReadLength(const Hdf5File& file, const std::vector<std::string>& keys,
                                  const char* what, std::vector<ImportedValue>& report) {
  for (const std::string& key : keys) {
    const absl::StatusOr<double> length = LengthMm(file, key, "m");
    if (!length.ok() && IsMissing(length.status())) continue;
    TOMOSLAB_RETURN_IF_ERROR(length.status());
    if (!(std::abs(*length) > 0)) continue;  // writers put 0 for "unknown"
    Note(report, what, absl::StrFormat("%g mm", std::abs(*length)), key, Origin::kRead);
    return std::abs(*length);
  }
  return 0.0;
}

// Cone beam only where both distances are known and the source is no synchrotron: parallel-beam
// files carry the source's distance (100 m and more) as well.
absl::Status ReadBeam(const Hdf5File& file, const std::string& entry, FileGeometry& geometry,
                      std::vector<ImportedValue>& report) {
  const std::string instrument = entry + "/instrument/";
  TOMOSLAB_ASSIGN_OR_RETURN(
      const double behind,
      ReadLength(file, {instrument + "detector/distance", entry + "/sample/propagation_distance"},
                 "axis to detector", report));
  TOMOSLAB_ASSIGN_OR_RETURN(const double before, ReadLength(file, {instrument + "source/distance"},
                                                            "source to axis", report));
  const absl::StatusOr<std::string> type = file.Text(instrument + "source/type");
  const bool synchrotron =
      type.ok() && absl::AsciiStrToLower(*type).find("synchrotron") != std::string::npos;
  const bool cone = !synchrotron && before > 0 && behind > 0;
  geometry.orbit.beam = cone ? Beam::kCone : Beam::kParallel;
  geometry.orbit.source_object_distance_mm = before;
  geometry.orbit.source_detector_distance_mm = before > 0 && behind > 0 ? before + behind : 0;
  Note(report, "beam", cone ? "cone" : "parallel",
       synchrotron ? absl::StrCat(instrument, "source/type = ", *type)
       : cone      ? "both distances are in the file; --beam says otherwise"
              : "the distances of a cone beam are not in the file; --beam cone --sod MM --sdd MM "
                "say otherwise",
       Origin::kInferred);
  return absl::OkStatus();
}

absl::Status ReadPixels(const Hdf5File& file, const std::string& entry, FileGeometry& geometry,
                        std::vector<ImportedValue>& report) {
  const std::string detector = entry + "/instrument/detector/", sample = entry + "/sample/";
  std::vector<std::string> x = {detector + "x_pixel_size"}, y = {detector + "y_pixel_size"};
  if (geometry.orbit.beam ==
      Beam::kParallel) {  // the optics' magnification counts, not the sensor's pitch
    x = {sample + "x_pixel_size", detector + "x_magnified_pixel_size", detector + "x_pixel_size"};
    y = {sample + "y_pixel_size", detector + "y_magnified_pixel_size", detector + "y_pixel_size"};
  }
  TOMOSLAB_ASSIGN_OR_RETURN(geometry.detector.pixel_width_mm,
                            ReadLength(file, x, "pixel size", report));
  TOMOSLAB_ASSIGN_OR_RETURN(geometry.detector.pixel_height_mm,
                            ReadLength(file, y, "pixel height", report));
  return absl::OkStatus();
}

// The axis' position: ESRF's writers store it in pixels from the detector's centre.
void ReadAxis(const Hdf5File& file, const std::string& entry, const ScanHints& hints,
              FileGeometry& geometry, std::vector<ImportedValue>& report) {
  const std::string detector = entry + "/instrument/detector/";
  const double center = (geometry.detector.columns - 1) / 2.0;
  const std::string key = FirstPresent(
      file, {detector + "x_rotation_axis_pixel_position", detector + "estimated_cor_from_motor"});
  const absl::StatusOr<double> position = file.Number(key);
  if (!position.ok() || !std::isfinite(*position)) {
    Note(report, "rotation axis", absl::StrFormat("column %g, the detector's centre", center),
         "nothing says where it is; --rotation-axis auto|COLUMN", Origin::kInferred);
    return;
  }
  const double width = hints.pixel_width_mm.value_or(
      geometry.detector.pixel_width_mm > 0 ? geometry.detector.pixel_width_mm : 1);
  geometry.orbit.detector_shift_u_mm = -*position * width;
  Note(report, "rotation axis", absl::StrFormat("column %g", center + *position),
       absl::StrCat(key, ", taken as pixels from the detector's centre"), Origin::kInferred);
}

absl::Status ImportFrames(const Hdf5File& file, const std::string& entry, Hdf5Import& import,
                          FileGeometry& geometry) {
  ScanDescription& d = import.description;
  const std::string key =
      FirstPresent(file, {entry + "/instrument/detector/data", entry + "/data/data"});
  TOMOSLAB_ASSIGN_OR_RETURN(import.source[0], OpenFrames(file, key, FrameOrder::kFrameFirst));
  const std::int64_t frame_count = FrameCountOf(*import.source[0]);
  geometry.detector.rows = static_cast<int>(RowCountOf(*import.source[0]));
  geometry.detector.columns = static_cast<int>(ColumnCountOf(*import.source[0]));
  Note(d.report, "frames' shape",
       absl::StrFormat("%d x %d pixels, %s", geometry.detector.rows, geometry.detector.columns,
                       import.source[0]->dataset.stored_type),
       key, Origin::kRead);
  TOMOSLAB_ASSIGN_OR_RETURN(FramesByKey frames, ReadFrames(file, entry, frame_count, d.report));
  TOMOSLAB_ASSIGN_OR_RETURN(geometry.file_angle_rad,
                            ReadAngles(file, entry, frames, frame_count, d.report));
  if (LastViewRepeatsFirst(geometry.file_angle_rad)) {
    geometry.file_angle_rad.pop_back();
    frames.index[0].pop_back();
    for (std::vector<int>& positions : frames.after_views) {
      for (int& position : positions)
        position = std::min<int>(position, static_cast<int>(frames.index[0].size()));
    }
    Note(d.report, "views used", absl::StrFormat("%d", frames.index[0].size()),
         "the last view repeats the first (full turns apart) and is left out", Origin::kInferred);
  }
  for (const int kind : {1, 2}) {
    if (frames.index[kind].empty()) continue;
    TOMOSLAB_ASSIGN_OR_RETURN(import.source[kind], OpenFrames(file, key, FrameOrder::kFrameFirst));
    import.source[kind]->index = frames.index[kind];
  }
  import.source[0]->index = frames.index[0];
  d.flat_count = static_cast<std::int64_t>(frames.index[1].size());
  d.dark_count = static_cast<std::int64_t>(frames.index[2].size());
  d.flat_after_views = frames.after_views[1];
  d.dark_after_views = frames.after_views[2];
  return absl::OkStatus();
}

absl::Status SettleQuantity(const Hdf5File& file, const ScanHints& hints, Hdf5Import& import) {
  ScanDescription& d = import.description;
  d.quantity = hints.quantity.value_or(Quantity::kCounts);
  Note(d.report, "quantity", Name(d.quantity),
       hints.quantity ? "--quantity" : "NXtomo holds detector counts",
       hints.quantity ? Origin::kGiven : Origin::kInferred);
  if (d.quantity != Quantity::kCounts) {
    d.flat_count = d.dark_count = 0;
    d.flat_after_views.clear();
    d.dark_after_views.clear();
    import.source[1] = import.source[2] = nullptr;
  } else if (d.flat_count == 0) {
    d.reference_counts = hints.reference_counts.value_or(0);
    if (!(d.reference_counts > 0)) {
      return absl::InvalidArgumentError(
          absl::StrCat(file.path(),
                       ": counts, but no frame is a flat (image_key 1); say --reference-counts I0, "
                       "or --quantity transmission"));
    }
    Note(d.report, "reference counts", absl::StrFormat("%g", d.reference_counts),
         "--reference-counts", Origin::kGiven);
  }
  return absl::OkStatus();
}

}  // namespace

std::string FindNxtomoEntry(const Hdf5File& file) {
  for (const std::string& entry : file.Children("/")) {
    const std::string group = "/" + entry;
    if (IsNxtomo(file, group)) return group;
    for (const std::string& sub_entry : file.Children(group)) {
      if (IsNxtomo(file, group + "/" + sub_entry)) return group + "/" + sub_entry;
    }
  }
  return "";
}

absl::StatusOr<Hdf5Import> ImportNxtomo(const Hdf5File& file, const std::string& entry,
                                        const ScanHints& hints) {
  Hdf5Import import;
  ScanDescription& d = import.description;
  Note(d.report, "format", "NXtomo", entry + "/definition", Origin::kRead);
  if (const absl::StatusOr<std::string> title = file.Text(entry + "/title"); title.ok())
    d.title = *title;
  FileGeometry geometry;
  TOMOSLAB_RETURN_IF_ERROR(ImportFrames(file, entry, import, geometry));
  TOMOSLAB_RETURN_IF_ERROR(SettleQuantity(file, hints, import));
  d.sample_type = CommonSampleType(import, d.report);
  TOMOSLAB_RETURN_IF_ERROR(ReadBeam(file, entry, geometry, d.report));
  TOMOSLAB_RETURN_IF_ERROR(ReadPixels(file, entry, geometry, d.report));
  ReadAxis(file, entry, hints, geometry, d.report);
  geometry.orbit.angle_rad = geometry.file_angle_rad;
  Note(d.report, "direction", "counter-clockwise seen from +z",
       "NXtomo does not say; --direction cw turns it round", Origin::kInferred);
  TOMOSLAB_ASSIGN_OR_RETURN(d.scan, MakeScan(std::move(geometry), hints, file.path(), d.report));
  return import;
}

}  // namespace tomoslab
