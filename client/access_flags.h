// The sub-commands about who may do what: token, whoami, share, keep.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

namespace tomoslab {

/// Runs the chosen sub-command; set by its callback.
using Action = std::function<int()>;

void AddAccessCommands(CLI::App& app, Action& action);

}  // namespace tomoslab
