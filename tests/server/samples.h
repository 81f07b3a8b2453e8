// A small scan and job, and the bytes of the scan's lines.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "proto/chunking.h"
#include "proto/values.h"
#include "tomoslab/v1/pool.pb.h"
#include "tomoslab/v1/reconstruction.pb.h"

namespace tomoslab {

/// Parallel beam: `views` views of `rows` × `columns` uint16 counts, 2 flats, 1 dark.
inline v1::Scan SampleScan(int views = 6, int rows = 4, int columns = 8) {
  v1::Scan scan;
  scan.set_display_name("sample");
  v1::Detector* detector = scan.mutable_geometry()->mutable_detector();
  detector->set_rows(rows);
  detector->set_columns(columns);
  detector->set_pixel_width_mm(0.5);
  v1::CircularOrbit* orbit = scan.mutable_geometry()->mutable_circular();
  orbit->set_beam(v1::BEAM_PARALLEL);
  for (int view = 0; view < views; ++view) orbit->add_angle_deg(180.0 * view / views);
  scan.set_data_type(v1::DATA_TYPE_UINT16);
  scan.set_quantity(v1::QUANTITY_COUNTS);
  scan.set_view_count(views);
  scan.set_flat_count(2);
  scan.set_dark_count(1);
  return scan;
}

inline v1::JobSpec SampleJob(const std::string& scan) {
  v1::JobSpec spec;
  spec.set_scan(scan);
  spec.mutable_algorithm()->mutable_sirt()->mutable_stopping()->set_iterations(3);
  return spec;
}

/// What a test stores in lines [begin, end): every byte tells its kind and line.
inline std::string SampleLines(const v1::Scan& scan, v1::FrameKind kind, std::int64_t begin,
                               std::int64_t end) {
  std::string data;
  for (std::int64_t line = begin; line < end; ++line) {
    data.append(static_cast<std::size_t>(BytesPerLine(scan)),
                static_cast<char>(kind * 64 + line % 64));
  }
  return data;
}

inline v1::ProjectionChunk SampleChunk(const v1::Scan& scan, v1::FrameKind kind, std::int64_t begin,
                                       std::int64_t end) {
  v1::ProjectionChunk chunk;
  chunk.set_kind(kind);
  FillChunk(begin, BytesPerLine(scan), SampleLines(scan, kind, begin, end), &chunk);
  return chunk;
}

inline std::vector<v1::ProjectionChunk> AllChunks(const v1::Scan& scan) {
  std::vector<v1::ProjectionChunk> chunks;
  for (const v1::FrameKind kind :
       {v1::FRAME_KIND_DARK, v1::FRAME_KIND_FLAT, v1::FRAME_KIND_PROJECTION}) {
    const std::int64_t lines = LineCount(scan, kind), most = LinesPerChunk(BytesPerLine(scan));
    for (std::int64_t line = 0; line < lines; line += most) {
      chunks.push_back(SampleChunk(scan, kind, line, std::min(lines, line + most)));
    }
  }
  return chunks;
}

inline v1::BeatRequest BeatOf(const std::string& lease, int rank) {
  v1::BeatRequest beat;
  beat.set_lease(lease);
  beat.set_rank(rank);
  return beat;
}

/// Whole slices [begin, end) of a volume whose voxels hold their slice's number.
inline v1::VolumeChunk SampleSlices(const v1::VolumeGeometry& volume, int begin, int end) {
  std::vector<float> voxels;
  const std::size_t slice = std::size_t(volume.rows()) * volume.columns();
  for (int z = begin; z < end; ++z) voxels.insert(voxels.end(), slice, static_cast<float>(z));
  v1::VolumeChunk chunk;
  FillChunk(std::int64_t{begin} * volume.rows(), std::int64_t{volume.columns()} * 4,
            {reinterpret_cast<const char*>(voxels.data()), voxels.size() * sizeof(float)}, &chunk);
  return chunk;
}

}  // namespace tomoslab
