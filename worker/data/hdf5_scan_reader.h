// Frames of a scan in HDF5 datasets, whatever the layout around them.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "worker/data/hdf5_reading.h"
#include "worker/data/projection_reader.h"

namespace tomoslab {

enum class FrameOrder {
  kFrameFirst,     // [frame][row][column]
  kSinogramFirst,  // [row][frame][column]
};

/// The frames of one kind: frame i of the scan is index[i] of the dataset.
struct FrameSource {
  Hdf5Dataset dataset;
  FrameOrder order = FrameOrder::kFrameFirst;
  std::vector<std::int64_t> index;
};

/// What an importer hands to the reader. Kinds without frames have no source.
struct Hdf5Import {
  ScanDescription description;
  std::array<std::shared_ptr<FrameSource>, 3>
      source;  // by FrameKind; two kinds may share one dataset, never a source
};

/// "/exchange/data" and its kin. Errors as OpenHdf5Scan.
absl::StatusOr<Hdf5Import> ImportDataExchange(const Hdf5File& file, const ScanHints& hints);

/// The key of the first group whose `definition` is NXtomo, "" when there is none.
std::string FindNxtomoEntry(const Hdf5File& file);
absl::StatusOr<Hdf5Import> ImportNxtomo(const Hdf5File& file, const std::string& entry,
                                        const ScanHints& hints);

/// Shared by the importers.
/// Opens a dataset of frames: 3-D, no empty axis. InvalidArgument names the shape.
absl::StatusOr<std::shared_ptr<FrameSource>> OpenFrames(const Hdf5File& file,
                                                        const std::string& key, FrameOrder order);
std::int64_t FrameCountOf(const FrameSource& source);
std::int64_t RowCountOf(const FrameSource& source);
std::int64_t ColumnCountOf(const FrameSource& source);
/// Which sample type carries all of them; notes conversions to float32 in the report.
SampleType CommonSampleType(const Hdf5Import& import, std::vector<ImportedValue>& report);
/// A value with its unit attribute, in mm. `default_unit` where the attribute is missing.
absl::StatusOr<double> LengthMm(const Hdf5File& file, const std::string& key,
                                const std::string& default_unit);
/// A list of angles with its unit attribute (degrees where it is missing), in radians.
absl::StatusOr<std::vector<double>> AnglesRad(const Hdf5File& file, const std::string& key);

}  // namespace tomoslab
