// The command line: which sub-command, with which options.
#pragma once

namespace tomoslab {

/// Parses and runs; the program's exit code. The only file that knows CLI11 is command_line.cc.
int RunCommandLine(int argc, char** argv);

}  // namespace tomoslab
