#include "client/job_flags.h"

#include <string>

#include "proto/algorithm_values.h"

namespace tomoslab {
namespace {

void AddDart(CLI::App& command, JobOptions& job) {
  const std::string group = "Discrete reconstruction (dart, poly-dart)";
  const auto add = [&](const char* flag, auto& value, const char* type, const std::string& text) {
    return command.add_option(flag, value, text)->type_name(type)->group(group);
  };
  add("--grey-values", job.grey_values_per_mm, "V,...",
      "Attenuation of the materials, ascending, 1/mm (dart; air is always there)")
      ->delimiter(',');
  command
      .add_flag("--fixed-grey-values", job.fixed_grey_values,
                "Do not refit the grey values to the projections (dart)")
      ->group(group);
  command
      .add_flag("--refine-densities", job.refine_densities,
                "Refit one density factor per material (poly-dart)")
      ->group(group);
  add("--free-fraction", job.free_fraction, "F",
      "Voxels freed at random in each iteration, 0 to 1 (default: 0.1)");
  add("--smoothing", job.smoothing, "B", "Smoothing of free voxels, 0 to 1 (default: 0.3)");
  add("--inner", job.inner, "NAME",
      "What moves the free voxels: sirt, bb or cgls (default: sirt; cgls: dart only)");
  add("--inner-iterations", job.inner_iterations, "N", "Its iterations (default: sirt 10, else 5)");
  add("--start-iterations", job.start_iterations, "N",
      "Iterations of bb or poly-bb for the start image, unless --start names one (default: 30)");
  add("--seed", job.seed, "N", "Of the random voxels (default: 1)");
}

}  // namespace

void AddJobFlags(CLI::App& command, JobOptions& job) {
  const std::string group = "Job";
  command
      .add_option("--job", job.job_file, "Job file: a JobSpec in JSON; flags replace what it says")
      ->type_name("FILE")
      ->group(group);
  command
      .add_option("--beam-model", job.beam_model_file,
                  "Spectrum, detector and materials: a BeamModel in JSON (poly-bb, "
                  "poly-sirt, poly-dart)")
      ->type_name("FILE")
      ->group(group);
  command
      .add_option("--algorithm", job.algorithm,
                  "One of " + AlgorithmNames() + " (default: fdk, filtered backprojection)")
      ->type_name("NAME")
      ->group(group);
  command
      .add_option("--iterations", job.iterations,
                  "Updates (default: sirt, poly-sirt 100; cgls, dart, poly-dart 20; bb 30; "
                  "poly-bb 40)")
      ->type_name("N")
      ->group(group);
  command.add_option("--relaxation", job.relaxation, "Step of sirt and poly-sirt, between 0 and 2")
      ->type_name("L")
      ->group(group);
  command
      .add_option("--lower", job.lower_per_mm,
                  "Least attenuation, 1/mm (sirt, bb; poly-bb, poly-sirt: 0 unless said)")
      ->type_name("V")
      ->group(group);
  command
      .add_option(
          "--upper", job.upper_per_mm,
          "Greatest attenuation, 1/mm (the same; unless said 1.5 times the densest material's)")
      ->type_name("V")
      ->group(group);
  command
      .add_option("--stop-residual", job.stop_residual, "Stop when |b - Ax| / |b| is at most this")
      ->type_name("R")
      ->group(group);
  command
      .add_option("--stop-update", job.stop_update,
                  "Stop when the image changes by less than this part (not dart, poly-dart)")
      ->type_name("R")
      ->group(group);
  command
      .add_option("--projector", job.projector,
                  "How pixels and voxels meet: joseph, footprint (iterative algorithms)")
      ->type_name("NAME")
      ->group(group);
  command
      .add_option("--window", job.window,
                  "Filter window of fdk: ram-lak, shepp-logan, cosine, hamming, hann")
      ->type_name("NAME")
      ->group(group);
  command.add_option("--start", job.start, "Where to start: zero, fdk, jobs/ID")
      ->type_name("FROM")
      ->group(group);
  command
      .add_option("--rotation-axis", job.rotation_axis,
                  "Detector column of the rotation axis, from 0, or auto to find it")
      ->type_name("COLUMN")
      ->group(group);
  command
      .add_option("--background-offset", job.background_offset,
                  "Subtracted from every line integral")
      ->type_name("V")
      ->group(group);
  command
      .add_option("--voxel", job.voxel_mm,
                  "Voxel, mm: width, or width,height (default: the pixel at the axis)")
      ->delimiter(',')
      ->expected(1, 2)
      ->type_name("MM[,MM]")
      ->group(group);
  command.add_option("--size", job.size, "Voxels along x,y,z (default: the field of view)")
      ->delimiter(',')
      ->expected(3)
      ->type_name("X,Y,Z")
      ->group(group);
  command.add_option("--center", job.center_mm, "Centre of the volume, mm")
      ->delimiter(',')
      ->expected(3)
      ->type_name("X,Y,Z")
      ->group(group);
  command
      .add_option("--preview-every", job.preview_every,
                  "Preview slices every N iterations (default: 5); -1 = never")
      ->type_name("N")
      ->group(group);
  command
      .add_option("--checkpoint-every", job.checkpoint_every,
                  "Keep the solver's state every so many seconds (default: 120); -1 = never")
      ->type_name("SECONDS")
      ->group(group);
  command.add_option("--priority", job.priority, "-100 .. 100, higher runs first")
      ->type_name("N")
      ->group(group);
  command.add_option("--pool", job.pool, "Only on the pool of this name")
      ->type_name("NAME")
      ->group(group);
  command.add_option("--name", job.name, "A name for people")->type_name("TEXT")->group(group);
  AddDart(command, job);
}

}  // namespace tomoslab
