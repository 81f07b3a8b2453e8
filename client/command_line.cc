#include "client/command_line.h"

#include <CLI/CLI.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "client/access_flags.h"
#include "client/beam_flags.h"
#include "client/commands.h"
#include "client/connection_flags.h"
#include "client/exit_code.h"
#include "client/job_flags.h"

namespace tomoslab {
namespace {

// A check that does not clutter the help text.
CLI::Validator Quiet(CLI::Validator validator) { return validator.description(""); }

void AddScan(CLI::App& command, ScanOptions& scan, const std::string& what) {
  command.add_option("input", scan.input, what)->required();
  const std::string group = "Scan (what the file says is used unless it is said here)";
  ScanHints& hints = scan.hints;
  command.add_option("--beam", hints.beam, "parallel or cone")
      ->transform(Quiet(CLI::CheckedTransformer(std::map<std::string, Beam>{
          {"parallel", Beam::kParallel}, {"cone", Beam::kCone}, {"fan", Beam::kCone}})))
      ->type_name("BEAM")
      ->group(group);
  command.add_option("--sod", hints.source_object_distance_mm, "Source to rotation axis, mm")
      ->type_name("MM")
      ->group(group);
  command.add_option("--sdd", hints.source_detector_distance_mm, "Source to detector, mm")
      ->type_name("MM")
      ->group(group);
  command
      .add_option_function<std::vector<double>>(
          "--pixel",
          [&hints](const std::vector<double>& size) {
            hints.pixel_width_mm = size.front();
            hints.pixel_height_mm = size.back();
          },
          "Detector pixel, mm: width, or width,height")
      ->delimiter(',')
      ->expected(1, 2)
      ->type_name("MM[,MM]")
      ->group(group);
  command
      .add_option("--shift-u", hints.detector_shift_u_mm, "Detector's centre along its columns, mm")
      ->type_name("MM")
      ->group(group);
  command
      .add_option("--shift-v", hints.detector_shift_v_mm, "Detector's centre along its rows, mm")
      ->type_name("MM")
      ->group(group);
  command
      .add_option("--axis-offset", hints.rotation_axis_offset_mm,
                  "Rotation axis from the line source-detector, mm")
      ->type_name("MM")
      ->group(group);
  command
      .add_option("--direction", hints.clockwise,
                  "How source and detector turn, seen from +z: ccw or cw")
      ->transform(
          Quiet(CLI::CheckedTransformer(std::map<std::string, bool>{{"ccw", false}, {"cw", true}})))
      ->type_name("SENSE")
      ->group(group);
  command
      .add_option("--quantity", hints.quantity,
                  "What the numbers are: counts, transmission, line-integrals")
      ->transform(Quiet(CLI::CheckedTransformer(
          std::map<std::string, Quantity>{{"counts", Quantity::kCounts},
                                          {"transmission", Quantity::kTransmission},
                                          {"line-integrals", Quantity::kLineIntegrals}})))
      ->type_name("KIND")
      ->group(group);
  command.add_option("--reference-counts", hints.reference_counts, "I0 of counts without flats")
      ->type_name("N")
      ->group(group);
  command.add_option("--every-views", scan.every_views, "Use only every N-th view")
      ->check(Quiet(CLI::Range(1, 1'000'000)))
      ->capture_default_str()
      ->type_name("N")
      ->group(group);
}

void AddOutput(CLI::App& command, OutputOptions& output) {
  command
      .add_option("-o,--output", output.volume,
                  "Volume: FILE.h5, or FOLDER/ for one TIFF image per slice")
      ->type_name("OUT");
  command.add_option("--png", output.png_folder, "Also the three middle slices as PNG")
      ->type_name("FOLDER");
}

void AddReconstruct(CLI::App& app, Action& action) {
  auto options = std::make_shared<ReconstructOptions>();
  CLI::App* command =
      app.add_subcommand("reconstruct", "Reconstruct a scan on this machine, without a server");
  command->footer(
      "Example: tomoslab reconstruct scan.h5 --algorithm bb --iterations 30 --lower 0 --ranks 2 -o "
      "volume.h5 --png slices");
  AddScan(*command, options->scan,
          "Scan: Data Exchange or NXtomo HDF5, or a JSON file for a TIFF stack");
  AddJobFlags(*command, options->job);
  AddOutput(*command, options->output);
  command->add_option("--ranks", options->server.ranks, "MPI ranks (default: the server's choice)")
      ->check(Quiet(CLI::Range(0, 4096)));
  command
      ->add_option("--threads", options->server.threads,
                   "Threads per rank (default: cores / ranks)")
      ->check(Quiet(CLI::Range(0, 4096)));
  command->add_option("--device", options->server.device, "auto, cpu or cuda")
      ->check(Quiet(CLI::IsMember({"auto", "cpu", "cuda", "emulated"})))
      ->capture_default_str();
  command
      ->add_option("--memory-mb-per-rank", options->server.memory_mb_per_rank,
                   "Memory a rank may use, MB")
      ->check(Quiet(CLI::NonNegativeNumber));
  command
      ->add_option("--device-memory-mb-per-rank", options->server.device_memory_mb_per_rank,
                   "GPU memory a rank may use, MB (default: 90 % of a GPU, shared by its ranks)")
      ->check(Quiet(CLI::NonNegativeNumber));
  command
      ->add_option("--work-folder", options->server.work_folder,
                   "Where the temporary copy of scan and volume goes (default: the system's "
                   "temporary folder)")
      ->type_name("FOLDER");
  command->callback([=, &action] { action = [=] { return RunReconstruct(*options); }; });
}

void AddSubmit(CLI::App& app, Action& action) {
  auto options = std::make_shared<SubmitOptions>();
  CLI::App* command = app.add_subcommand(
      "submit", "Send a scan to a server and queue a job; prints the job's name");
  command->footer(
      "Example: tomoslab submit scan.h5 --server ct-server:50177 --algorithm bb --iterations 30 "
      "--watch -o volume.h5");
  AddScan(*command, options->scan, "Scan file, or scans/ID for one that the server has");
  AddJobFlags(*command, options->job);
  AddConnectionFlags(*command, options->server);
  command->add_option("--resume", options->resume_scan, "Go on with the upload into this scan")
      ->type_name("scans/ID");
  command->add_flag("--upload-only", options->upload_only, "Queue no job; prints the scan's name");
  command->add_flag("--watch", options->watch, "Follow the job to its end");
  AddOutput(*command, options->output);
  command->callback([=, &action] {
    if (!options->watch &&
        !(options->output.volume.empty() && options->output.png_folder.empty())) {
      throw CLI::ValidationError("-o and --png", "need --watch (or use: tomoslab fetch jobs/ID)");
    }
    action = [=] { return RunSubmit(*options); };
  });
}

void AddWatch(CLI::App& app, Action& action) {
  auto options = std::make_shared<WatchOptions>();
  CLI::App* command = app.add_subcommand("watch", "Follow a job: progress, residual, time left");
  command->add_option("job", options->job, "jobs/ID")->required();
  AddConnectionFlags(*command, options->server);
  command->add_option("--after-event", options->after_event, "Only events after this one")
      ->check(Quiet(CLI::NonNegativeNumber));
  command->add_flag("--json", options->json, "One event per line, as JSON, for scripts");
  AddOutput(*command, options->output);
  command->callback([=, &action] { action = [=] { return RunWatch(*options); }; });
}

void AddLogs(CLI::App& app, Action& action) {
  auto options = std::make_shared<LogsOptions>();
  CLI::App* command =
      app.add_subcommand("logs", "What the server and the ranks wrote about a job, line by line");
  command->footer("Example: tomoslab logs jobs/7 --severity warning");
  command->add_option("job", options->job, "jobs/ID")->required();
  AddConnectionFlags(*command, options->server);
  command->add_flag("--follow", options->follow, "Then new lines as they come, to the job's end");
  command->add_option("--last", options->last_lines, "Only the newest N lines")
      ->check(Quiet(CLI::Range(1, 1'000'000)))
      ->type_name("N");
  command->add_option("--severity", options->least_severity, "Only warning and worse, or error")
      ->transform(Quiet(CLI::CheckedTransformer(std::map<std::string, v1::Severity>{
          {"info", v1::INFO}, {"warning", v1::WARNING}, {"error", v1::ERROR}})))
      ->type_name("LEAST");
  command->add_flag("--json", options->json, "One JSON object per line, for scripts");
  command->callback([=, &action] { action = [=] { return RunLogs(*options); }; });
}

void AddSlices(CLI::App& app, Action& action) {
  auto options = std::make_shared<SlicesOptions>();
  CLI::App* command = app.add_subcommand("slices", "Save previews of a running job as PNG");
  command->footer("Example: tomoslab slices jobs/ID --follow -o previews");
  command->add_option("job", options->job, "jobs/ID")->required();
  AddConnectionFlags(*command, options->server);
  command->add_option("-o,--output", options->folder, "Folder")->capture_default_str();
  command->add_option("--plane", options->plane, "axial, coronal or sagittal (default: all)");
  command->add_option("--iteration", options->iteration, "Of this iteration (default: the newest)")
      ->check(Quiet(CLI::NonNegativeNumber));
  command->add_flag("--follow", options->follow,
                    "Every preview as it comes, until the job is over");
  command->callback([=, &action] { action = [=] { return RunSlices(*options); }; });
}

void AddFetch(CLI::App& app, Action& action) {
  auto options = std::make_shared<FetchOptions>();
  CLI::App* command = app.add_subcommand("fetch", "Write a job's volume to a file or folder");
  command->footer("Example: tomoslab fetch jobs/ID -o volume.h5 --png slices");
  command->add_option("job", options->job, "jobs/ID")->required();
  AddConnectionFlags(*command, options->server);
  AddOutput(*command, options->output);
  command->add_option("--slices", options->slices, "Only the slices BEGIN up to END, END excluded")
      ->type_name("BEGIN:END");
  command
      ->add_option("--energy", options->energy_kev,
                   "The attenuation at this energy, keV (poly-bb, poly-sirt, poly-dart)")
      ->type_name("KEV");
  command
      ->add_option(
          "--material", options->material,
          "How much of this material, as a fraction of its density (dart and polychromatic)")
      ->type_name("NAME")
      ->excludes("--energy");
  command
      ->add_flag("--labels", options->labels,
                 "Which material, 8 bits a voxel, 0 = air (dart and polychromatic)")
      ->excludes("--energy", "--material");
  command->callback([=, &action] { action = [=] { return RunFetch(*options); }; });
}

void AddCancel(CLI::App& app, Action& action) {
  auto options = std::make_shared<CancelOptions>();
  CLI::App* command = app.add_subcommand("cancel", "Stop a job");
  command->add_option("job", options->job, "jobs/ID")->required();
  AddConnectionFlags(*command, options->server);
  command->callback([=, &action] { action = [=] { return RunCancel(*options); }; });
}

void AddRemove(CLI::App& app, Action& action) {
  auto options = std::make_shared<RemoveOptions>();
  CLI::App* command =
      app.add_subcommand("rm", "Delete jobs with their volumes, and scans; there is no way back");
  command->footer("Example: tomoslab rm jobs/7 jobs/8 scans/3");
  command->add_option("names", options->names, "jobs/ID and scans/ID, in this order")->required();
  AddConnectionFlags(*command, options->server);
  command->callback([=, &action] { action = [=] { return RunRemove(*options); }; });
}

void AddList(CLI::App& app, Action& action) {
  auto options = std::make_shared<ListOptions>();
  CLI::App* command = app.add_subcommand("list", "List a server's jobs, newest first");
  AddConnectionFlags(*command, options->server);
  command->add_flag("--scans", options->scans, "List scans instead");
  command->add_flag("--pools", options->pools, "Say how the server and its pools are");
  command->add_flag("--json", options->json, "One job, scan or server per line, as JSON");
  command->add_option("--limit", options->limit, "At most so many")
      ->check(Quiet(CLI::Range(1, 1'000'000)))
      ->capture_default_str();
  command->callback([=, &action] { action = [=] { return RunList(*options); }; });
}

void AddPlan(CLI::App& app, Action& action) {
  auto options = std::make_shared<PlanOptions>();
  CLI::App* command = app.add_subcommand("plan", "Say what a job would need, without running it");
  command->footer(
      "Example: tomoslab plan scan.h5 --algorithm bb --ranks 4 --memory-mb-per-rank 8000");
  AddScan(*command, options->scan, "Scan file, or scans/ID for one that the server has");
  AddJobFlags(*command, options->job);
  AddConnectionFlags(*command, options->server, ServerAddress::kOptional);
  command->add_option("--ranks", options->ranks, "Plan for so many ranks")
      ->check(Quiet(CLI::Range(1, 4096)))
      ->capture_default_str();
  command
      ->add_option("--memory-mb-per-rank", options->memory_mb_per_rank,
                   "Memory of a rank, MB (default: not checked)")
      ->check(Quiet(CLI::NonNegativeNumber));
  command
      ->add_option("--device-memory-mb-per-rank", options->device_memory_mb_per_rank,
                   "GPU memory of a rank, MB (default: ranks compute on the CPU)")
      ->check(Quiet(CLI::NonNegativeNumber));
  command->callback([=, &action] {
    if (options->server.address.empty() && options->scan.input.starts_with("scans/"))
      options->server.address = DefaultServer();
    action = [=] { return RunPlan(*options); };
  });
}

void AddSpectrum(CLI::App& app, Action& action) {
  auto options = std::make_shared<SpectrumOptions>();
  CLI::App* command =
      app.add_subcommand("spectrum", "Show a beam model: spectrum, materials, effective energies");
  command->footer(
      "Example: tomoslab spectrum --tube-kv 120 --filter \"Al 2\" --detector \"CsI@4.51 0.5\" "
      "--energy-integrating --material Al --material Fe -o spectrum.csv");
  command->add_option("--job", options->job_file, "Job file whose beam_model is shown");
  AddBeamFlags(*command, options->beam, BeamFlags::kWithMaterials);
  command->add_option("--path-mm", options->longest_path_mm, "Longest path through the object")
      ->check(Quiet(CLI::PositiveNumber));
  command->add_option("-o,--output", options->output, "All energies, for a plot or for simulate")
      ->type_name("FILE.csv");
  command
      ->add_option("--write-beam-model", options->beam_model_output,
                   "The beam model as a job takes it")
      ->type_name("FILE.json");
  command->callback([=, &action] { action = [=] { return RunSpectrum(*options); }; });
}

void AddSimulate(CLI::App& app, Action& action) {
  auto options = std::make_shared<SimulateOptions>();
  CLI::App* command = app.add_subcommand(
      "simulate", "Compute the scan of a phantom of ellipsoids by exact path lengths");
  command->footer(
      "Example: tomoslab simulate phantom.json -o scan.h5 --i0 10000 --seed 1 --truth truth.h5");
  command->add_option("case", options->case_file, "Phantom, geometry and spectrum, JSON")
      ->required();
  command->add_option("-o,--output", options->output, "Scan to write, Data Exchange HDF5")
      ->required()
      ->type_name("FILE.h5");
  command->add_option("--truth", options->truth, "Also the volume as it should be")
      ->type_name("FILE.h5");
  command
      ->add_option("--views", options->phantom_case.views,
                   "Views, equally spaced (default: the case's)")
      ->check(Quiet(CLI::Range(1, 1'000'000)));
  command
      ->add_option("--i0,--I0", options->counts,
                   "Photons per pixel without object; 0 = no noise (default: the case's)")
      ->check(Quiet(CLI::NonNegativeNumber));
  command->add_option("--seed", options->seed, "Of the noise")->capture_default_str();
  command->add_option("--quantity", options->quantity, "transmission, counts or line-integrals")
      ->capture_default_str();
  AddBeamFlags(*command, options->beam, BeamFlags::kBeamOnly);
  command->callback([=, &action] { action = [=] { return RunSimulate(*options); }; });
}

}  // namespace

int RunCommandLine(int argc, char** argv) {
  if (const absl::Status read = ReadConnectionFile(); !read.ok()) return ReportError(read);
  CLI::App app("tomoslab: X-ray CT reconstruction, iterative and distributed");
  app.set_version_flag("--version", TOMOSLAB_VERSION);
  app.require_subcommand(1);
  app.footer(
      "Examples:\n"
      "  tomoslab reconstruct scan.h5 --algorithm fdk -o volume.h5 --png slices     all on this "
      "machine\n"
      "  job=$(tomoslab submit scan.h5 --algorithm bb --iterations 30 | tail -n 1)  on a server\n"
      "  tomoslab watch $job && tomoslab fetch $job -o volume.h5\n"
      "\n"
      "Exit codes: 0 done; 1 the job failed or was refused; 2 bad flags or input; 3 no server "
      "answers; 130 interrupted.");
  Action action;
  AddReconstruct(app, action);
  AddSubmit(app, action);
  AddWatch(app, action);
  AddLogs(app, action);
  AddSlices(app, action);
  AddFetch(app, action);
  AddCancel(app, action);
  AddRemove(app, action);
  AddList(app, action);
  AddPlan(app, action);
  AddSimulate(app, action);
  AddSpectrum(app, action);
  AddAccessCommands(app, action);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitOk : kExitUsage;
  }
  return action();
}

}  // namespace tomoslab
