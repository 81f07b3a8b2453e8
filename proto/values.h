// Messages → checked values: the only code that reads geometry and specs out of messages. Client,
// server and ranks all use it, so all of them refuse the same things with the same words.
#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tomoslab/v1/job.pb.h"
#include "tomoslab/v1/scan.pb.h"
#include "worker/geometry/scan.h"
#include "worker/geometry/volume.h"

namespace tomoslab {

absl::StatusOr<Scan> ToScan(const v1::ScanGeometry& geometry);
absl::StatusOr<Volume> ToVolume(const v1::VolumeGeometry& volume);
v1::VolumeGeometry ToProto(const Volume& volume);
/// A CircularOrbit when the scan was made from one, else vectors.
v1::ScanGeometry ToProto(const Scan& scan);

/// Checks a whole scan resource: geometry, counts, data type, quantity, flat positions, reference
/// counts.
absl::Status ValidateScan(const v1::Scan& scan);

/// Checks `spec` against its scan; spec.volume may be unset.
absl::Status ValidateJobSpec(const v1::JobSpec& spec, const v1::Scan& scan);
/// The same job with every default written out: volume, stopping, relaxation, preview, ...
absl::StatusOr<v1::JobSpec> CompleteJobSpec(const v1::JobSpec& spec, const v1::Scan& scan);

int BytesPerSample(v1::DataType type);
std::int64_t FrameCount(const v1::Scan& scan, v1::FrameKind kind);
std::int64_t LineCount(const v1::Scan& scan, v1::FrameKind kind);  // frames · rows
std::int64_t BytesPerLine(const v1::Scan& scan);

}  // namespace tomoslab
