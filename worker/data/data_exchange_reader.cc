// Data Exchange files (docs/use.md, Files): /exchange/data with its flats, darks and angles;
// geometry from /geometry where it is.
#include <algorithm>
#include <cmath>
#include <numbers>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "worker/core/status.h"
#include "worker/data/data_exchange_frames.h"
#include "worker/data/data_exchange_geometry.h"
#include "worker/data/hdf5_scan_reader.h"
#include "worker/data/import_geometry.h"

namespace tomoslab {
namespace {

constexpr const char* kData = "/exchange/data";

absl::Status Invalid(const Hdf5File& file, const std::string& key, const std::string& text) {
  return absl::InvalidArgumentError(absl::StrCat(file.path(), ", ", key, ": ", text));
}

// The order of the axes by the attribute `axes`; the format lets it be omitted for theta:y:x only.
absl::StatusOr<FrameOrder> OrderOf(const Hdf5File& file, const std::string& key) {
  const absl::StatusOr<std::string> axes = file.TextAttribute(key, "axes");
  if (!axes.ok() && IsMissing(axes.status())) return FrameOrder::kFrameFirst;
  TOMOSLAB_RETURN_IF_ERROR(axes.status());
  if (axes->starts_with("theta") && axes->ends_with(":y:x")) return FrameOrder::kFrameFirst;
  if (axes->starts_with("y:theta") && axes->ends_with(":x")) return FrameOrder::kSinogramFirst;
  return Invalid(file, absl::StrCat(key, "@axes"),
                 absl::StrCat("'", *axes, "' is neither 'theta:y:x' nor 'y:theta:x' (sinograms)"));
}

// Flats or darks; null when the file has none. A single image without a frame axis is one frame.
absl::StatusOr<std::shared_ptr<FrameSource>> OpenReference(const Hdf5File& file,
                                                           const std::string& key,
                                                           const FrameSource& projections) {
  absl::StatusOr<Hdf5Dataset> dataset = file.OpenDataset(key);
  if (!dataset.ok() && IsMissing(dataset.status())) return std::shared_ptr<FrameSource>();
  TOMOSLAB_RETURN_IF_ERROR(dataset.status());
  std::shared_ptr<FrameSource> source;
  if (dataset->shape.size() == 2) {
    source = std::make_shared<FrameSource>();
    source->dataset = *std::move(dataset);
    source->index = {0};
  } else {
    TOMOSLAB_ASSIGN_OR_RETURN(FrameOrder order, OrderOf(file, key));
    TOMOSLAB_ASSIGN_OR_RETURN(source, OpenFrames(file, key, order));
  }
  if (RowCountOf(*source) != RowCountOf(projections) ||
      ColumnCountOf(*source) != ColumnCountOf(projections)) {
    return Invalid(
        file, key,
        absl::StrFormat("its frames have %d x %d pixels (rows x columns), those of %s %d x %d",
                        RowCountOf(*source), ColumnCountOf(*source), kData, RowCountOf(projections),
                        ColumnCountOf(projections)));
  }
  return source;
}

// The angles of the views that were written, out of all that were planned.
absl::StatusOr<std::vector<double>> PickAngles(const Hdf5File& file,
                                               const std::vector<double>& planned,
                                               std::int64_t views,
                                               const std::optional<FrameLog>& log,
                                               std::vector<ImportedValue>& report) {
  const std::string key = "/exchange/theta";
  const auto planned_count = static_cast<std::int64_t>(planned.size());
  if (planned_count == views) {
    Note(report, "angles", AngleText(planned), key, Origin::kRead);
    return planned;
  }
  const auto kept =
      log && planned_count > views ? KeptViews(*log, views, planned_count) : std::nullopt;
  if (!kept) {
    return Invalid(
        file, key,
        absl::StrFormat(
            "has %d angles for %d views; were frames lost, or is the scan still running?",
            planned_count, views));
  }
  std::vector<double> angles;
  for (const std::int64_t view : *kept) angles.push_back(planned[view]);
  Note(report, "angles", AngleText(angles),
       absl::StrFormat("%s; %d of %d frames were lost, by /defaults/NDArrayUniqueId", key,
                       planned_count - views, planned_count),
       Origin::kInferred);
  return angles;
}

// Angles by /exchange/theta, else by tomoscan's rotation start and step, else by the format's
// default.
absl::StatusOr<std::vector<double>> ReadAngles(const Hdf5File& file, std::int64_t views,
                                               const std::optional<FrameLog>& log,
                                               std::vector<ImportedValue>& report) {
  const absl::StatusOr<std::vector<double>> theta = AnglesRad(file, "/exchange/theta");
  if (theta.ok()) return PickAngles(file, *theta, views, log, report);
  if (!IsMissing(theta.status())) return theta.status();
  const std::string rotation = "/process/acquisition/rotation/";
  const absl::StatusOr<double> start = file.Number(rotation + "rotation_start"),
                               step = file.Number(rotation + "rotation_step");
  const bool planned = start.ok() && step.ok();
  std::vector<double> angles(views);
  for (std::int64_t k = 0; k < views; ++k) {
    const double degrees = planned ? *start + static_cast<double>(k) * *step
                                   : 180.0 * static_cast<double>(k) / static_cast<double>(views);
    angles[k] = degrees * std::numbers::pi / 180;
  }
  if (planned) {
    Note(report, "angles", AngleText(angles), rotation + "rotation_start, rotation_step",
         Origin::kRead);
  } else {
    Note(report, "angles", AngleText(angles),
         "/exchange/theta is missing; the format then means equal steps over 180 degrees, end "
         "excluded",
         Origin::kInferred);
  }
  return angles;
}

absl::StatusOr<Quantity> QuantityByName(const Hdf5File& file, const std::string& kind) {
  if (kind == "counts") return Quantity::kCounts;
  if (kind == "transmission") return Quantity::kTransmission;
  if (kind == "line_integrals") return Quantity::kLineIntegrals;
  return Invalid(file, absl::StrCat(kData, "@kind"),
                 absl::StrCat("'", kind, "' is none of counts, transmission, line_integrals"));
}

// What the numbers are: said by the user, by the attribute `kind`, or by flats being there.
absl::StatusOr<Quantity> ReadQuantity(const Hdf5File& file, bool has_flats, const ScanHints& hints,
                                      std::vector<ImportedValue>& report) {
  if (hints.quantity) {
    Note(report, "quantity", Name(*hints.quantity), "--quantity", Origin::kGiven);
    return *hints.quantity;
  }
  const absl::StatusOr<std::string> kind = file.TextAttribute(kData, "kind");
  if (kind.ok()) {
    TOMOSLAB_ASSIGN_OR_RETURN(const Quantity quantity, QuantityByName(file, *kind));
    Note(report, "quantity", Name(quantity), absl::StrCat(kData, "@kind"), Origin::kRead);
    return quantity;
  }
  if (!IsMissing(kind.status())) return kind.status();
  if (has_flats || hints.reference_counts) {
    Note(report, "quantity", Name(Quantity::kCounts),
         has_flats ? "there are flat frames (/exchange/data_white)" : "--reference-counts is given",
         Origin::kInferred);
    return Quantity::kCounts;
  }
  return Invalid(
      file, kData,
      "nothing says whether these are counts, transmission or line integrals (no attribute 'kind', "
      "no flats in "
      "/exchange/data_white); say --quantity counts|transmission|line-integrals, and for counts "
      "--reference-counts I0");
}

// I0 for counts without flats.
absl::StatusOr<double> ReadReferenceCounts(const Hdf5File& file, const ScanHints& hints,
                                           std::vector<ImportedValue>& report) {
  const std::string key = "/process/acquisition/flat_fields/flat_field_value";
  double counts = 0;
  if (hints.reference_counts) {
    counts = *hints.reference_counts;
    Note(report, "reference counts", absl::StrFormat("%g", counts), "--reference-counts",
         Origin::kGiven);
  } else if (const absl::StatusOr<double> value = file.Number(key); value.ok()) {
    counts = *value;
    Note(report, "reference counts", absl::StrFormat("%g", counts), key, Origin::kRead);
  } else {
    return Invalid(file, kData,
                   "counts need flat frames (/exchange/data_white) or --reference-counts I0");
  }
  if (counts > 0 && std::isfinite(counts)) return counts;
  return Invalid(file, kData, absl::StrFormat("reference counts of %g must be above 0", counts));
}

// When the flats or darks were taken: by the frame log, else before the scan.
std::vector<int> ReadPositions(const FrameSource& source, std::int64_t views,
                               const std::optional<FrameLog>& log, const char* what,
                               std::vector<ImportedValue>& report) {
  const std::int64_t count = FrameCountOf(source);
  const std::string& key = source.dataset.key;
  std::vector<int> positions = log ? AfterViews(*log, key) : std::vector<int>();
  if (static_cast<std::int64_t>(positions.size()) == count && positions.back() <= views) {
    Note(report, what,
         absl::StrFormat("%d, taken after %d to %d views", count, positions.front(),
                         positions.back()),
         absl::StrCat(key, ", /defaults/HDF5FrameLocation"), Origin::kRead);
    return positions;
  }
  Note(report, what, absl::StrFormat("%d, taken before the scan", count),
       absl::StrCat(key, "; nothing says when"), Origin::kInferred);
  return {};
}

absl::Status ImportReferences(const Hdf5File& file, const ScanHints& hints,
                              const std::optional<FrameLog>& log, Hdf5Import& import) {
  ScanDescription& d = import.description;
  const FrameSource& projections = *import.source[0];
  TOMOSLAB_ASSIGN_OR_RETURN(import.source[1],
                            OpenReference(file, "/exchange/data_white", projections));
  TOMOSLAB_ASSIGN_OR_RETURN(import.source[2],
                            OpenReference(file, "/exchange/data_dark", projections));
  TOMOSLAB_ASSIGN_OR_RETURN(d.quantity,
                            ReadQuantity(file, import.source[1] != nullptr, hints, d.report));
  if (d.quantity != Quantity::kCounts) {
    if (import.source[1] != nullptr || import.source[2] != nullptr) {
      Note(d.report, "flats and darks", "not used",
           absl::StrCat("the data are already ", Name(d.quantity)), Origin::kInferred);
    }
    import.source[1] = import.source[2] = nullptr;
    return absl::OkStatus();
  }
  const std::int64_t views = FrameCountOf(projections);
  if (import.source[1] != nullptr) {
    d.flat_count = FrameCountOf(*import.source[1]);
    d.flat_after_views = ReadPositions(*import.source[1], views, log, "flats", d.report);
  }
  if (import.source[2] != nullptr) {
    d.dark_count = FrameCountOf(*import.source[2]);
    d.dark_after_views = ReadPositions(*import.source[2], views, log, "darks", d.report);
  }
  if (import.source[1] == nullptr) {
    TOMOSLAB_ASSIGN_OR_RETURN(d.reference_counts, ReadReferenceCounts(file, hints, d.report));
  }
  return absl::OkStatus();
}

void DropRepeatedView(Hdf5Import& import, DataExchangeGeometry& geometry) {
  if (!LastViewRepeatsFirst(geometry.angle_rad)) return;
  geometry.angle_rad.pop_back();
  import.source[0]->index.pop_back();
  ScanDescription& d = import.description;
  for (std::vector<int>* positions : {&d.flat_after_views, &d.dark_after_views}) {
    for (int& position : *positions)
      position = std::min(position, static_cast<int>(import.source[0]->index.size()));
  }
  Note(import.description.report, "views used",
       absl::StrFormat("%d", import.source[0]->index.size()),
       "the last view repeats the first (full turns apart) and is left out", Origin::kInferred);
}

}  // namespace

absl::StatusOr<Hdf5Import> ImportDataExchange(const Hdf5File& file, const ScanHints& hints) {
  Hdf5Import import;
  ScanDescription& d = import.description;
  if (!file.Has(kData)) {
    return Invalid(file, kData,
                   "is missing, and no entry is an NXtomo: this is neither a Data Exchange nor an "
                   "NXtomo file");
  }
  TOMOSLAB_ASSIGN_OR_RETURN(const FrameOrder order, OrderOf(file, kData));
  TOMOSLAB_ASSIGN_OR_RETURN(import.source[0], OpenFrames(file, kData, order));
  const FrameSource& projections = *import.source[0];
  const std::int64_t views = FrameCountOf(projections);
  if (const absl::StatusOr<std::string> title = file.Text("/exchange/title"); title.ok())
    d.title = *title;
  Note(d.report, "projections",
       absl::StrFormat("%d views of %d x %d pixels, %s", views, RowCountOf(projections),
                       ColumnCountOf(projections), projections.dataset.stored_type),
       kData, Origin::kRead);
  TOMOSLAB_ASSIGN_OR_RETURN(const std::optional<FrameLog> log, ReadFrameLog(file));
  TOMOSLAB_RETURN_IF_ERROR(ImportReferences(file, hints, log, import));
  d.sample_type = CommonSampleType(import, d.report);
  DataExchangeGeometry geometry;
  geometry.detector.rows = static_cast<int>(RowCountOf(projections));
  geometry.detector.columns = static_cast<int>(ColumnCountOf(projections));
  TOMOSLAB_RETURN_IF_ERROR(ReadViewVectors(file, views, geometry));
  if (geometry.vectors.empty()) {
    TOMOSLAB_ASSIGN_OR_RETURN(geometry.angle_rad, ReadAngles(file, views, log, d.report));
    DropRepeatedView(import, geometry);
  }
  TOMOSLAB_ASSIGN_OR_RETURN(d.scan, ReadDataExchangeGeometry(file, hints, geometry, d.report));
  if (const auto offset = file.NumberAttribute("/measurement", "background_offset");
      offset.ok() && *offset != 0) {
    d.background_offset = *offset;
    Note(d.report, "background offset", absl::StrFormat("%g", *offset),
         "/measurement@background_offset", Origin::kRead);
  }
  for (const char* key : {"/exchange/data_shift_x", "/exchange/data_shift_y"}) {
    if (file.Has(key)) Note(d.report, "shift per view", "NOT APPLIED", key, Origin::kRead);
  }
  return import;
}

}  // namespace tomoslab
