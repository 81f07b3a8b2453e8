// The ceiling of an upload: gRPC's streams alone, without messages, checksums and disk.
#pragma once

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/grpcpp.h>

#include <cstdint>
#include <memory>
#include <string>

namespace tomoslab {

/// Listens on a free port in a process of its own, with gRPC's own threads as tomoslabd has them;
/// takes the messages of any stream and throws them away. Writes "host:port" to `port_file`, and
/// runs until it is killed.
[[noreturn]] void ServeRawUploads(const std::string& port_file);

/// Sends `messages` of `bytes` each, one after the other, and waits until all have been taken;
/// seconds.
double SendRaw(const std::shared_ptr<grpc::Channel>& channel, int messages, std::int64_t bytes);

}  // namespace tomoslab
