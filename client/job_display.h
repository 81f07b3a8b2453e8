// What a person sees of a running job: a bar on a terminal, plain lines elsewhere.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>

#include "tomoslab/v1/job.pb.h"

namespace tomoslab {

/// kJson: every event as one line of JSON (protobuf's mapping) and nothing else.
enum class DisplayMode { kTerminal, kLines, kJson };

/// kTerminal when stdout is one.
DisplayMode ModeOfStdout();

/// Shows the events of one job.
class JobDisplay {
 public:
  explicit JobDisplay(DisplayMode mode, std::FILE* out = stdout) : mode_(mode), out_(out) {}
  /// `iterations_planned`: for the bar and the time left; 0 = unknown.
  void SetPlanned(int iterations_planned) { iterations_planned_ = iterations_planned; }
  void Show(const v1::JobEvent& event);
  /// A line that is overwritten by the next one on a terminal; elsewhere at most one every two
  /// seconds.
  void ShowPassing(const std::string& text);
  /// A line, or several, that stay; characters that a terminal would obey are shown as numbers.
  void ShowLine(const std::string& text);
  /// Ends a line that would be overwritten.
  void EndPassing();

 private:
  using Clock = std::chrono::steady_clock;
  DisplayMode mode_;
  std::FILE* out_;
  int iterations_planned_ = 0;
  bool passing_ = false;  // the cursor stands after a passing line
  Clock::time_point last_passing_{};
};

/// "iteration 12/30  residual 0.0314  step 1.2e-03  0.41 s each  4 s left"
std::string IterationText(const v1::IterationReport& report, int iterations_planned);
/// "[#####.....]", 30 characters wide inside.
std::string Bar(double fraction);
/// One line, in protobuf's JSON mapping, for scripts.
std::string JsonLine(const google::protobuf::Message& message);
/// "SUCCEEDED" as people read it: "succeeded".
std::string StateText(v1::JobState state);
/// "slices 0 to 9" for [0, 10), "no slices" for an empty range.
std::string RangeText(const char* what, std::int64_t begin, std::int64_t end);
/// "1.5 GB"
std::string BytesText(double bytes);
/// "4 s", "3:20", "2:03:20"
std::string DurationText(double seconds);

}  // namespace tomoslab
