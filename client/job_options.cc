#include "client/job_options.h"

#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "proto/algorithm_values.h"
#include "proto/dart_values.h"
#include "proto/values.h"
#include "worker/core/status.h"

namespace tomoslab {
namespace {

absl::StatusOr<v1::Fdk::Window> WindowByName(const std::string& name) {
  v1::Fdk::Window window;
  const std::string upper = absl::StrReplaceAll(absl::AsciiStrToUpper(name), {{"-", "_"}});
  if (upper != "WINDOW_UNSPECIFIED" && v1::Fdk::Window_Parse(upper, &window)) return window;
  return absl::InvalidArgumentError(absl::StrCat(
      "--window ", name, " is not known; use ram-lak, shepp-logan, cosine, hamming or hann"));
}

// Chooses the algorithm; keeps what the job file says about it when it is the same one.
absl::Status ApplyAlgorithm(const JobOptions& options, v1::Algorithm* algorithm) {
  std::string name = options.algorithm;
  if (name.empty())
    name =
        algorithm->kind_case() == v1::Algorithm::KIND_NOT_SET ? "fdk" : AlgorithmName(*algorithm);
  if (ChooseAlgorithm(name, algorithm)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("--algorithm ", name, " is not known; use one of ", AlgorithmNames()));
}

int DefaultIterations(const v1::Algorithm& algorithm) {
  switch (algorithm.kind_case()) {
    case v1::Algorithm::kSirt:
    case v1::Algorithm::kPolySirt:
      return 100;
    case v1::Algorithm::kCgls:
      return 20;
    case v1::Algorithm::kPolyBb:
      return 40;
    case v1::Algorithm::kDart:
    case v1::Algorithm::kPolyDart:
      return 20;
    default:
      return 30;
  }
}

absl::Status DoesNotApply(const char* flag, const v1::Algorithm& algorithm, const char* to) {
  return absl::InvalidArgumentError(absl::StrFormat(
      "%s does not apply to --algorithm %s, only to %s", flag, AlgorithmName(algorithm), to));
}

absl::Status ApplyStopping(const JobOptions& options, v1::Algorithm* algorithm) {
  v1::Stopping* stopping = MutableStopping(algorithm);
  if (stopping ==
      nullptr) {  // FDK: --iterations is harmless in scripts that try several algorithms
    if (options.stop_residual || options.stop_update)
      return DoesNotApply("--stop-residual, --stop-update", *algorithm, "the iterative ones");
    return absl::OkStatus();
  }
  if (options.iterations)
    stopping->set_iterations(*options.iterations);
  else if (stopping->iterations() == 0)
    stopping->set_iterations(DefaultIterations(*algorithm));
  if (options.stop_residual) stopping->set_relative_residual(*options.stop_residual);
  if (options.stop_update) stopping->set_relative_update(*options.stop_update);
  return absl::OkStatus();
}

absl::Status ApplyDartLoop(const JobOptions& options, v1::DartLoop* loop) {
  if (options.free_fraction) loop->set_free_fraction(*options.free_fraction);
  if (options.smoothing) loop->set_smoothing(*options.smoothing);
  if (options.start_iterations) loop->set_start_iterations(*options.start_iterations);
  if (options.inner_iterations) loop->set_inner_iterations(*options.inner_iterations);
  if (options.seed) loop->set_seed(*options.seed);
  if (options.inner.empty()) return absl::OkStatus();
  v1::DartLoop::Inner inner;
  const std::string upper = absl::AsciiStrToUpper(options.inner);
  if (upper == "INNER_UNSPECIFIED" || !v1::DartLoop::Inner_Parse(upper, &inner)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--inner ", options.inner, " is not known; use sirt, bb or cgls"));
  }
  loop->set_inner(inner);
  return absl::OkStatus();
}

absl::Status ApplyDart(const JobOptions& options, v1::Algorithm* algorithm) {
  const bool has_loop_flags = options.free_fraction || options.smoothing || options.seed ||
                              options.start_iterations || options.inner_iterations ||
                              !options.inner.empty();
  if (v1::DartLoop* loop = MutableDartLoop(algorithm)) {
    TOMOSLAB_RETURN_IF_ERROR(ApplyDartLoop(options, loop));
  } else if (has_loop_flags) {
    return DoesNotApply(
        "--free-fraction, --smoothing, --inner, --inner-iterations, --start-iterations, --seed",
        *algorithm, "dart and poly-dart");
  }
  if (!options.grey_values_per_mm.empty() || options.fixed_grey_values) {
    if (!algorithm->has_dart())
      return DoesNotApply("--grey-values, --fixed-grey-values", *algorithm, "dart");
    v1::Dart* dart = algorithm->mutable_dart();
    if (!options.grey_values_per_mm.empty())
      dart->mutable_grey_value_per_mm()->Assign(options.grey_values_per_mm.begin(),
                                                options.grey_values_per_mm.end());
    if (options.fixed_grey_values) dart->set_fixed_grey_values(true);
  }
  if (options.refine_densities) {
    if (!algorithm->has_poly_dart())
      return DoesNotApply("--refine-densities", *algorithm, "poly-dart");
    algorithm->mutable_poly_dart()->set_refine_densities(true);
  }
  return absl::OkStatus();
}

absl::Status ApplyAlgorithmOptions(const JobOptions& options, v1::JobSpec* spec) {
  v1::Algorithm* algorithm = spec->mutable_algorithm();
  TOMOSLAB_RETURN_IF_ERROR(ApplyAlgorithm(options, algorithm));
  TOMOSLAB_RETURN_IF_ERROR(ApplyStopping(options, algorithm));
  TOMOSLAB_RETURN_IF_ERROR(ApplyDart(options, algorithm));
  if (options.relaxation) {
    if (algorithm->has_sirt()) {
      algorithm->mutable_sirt()->set_relaxation(*options.relaxation);
    } else if (algorithm->has_poly_sirt()) {
      algorithm->mutable_poly_sirt()->set_relaxation(*options.relaxation);
    } else {
      return DoesNotApply("--relaxation", *algorithm, "sirt and poly-sirt");
    }
  }
  if (options.lower_per_mm || options.upper_per_mm) {
    v1::Bounds* bounds = MutableBounds(algorithm);
    if (bounds == nullptr)
      return DoesNotApply("--lower, --upper", *algorithm, "sirt, bb, poly-bb and poly-sirt");
    if (options.lower_per_mm) bounds->set_lower_per_mm(*options.lower_per_mm);
    if (options.upper_per_mm) bounds->set_upper_per_mm(*options.upper_per_mm);
  }
  return absl::OkStatus();
}

absl::Status ApplyStartAndWindow(const JobOptions& options, v1::JobSpec* spec) {
  if (options.start == "zero") {
    spec->mutable_start()->set_zero(true);
  } else if (options.start == "fdk" || options.start == "fbp") {
    spec->mutable_start()->mutable_fdk();
  } else if (options.start.starts_with("jobs/")) {
    spec->mutable_start()->set_job(options.start);
  } else if (!options.start.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("--start ", options.start, " is not known; use zero, fdk or jobs/ID"));
  }
  if (options.window.empty()) return absl::OkStatus();
  TOMOSLAB_ASSIGN_OR_RETURN(const v1::Fdk::Window window, WindowByName(options.window));
  if (spec->algorithm().has_fdk()) {
    spec->mutable_algorithm()->mutable_fdk()->set_window(window);
  } else if (spec->start().has_fdk()) {
    spec->mutable_start()->mutable_fdk()->set_window(window);
  } else {
    return DoesNotApply("--window", spec->algorithm(), "fdk and --start fdk");
  }
  return absl::OkStatus();
}

absl::Status ApplyProjector(const std::string& name, v1::JobSpec* spec) {
  if (name.empty()) return absl::OkStatus();
  v1::ProjectorModel model;
  const std::string upper = absl::AsciiStrToUpper(name);
  if (upper == "PROJECTOR_MODEL_UNSPECIFIED" || !v1::ProjectorModel_Parse(upper, &model)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--projector ", name, " is not known; use joseph or footprint"));
  }
  spec->set_projector(model);
  return absl::OkStatus();
}

absl::Status ApplyPreprocessing(const JobOptions& options, v1::Preprocessing* preprocessing) {
  if (options.background_offset) preprocessing->set_background_offset(*options.background_offset);
  if (options.rotation_axis == "auto") {
    preprocessing->set_find_rotation_axis(true);
  } else if (!options.rotation_axis.empty()) {
    double column = 0;
    if (!absl::SimpleAtod(options.rotation_axis, &column) || !std::isfinite(column)) {
      return absl::InvalidArgumentError(absl::StrCat("--rotation-axis ", options.rotation_axis,
                                                     " is neither 'auto' nor a detector column"));
    }
    preprocessing->set_rotation_axis_column(column);
  }
  return absl::OkStatus();
}

// The voxels needed to cover what `volume` covers with the pitch `mm`.
int Covering(int voxels, double old_mm, double mm) {
  return static_cast<int>(std::clamp(std::ceil(voxels * old_mm / mm - 1e-6), 1.0, 65536.0));
}

absl::Status ApplyVolume(const JobOptions& options, const v1::Scan& scan, v1::JobSpec* spec) {
  if (options.voxel_mm.empty() && options.size.empty() && options.center_mm.empty())
    return absl::OkStatus();
  Volume volume;
  if (spec->has_volume()) {
    TOMOSLAB_ASSIGN_OR_RETURN(volume, ToVolume(spec->volume()));
  } else {
    TOMOSLAB_ASSIGN_OR_RETURN(const Scan geometry, ToScan(scan.geometry()));
    volume = DefaultVolume(geometry);
  }
  if (!options.voxel_mm.empty()) {
    const double width = options.voxel_mm.front(), height = options.voxel_mm.back();
    if (!(width > 0 && height > 0))
      return absl::InvalidArgumentError("--voxel needs sizes above 0 mm");
    volume.columns = Covering(volume.columns, volume.voxel_width_mm, width);
    volume.rows = Covering(volume.rows, volume.voxel_width_mm, width);
    volume.slices = Covering(volume.slices, volume.voxel_height_mm, height);
    volume.voxel_width_mm = width;
    volume.voxel_height_mm = height;
  }
  if (!options.size.empty()) {
    volume.columns = options.size[0];
    volume.rows = options.size[1];
    volume.slices = options.size[2];
  }
  if (!options.center_mm.empty())
    volume.center_mm = {options.center_mm[0], options.center_mm[1], options.center_mm[2]};
  TOMOSLAB_ASSIGN_OR_RETURN(const Volume checked, Volume::Create(volume));
  *spec->mutable_volume() = ToProto(checked);
  return absl::OkStatus();
}

template <class Message>
absl::StatusOr<Message> ReadJson(const std::string& path) {
  std::ifstream file(path);
  if (!file) return absl::NotFoundError(absl::StrCat(path, ": cannot be opened"));
  std::ostringstream text;
  text << file.rdbuf();
  Message message;
  const auto status = google::protobuf::util::JsonStringToMessage(text.str(), &message);
  if (status.ok()) return message;
  return absl::InvalidArgumentError(absl::StrCat(path, ": is not a ", Message::descriptor()->name(),
                                                 " in JSON: ", status.ToString()));
}

/// The beam model of the job file, or of its own; dropped where a flag chose another algorithm than
/// the job file's.
absl::Status ApplyBeamModel(const JobOptions& options, v1::JobSpec* spec) {
  if (!options.beam_model_file.empty()) {
    TOMOSLAB_ASSIGN_OR_RETURN(*spec->mutable_beam_model(),
                              ReadJson<v1::BeamModel>(options.beam_model_file));
  } else if (!options.algorithm.empty() && !IsPolychromatic(spec->algorithm())) {
    spec->clear_beam_model();
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<v1::JobSpec> ReadJobFile(const std::string& path) {
  return ReadJson<v1::JobSpec>(path);
}

absl::StatusOr<v1::JobSpec> MakeJobSpec(const JobOptions& options, const v1::Scan& scan) {
  v1::JobSpec spec;
  if (!options.job_file.empty()) {
    TOMOSLAB_ASSIGN_OR_RETURN(spec, ReadJobFile(options.job_file));
  }
  TOMOSLAB_RETURN_IF_ERROR(ApplyAlgorithmOptions(options, &spec));
  TOMOSLAB_RETURN_IF_ERROR(ApplyBeamModel(options, &spec));
  TOMOSLAB_RETURN_IF_ERROR(ApplyStartAndWindow(options, &spec));
  TOMOSLAB_RETURN_IF_ERROR(ApplyProjector(options.projector, &spec));
  TOMOSLAB_RETURN_IF_ERROR(ApplyPreprocessing(options, spec.mutable_preprocessing()));
  TOMOSLAB_RETURN_IF_ERROR(ApplyVolume(options, scan, &spec));
  if (options.preview_every) spec.mutable_preview()->set_every_iterations(*options.preview_every);
  if (options.checkpoint_every) spec.set_checkpoint_every_seconds(*options.checkpoint_every);
  if (options.priority) spec.set_priority(*options.priority);
  if (!options.pool.empty()) spec.set_pool(options.pool);
  if (!options.name.empty()) spec.set_display_name(options.name);
  if (!scan.name().empty()) spec.set_scan(scan.name());
  return spec;
}

}  // namespace tomoslab
