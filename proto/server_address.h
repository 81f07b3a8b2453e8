// What an address says about who can reach it.
#pragma once

#include <string>

namespace tomoslab {

/// Only programs of this machine reach it: localhost, 127.0.0.0/8, [::1] (each with a port), or a
/// Unix domain socket (unix:PATH). Anything else, names too, may be another machine's.
bool IsLoopback(const std::string& address);

}  // namespace tomoslab
