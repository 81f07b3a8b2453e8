// A job as the command line says it: the job file first, flags over it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tomoslab/v1/job.pb.h"
#include "tomoslab/v1/scan.pb.h"

namespace tomoslab {

struct JobOptions {
  std::string job_file, beam_model_file;
  std::string name;
  std::string algorithm;  // fdk, sirt, cgls, bb; empty: the job file's, else fdk
  std::optional<int> iterations;
  std::optional<double> relaxation, lower_per_mm, upper_per_mm;
  std::optional<double> stop_residual, stop_update;
  std::vector<double> grey_values_per_mm;  // dart
  std::optional<double> free_fraction, smoothing;
  std::string inner;  // of dart and poly-dart: sirt, bb, cgls
  std::optional<int> start_iterations, inner_iterations;
  std::optional<std::uint64_t> seed;
  bool fixed_grey_values = false, refine_densities = false;
  std::string projector;      // joseph, footprint
  std::string window;         // ram-lak, shepp-logan, cosine, hamming, hann
  std::string start;          // zero, fdk, jobs/ID
  std::string rotation_axis;  // auto, or a column
  std::optional<double> background_offset;
  std::vector<double> voxel_mm;   // width[, height]
  std::vector<int> size;          // columns, rows, slices
  std::vector<double> center_mm;  // x, y, z
  std::optional<int> preview_every, priority;
  std::optional<double> checkpoint_every;  // seconds
  std::string pool;
};

/// The spec for `scan` (its name may still be empty). InvalidArgument names the flag or the file
/// and its fault.
absl::StatusOr<v1::JobSpec> MakeJobSpec(const JobOptions& options, const v1::Scan& scan);

/// Reads a JobSpec in protobuf's JSON mapping. NotFound, InvalidArgument.
absl::StatusOr<v1::JobSpec> ReadJobFile(const std::string& path);

}  // namespace tomoslab
