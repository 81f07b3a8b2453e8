#include "worker/app/load_projections.h"

#include <cstring>
#include <new>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "proto/values.h"
#include "worker/app/job_runner.h"
#include "worker/core/status.h"
#include "worker/data/flat_field_on_device.h"

namespace tomoslab {
namespace {

template <class Sample>
void Convert(const char* bytes, absl::Span<float> line) {
  for (std::size_t i = 0; i < line.size(); ++i) {
    Sample sample;
    std::memcpy(&sample, bytes + i * sizeof(Sample), sizeof(Sample));
    line[i] = static_cast<float>(sample);
  }
}

void ToFloats(const char* bytes, v1::DataType type, absl::Span<float> line) {
  switch (type) {
    case v1::DATA_TYPE_UINT8:
      return Convert<std::uint8_t>(bytes, line);
    case v1::DATA_TYPE_UINT16:
      return Convert<std::uint16_t>(bytes, line);
    default:
      return Convert<float>(bytes, line);
  }
}

SampleType ToSampleType(v1::DataType type) {
  if (type == v1::DATA_TYPE_UINT8) return SampleType::kUint8;
  return type == v1::DATA_TYPE_UINT16 ? SampleType::kUint16 : SampleType::kFloat32;
}

Quantity ToQuantity(v1::Quantity quantity) {
  if (quantity == v1::QUANTITY_COUNTS) return Quantity::kCounts;
  return quantity == v1::QUANTITY_TRANSMISSION ? Quantity::kTransmission : Quantity::kLineIntegrals;
}

/// Calls put(frame, row, the line's bytes) for the rows [rows) of every frame of a kind.
template <class Put>
absl::Status ForRawLines(PoolClient& client, const v1::Lease& lease, v1::FrameKind kind,
                         IndexRange rows, Put&& put) {
  const v1::Scan& scan = lease.scan();
  const std::int64_t detector_rows = scan.geometry().detector().rows(),
                     bytes_per_line = BytesPerLine(scan);
  return client.FetchProjections(
      lease, {kind, {0, FrameCount(scan, kind)}, rows}, [&](const v1::ProjectionChunk& chunk) {
        for (std::int64_t i = 0; i < chunk.line_count(); ++i) {
          const std::int64_t frame = (chunk.first_line() + i) / detector_rows,
                             row = (chunk.first_line() + i) % detector_rows;
          if (row < rows.begin || row >= rows.end)
            return absl::InternalError("the server sent a row that was not asked for");
          put(frame, row,
              absl::MakeConstSpan(chunk.data().data() + i * bytes_per_line, bytes_per_line));
        }
        return absl::OkStatus();
      });
}

/// The same of lines of floats.
absl::Status ForLines(PoolClient& client, const v1::Lease& lease, v1::FrameKind kind,
                      IndexRange rows, const PutLine& put) {
  std::vector<float> line(lease.scan().geometry().detector().columns());
  return ForRawLines(client, lease, kind, rows,
                     [&](std::int64_t frame, std::int64_t row, absl::Span<const char> bytes) {
                       ToFloats(bytes.data(), lease.scan().data_type(), absl::MakeSpan(line));
                       put(frame, row, line);
                     });
}

absl::StatusOr<ReferenceFrames> FetchReference(PoolClient& client, const v1::Lease& lease,
                                               v1::FrameKind kind, IndexRange rows) {
  const v1::Scan& scan = lease.scan();
  const auto& after =
      kind == v1::FRAME_KIND_FLAT ? scan.flat_after_views() : scan.dark_after_views();
  TOMOSLAB_ASSIGN_OR_RETURN(
      ReferenceFrames frames,
      ReferenceFrames::Create(rows, scan.geometry().detector().columns(), FrameCount(scan, kind),
                              absl::MakeConstSpan(after.data(), after.size())));
  TOMOSLAB_RETURN_IF_ERROR(
      ForLines(client, lease, kind, rows,
               [&](std::int64_t frame, std::int64_t row, absl::Span<const float> line) {
                 frames.Add(frame, row, line);
               }));
  return frames;
}

absl::StatusOr<FlatField> FetchFlatField(PoolClient& client, const v1::Lease& lease,
                                         IndexRange rows) {
  const v1::Scan& scan = lease.scan();
  TOMOSLAB_ASSIGN_OR_RETURN(ReferenceFrames flats,
                            FetchReference(client, lease, v1::FRAME_KIND_FLAT, rows));
  TOMOSLAB_ASSIGN_OR_RETURN(ReferenceFrames darks,
                            FetchReference(client, lease, v1::FRAME_KIND_DARK, rows));
  return FlatField::Create({.quantity = ToQuantity(scan.quantity()),
                            .sample_type = ToSampleType(scan.data_type()),
                            .reference_counts = scan.reference_counts(),
                            .background_offset = lease.spec().preprocessing().background_offset()},
                           std::move(flats), std::move(darks));
}

/// The report of all ranks together, on every rank.
FlatFieldReport AddUp(const FlatFieldReport& mine, const Communicator& ranks) {
  FlatFieldReport all;
  all.samples = ranks.SumCounts(mine.samples);
  all.low_counts = ranks.SumCounts(mine.low_counts);
  all.bad_flat = ranks.SumCounts(mine.bad_flat);
  all.non_finite = ranks.SumCounts(mine.non_finite);
  return all;
}

absl::StatusOr<Field> Allocate(const DistributedProjector& A) {
  try {
    return A.NewProjections();
  } catch (const std::bad_alloc&) {
    return absl::ResourceExhaustedError(
        absl::StrFormat("no memory for the projections of rows %d to %d: use more ranks",
                        A.owned_rows().begin, A.owned_rows().end - 1));
  }
}

/// b ← this rank's line integrals.
absl::StatusOr<FlatFieldReport> LoadOnHost(PoolClient& client, const v1::Lease& lease,
                                           const DistributedProjector& A, Field& b) {
  const std::int64_t columns = A.scan().detector.columns;
  return FetchLineIntegrals(client, lease, A.owned_rows(),
                            [&](std::int64_t view, std::int64_t row, absl::Span<const float> line) {
                              float* values = b.line(view * columns) + row - A.owned_rows().begin;
                              for (std::int64_t column = 0; column < columns; ++column)
                                values[column * b.inner_size()] = line[column];
                            });
}

/// The same on the accelerator, from the samples as they were recorded.
absl::StatusOr<FlatFieldReport> LoadOnDevice(PoolClient& client, const v1::Lease& lease,
                                             const DistributedProjector& A, Field& b) {
  const IndexRange rows = A.owned_rows();
  if (rows.empty()) return FlatFieldReport();
  TOMOSLAB_ASSIGN_OR_RETURN(const FlatField flat_field, FetchFlatField(client, lease, rows));
  try {
    FlatFieldOnDevice correction(b.accelerator(), flat_field,
                                 static_cast<std::int64_t>(A.scan().views.size()),
                                 {A.scan().detector.columns, b.inner_size(), b.device_data()});
    TOMOSLAB_RETURN_IF_ERROR(
        ForRawLines(client, lease, v1::FRAME_KIND_PROJECTION, rows,
                    [&](std::int64_t view, std::int64_t row, absl::Span<const char> samples) {
                      correction.Add(view, row - rows.begin, samples);
                    }));
    return correction.Finish();
  } catch (const DeviceMemoryError& error) {
    return absl::ResourceExhaustedError(error.what());
  }
}

}  // namespace

absl::StatusOr<FlatFieldReport> FetchLineIntegrals(PoolClient& client, const v1::Lease& lease,
                                                   IndexRange rows, const PutLine& put) {
  FlatFieldReport report;
  if (rows.empty()) return report;
  TOMOSLAB_ASSIGN_OR_RETURN(const FlatField flat_field, FetchFlatField(client, lease, rows));
  std::vector<float> corrected(lease.scan().geometry().detector().columns());
  TOMOSLAB_RETURN_IF_ERROR(
      ForLines(client, lease, v1::FRAME_KIND_PROJECTION, rows,
               [&](std::int64_t view, std::int64_t row, absl::Span<const float> line) {
                 flat_field.Correct(view, row, line, absl::MakeSpan(corrected), report);
                 put(view, row, corrected);
               }));
  return report;
}

absl::StatusOr<Field> LoadProjections(PoolClient& client, const v1::Lease& lease,
                                      const DistributedProjector& A, ProgressReporter& reporter) {
  absl::StatusOr<Field> b = Allocate(A);
  TOMOSLAB_RETURN_IF_ERROR(Agree(A.ranks(), b.status()));
  const absl::StatusOr<FlatFieldReport> mine =
      b->on_host() ? LoadOnHost(client, lease, A, *b) : LoadOnDevice(client, lease, A, *b);
  TOMOSLAB_RETURN_IF_ERROR(Agree(A.ranks(), mine.status()));
  const FlatFieldReport report = AddUp(*mine, A.ranks());
  const bool reject = lease.spec().preprocessing().low_counts() == v1::Preprocessing::REJECT;
  TOMOSLAB_RETURN_IF_ERROR(CheckLowCounts(report, reject ? LowCounts::kReject : LowCounts::kFloor));
  if (const std::string text = report.ToString(); !text.empty()) reporter.Log(v1::WARNING, text);
  return b;
}

}  // namespace tomoslab
