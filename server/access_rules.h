// Which role each call needs, and what it does with which scans, jobs and leases: the whole of it
// in one table. A call that is not in it is refused.
#pragma once

#include <google/protobuf/descriptor.h>

#include <string>
#include <vector>

#include "server/caller.h"

namespace tomoslab {

/// A field of a request that names a scan, a job or a lease: "name", "spec.scan".
struct NamedResource {
  const char* field;
  Right right = Right::kSee;  // of leases nothing: they are the pool's that they were given to
};

struct AccessRule {
  const char* method;  // "Service.Method" in package tomoslab.v1
  v1::Role
      role;  // the least that may call it; ROLE_UNSPECIFIED: any; ROLE_POOL: pools and nobody else
  std::vector<NamedResource> resources;
  bool changes = false;  // something: it goes into the audit log when it is allowed, too
};

const std::vector<AccessRule>& AccessRules();

/// A method and its rule. Both null when there is none.
struct RuledMethod {
  const google::protobuf::MethodDescriptor* method = nullptr;
  const AccessRule* rule = nullptr;
};
/// The method whose requests are of this type: every method has a type of its own.
RuledMethod MethodOf(const google::protobuf::Descriptor& request);

/// The services that the table is about.
std::vector<const google::protobuf::ServiceDescriptor*> AllServices();

/// A text field of a message by its path; empty where a message on the way, or the field, is not
/// set.
std::string TextAt(const google::protobuf::Message& message, const std::string& path);

bool RoleSuffices(v1::Role role, const AccessRule& rule);

}  // namespace tomoslab
