// Writes volumes as they arrive, line by line in bounded memory.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "worker/geometry/volume.h"

namespace tomoslab {

/// How numbers are stored.
enum class VolumeNumbers { kFloat32, kUint8 };

/// What stands beside the numbers: where the volume lies, and how it came to be.
struct VolumeRecord {
  Volume volume;
  std::vector<std::pair<std::string, std::string>> provenance;  // name, text: job, algorithm, ...
  std::vector<std::pair<std::string, double>>
      figures;  // name, number: iterations, relative_residual, ...
  VolumeNumbers numbers = VolumeNumbers::kFloat32;
  std::string unit = "1/mm";
};

/// Takes the lines of a volume in order (line = slice · rows + row, in the record's unit). Without
/// Finish nothing that looks finished stays behind.
class VolumeWriter {
 public:
  virtual ~VolumeWriter() = default;
  /// Whole lines, the next ones. ResourceExhausted when the disk is full.
  virtual absl::Status Append(absl::Span<const float> lines) = 0;
  virtual absl::Status Finish() = 0;
};

/// HDF5: /exchange/data [slice][row][column] with voxel size and centre, provenance at
/// /process/tomoslab.
absl::StatusOr<std::unique_ptr<VolumeWriter>> MakeHdf5VolumeWriter(const std::string& path,
                                                                   const VolumeRecord& record);

/// TIFF: FOLDER/recon_00000.tiff ..., one image per slice. The folder is made where it is
/// missing.
absl::StatusOr<std::unique_ptr<VolumeWriter>> MakeTiffVolumeWriter(const std::string& folder,
                                                                   const VolumeRecord& record);

/// The one that `output` asks for: HDF5 for *.h5, *.hdf5, *.hdf, *.nxs; a TIFF series for a folder
/// (ends in /, or is one). InvalidArgument for anything else.
absl::StatusOr<std::unique_ptr<VolumeWriter>> MakeVolumeWriter(const std::string& output,
                                                               const VolumeRecord& record);

}  // namespace tomoslab
