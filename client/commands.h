// The sub-commands. Each takes what the command line says and returns the program's exit code;
// command_line.cc fills the options in.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "client/beam_options.h"
#include "client/embedded_server.h"
#include "client/job_options.h"
#include "client/volume_output.h"
#include "proto/dial.h"
#include "tomoslab/v1/access.pb.h"
#include "tomoslab/v1/job.pb.h"
#include "worker/data/phantom_case.h"
#include "worker/data/projection_reader.h"

namespace tomoslab {

inline constexpr const char* kDefaultServer = "127.0.0.1:50177";

struct ScanOptions {
  std::string input;  // a file, or scans/ID where the command takes one
  ScanHints hints;
  int every_views = 1;
};

struct ReconstructOptions {
  ScanOptions scan;
  JobOptions job;
  EmbeddedServerOptions server;
  OutputOptions output;
};
int RunReconstruct(const ReconstructOptions& options);

struct SubmitOptions {
  ServerChoice server;
  ScanOptions scan;
  JobOptions job;
  std::string resume_scan;  // scans/ID of an upload that was cut off
  bool upload_only = false;
  bool watch = false;
  OutputOptions output;  // with watch
};
int RunSubmit(const SubmitOptions& options);

struct WatchOptions {
  ServerChoice server;
  std::string job;
  std::int64_t after_event = 0;
  bool json = false;
  OutputOptions output;
};
int RunWatch(const WatchOptions& options);

struct LogsOptions {
  ServerChoice server;
  std::string job;
  int last_lines = 0;  // 0 = all
  v1::Severity least_severity = v1::SEVERITY_UNSPECIFIED;
  bool follow = false, json = false;
};
int RunLogs(const LogsOptions& options);

struct SlicesOptions {
  ServerChoice server;
  std::string job;
  std::string folder = ".";
  std::string plane;  // axial, coronal, sagittal; empty = all
  int iteration = 0;  // 0 = the newest
  bool follow = false;
};
int RunSlices(const SlicesOptions& options);

struct FetchOptions {
  ServerChoice server;
  std::string job;
  std::string slices;  // BEGIN:END; empty = all
  std::optional<double> energy_kev;
  std::string material;
  bool labels = false;
  OutputOptions output;
};
int RunFetch(FetchOptions options);

struct CancelOptions {
  ServerChoice server;
  std::string job;
};
int RunCancel(const CancelOptions& options);

struct RemoveOptions {
  ServerChoice server;
  std::vector<std::string> names;  // jobs/ID, scans/ID
};
int RunRemove(const RemoveOptions& options);

struct NewTokenOptions {
  ServerChoice server;
  v1::Token token;
  double days = 0;     // until it expires; 0 = never
  std::string output;  // file for the secret, readable for its owner alone; empty: stdout
};
int RunTokenCreate(NewTokenOptions options);

struct TokenOptions {
  ServerChoice server;
  std::string name;  // of RunTokenRevoke
  bool json = false;
};
int RunTokenRevoke(const TokenOptions& options);
int RunTokenList(const TokenOptions& options);
int RunWhoAmI(const TokenOptions& options);

struct ShareOptions {
  ServerChoice server;
  std::string name;  // jobs/ID or scans/ID
  std::vector<std::string> groups;
  bool keep = true;  // of RunKeep
};
int RunShare(const ShareOptions& options);
int RunKeep(const ShareOptions& options);

struct ListOptions {
  ServerChoice server;
  bool scans = false, pools = false, json = false;
  int limit = 50;
};
int RunList(const ListOptions& options);

struct PlanOptions {
  ServerChoice server;  // no address: planned here, without a server
  ScanOptions scan;
  JobOptions job;
  int ranks = 1;
  int memory_mb_per_rank = 0;
  int device_memory_mb_per_rank = 0;
};
int RunPlan(const PlanOptions& options);

struct SimulateOptions {
  std::string case_file, output, truth;
  PhantomCaseOptions phantom_case;
  std::optional<double> counts;  // I0; unset = the case's
  std::uint64_t seed = 0;
  std::string quantity = "transmission";
  BeamOptions beam;  // instead of the case's X-rays
};
int RunSimulate(const SimulateOptions& options);

struct SpectrumOptions {
  std::string job_file;  // whose beam_model the flags replace parts of
  BeamOptions beam;
  double longest_path_mm = 0;     // 0: of the job's volume, else 100
  std::string output;             // csv; empty: none
  std::string beam_model_output;  // v1.BeamModel in protobuf's JSON mapping; empty: none
};
int RunSpectrum(const SpectrumOptions& options);

}  // namespace tomoslab
