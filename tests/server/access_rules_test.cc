#include "server/access_rules.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tomoslab/v1/pool.pb.h"
#include "tomoslab/v1/reconstruction.pb.h"

namespace tomoslab {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::MethodDescriptor;

std::vector<const MethodDescriptor*> AllMethods() {
  std::vector<const MethodDescriptor*> methods;
  for (const auto* service : AllServices()) {
    for (int i = 0; i < service->method_count(); ++i) methods.push_back(service->method(i));
  }
  return methods;
}

/// Whether a text field of a request names a scan, a job or a lease.
bool NamesAResource(const FieldDescriptor& field) {
  const std::set<std::string> names = {"name", "job", "scan", "lease"};
  return field.type() == FieldDescriptor::TYPE_STRING && !field.is_repeated() &&
         names.count(field.name()) > 0;
}

const FieldDescriptor* FieldAt(const Descriptor& message, const std::string& path) {
  const std::size_t dot = path.find('.');
  const FieldDescriptor* field = message.FindFieldByName(path.substr(0, dot));
  if (field == nullptr || dot == std::string::npos) return field;
  return field->message_type() == nullptr ? nullptr
                                          : FieldAt(*field->message_type(), path.substr(dot + 1));
}

TEST(AccessRules, EveryMethodHasOneRuleAndEveryRuleAMethod) {
  std::set<std::string> ruled, methods;
  for (const AccessRule& rule : AccessRules())
    EXPECT_TRUE(ruled.insert(rule.method).second) << rule.method;
  for (const MethodDescriptor* method : AllMethods()) {
    methods.insert(method->service()->name() + "." + method->name());
    const RuledMethod found = MethodOf(*method->input_type());
    EXPECT_EQ(found.method, method)
        << "another method takes the same request as " << method->full_name();
    EXPECT_NE(found.rule, nullptr) << method->full_name() << " needs a line in access_rules.cc";
  }
  EXPECT_EQ(ruled, methods);
  EXPECT_GT(methods.size(), 20u);
}

TEST(AccessRules, RequestsThatAreNoMethodsHaveNone) {
  EXPECT_EQ(MethodOf(*v1::Scan::descriptor()).rule, nullptr);
}

TEST(AccessRules, ResourcesAreTextFieldsOfTheRequest) {
  for (const MethodDescriptor* method : AllMethods()) {
    for (const NamedResource& resource : MethodOf(*method->input_type()).rule->resources) {
      const FieldDescriptor* field = FieldAt(*method->input_type(), resource.field);
      ASSERT_NE(field, nullptr) << method->full_name() << " has no " << resource.field;
      EXPECT_TRUE(NamesAResource(*field)) << field->full_name();
    }
  }
}

TEST(AccessRules, NoRequestNamesAResourceThatNobodyChecks) {
  for (const MethodDescriptor* method : AllMethods()) {
    const AccessRule& rule = *MethodOf(*method->input_type()).rule;
    if (rule.role == v1::ROLE_ADMIN) continue;
    for (int i = 0; i < method->input_type()->field_count(); ++i) {
      const FieldDescriptor& field = *method->input_type()->field(i);
      if (!NamesAResource(field)) continue;
      const bool checked = std::any_of(
          rule.resources.begin(), rule.resources.end(),
          [&](const NamedResource& resource) { return resource.field == field.name(); });
      EXPECT_TRUE(checked) << method->full_name() << ": " << field.name();
    }
  }
}

TEST(AccessRules, RolesContainEachOtherButPoolsStandApart) {
  const AccessRule see{"", v1::ROLE_VIEWER, {}}, change{"", v1::ROLE_OPERATOR, {}},
      rule{"", v1::ROLE_ADMIN, {}}, compute{"", v1::ROLE_POOL, {}},
      any{"", v1::ROLE_UNSPECIFIED, {}};
  EXPECT_TRUE(RoleSuffices(v1::ROLE_VIEWER, see));
  EXPECT_FALSE(RoleSuffices(v1::ROLE_VIEWER, change));
  EXPECT_TRUE(RoleSuffices(v1::ROLE_OPERATOR, see));
  EXPECT_FALSE(RoleSuffices(v1::ROLE_OPERATOR, rule));
  EXPECT_TRUE(RoleSuffices(v1::ROLE_ADMIN, change));
  for (const v1::Role role :
       {v1::ROLE_VIEWER, v1::ROLE_OPERATOR, v1::ROLE_ADMIN, v1::ROLE_UNSPECIFIED}) {
    EXPECT_FALSE(RoleSuffices(role, compute)) << role;
    EXPECT_TRUE(RoleSuffices(role, any));
  }
  EXPECT_TRUE(RoleSuffices(v1::ROLE_POOL, compute));
  EXPECT_TRUE(RoleSuffices(v1::ROLE_POOL, any));
  for (const AccessRule* closed : {&see, &change, &rule})
    EXPECT_FALSE(RoleSuffices(v1::ROLE_POOL, *closed));
  EXPECT_FALSE(RoleSuffices(v1::ROLE_UNSPECIFIED, see));
}

TEST(TextAt, FollowsPathsAndStopsWhereNothingIsSet) {
  v1::CreateJobRequest request;
  EXPECT_EQ(TextAt(request, "spec.scan"), "");
  request.mutable_spec()->set_scan("scans/1");
  EXPECT_EQ(TextAt(request, "spec.scan"), "scans/1");
  EXPECT_EQ(TextAt(request, "spec.start.job"), "");
  request.mutable_spec()->mutable_start()->set_job("jobs/2");
  EXPECT_EQ(TextAt(request, "spec.start.job"), "jobs/2");
  for (const char* other : {"no.such", "group", "validate_only", "spec", "request_id.x"}) {
    EXPECT_EQ(TextAt(request, other), "") << other;
  }
}

}  // namespace
}  // namespace tomoslab
