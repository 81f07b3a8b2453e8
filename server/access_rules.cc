#include "server/access_rules.h"

#include <google/protobuf/message.h>

#include <map>

#include "absl/strings/str_cat.h"
#include "tomoslab/v1/pool.pb.h"
#include "tomoslab/v1/reconstruction.pb.h"

namespace tomoslab {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;

constexpr bool kChanges = true;

std::map<const Descriptor*, RuledMethod> MakeIndex() {
  std::map<const Descriptor*, RuledMethod> index;
  for (const ServiceDescriptor* service : AllServices()) {
    for (int i = 0; i < service->method_count(); ++i) {
      const MethodDescriptor* method = service->method(i);
      RuledMethod& entry = index[method->input_type()];
      entry.method = method;
      for (const AccessRule& rule : AccessRules()) {
        if (absl::StrCat(service->name(), ".", method->name()) == rule.method) entry.rule = &rule;
      }
    }
  }
  return index;
}

}  // namespace

const std::vector<AccessRule>& AccessRules() {
  static const auto* rules = new std::vector<AccessRule>{
      {"Reconstruction.CreateScan", v1::ROLE_OPERATOR, {}, kChanges},
      {"Reconstruction.GetScan", v1::ROLE_VIEWER, {{"name"}}},
      {"Reconstruction.ListScans", v1::ROLE_VIEWER, {}},  // shows what the caller may see
      {"Reconstruction.DeleteScan", v1::ROLE_OPERATOR, {{"name", Right::kOwn}}, kChanges},
      {"Reconstruction.UploadProjections", v1::ROLE_OPERATOR, {{"scan", Right::kUse}}, kChanges},
      {"Reconstruction.CreateJob",
       v1::ROLE_OPERATOR,
       {{"spec.scan", Right::kUse}, {"spec.start.job", Right::kUse}},
       kChanges},
      {"Reconstruction.GetJob", v1::ROLE_VIEWER, {{"name"}}},
      {"Reconstruction.ListJobs", v1::ROLE_VIEWER, {}},  // shows what the caller may see
      {"Reconstruction.CancelJob", v1::ROLE_OPERATOR, {{"name", Right::kUse}}, kChanges},
      {"Reconstruction.DeleteJob", v1::ROLE_OPERATOR, {{"name", Right::kOwn}}, kChanges},
      {"Reconstruction.WatchJob", v1::ROLE_VIEWER, {{"name"}}},
      {"Reconstruction.ReadLog", v1::ROLE_VIEWER, {{"job"}}},
      {"Reconstruction.ReadSlices", v1::ROLE_VIEWER, {{"job"}}},
      {"Reconstruction.ReadPreview", v1::ROLE_VIEWER, {{"job"}}},
      {"Reconstruction.GetServerInfo", v1::ROLE_UNSPECIFIED, {}},
      {"Pool.Attach", v1::ROLE_POOL, {{"lease"}}, kChanges},
      {"Pool.Report", v1::ROLE_POOL, {{"lease"}}},
      {"Pool.FetchProjections", v1::ROLE_POOL, {{"lease"}}},
      {"Pool.FetchStartVolume", v1::ROLE_POOL, {{"lease"}}},
      {"Pool.DeliverSlices", v1::ROLE_POOL, {{"lease"}}},
      {"Pool.DeliverPreviews", v1::ROLE_POOL, {{"lease"}}},
      {"Pool.DeliverCheckpoint", v1::ROLE_POOL, {{"begin.lease"}}},
      {"Pool.FetchCheckpoint", v1::ROLE_POOL, {{"lease"}}},
      {"Pool.Beat", v1::ROLE_POOL, {{"lease"}}},
      {"Pool.ReportLog", v1::ROLE_POOL, {{"lease"}}},
      {"Access.CreateToken", v1::ROLE_ADMIN, {}, kChanges},
      {"Access.RevokeToken", v1::ROLE_ADMIN, {}, kChanges},
      {"Access.ListTokens", v1::ROLE_ADMIN, {}},
      {"Access.WhoAmI", v1::ROLE_UNSPECIFIED, {}},
      {"Access.Share", v1::ROLE_OPERATOR, {{"name", Right::kOwn}}, kChanges},
      {"Access.Keep", v1::ROLE_OPERATOR, {{"name", Right::kOwn}}, kChanges},
  };
  return *rules;
}

std::vector<const ServiceDescriptor*> AllServices() {
  std::vector<const ServiceDescriptor*> services;
  for (const auto* file : {v1::GetScanRequest::descriptor()->file(),
                           v1::Lease::descriptor()->file(), v1::Token::descriptor()->file()}) {
    for (int i = 0; i < file->service_count(); ++i) services.push_back(file->service(i));
  }
  return services;
}

RuledMethod MethodOf(const Descriptor& request) {
  static const auto* index = new std::map<const Descriptor*, RuledMethod>(MakeIndex());
  const auto it = index->find(&request);
  return it == index->end() ? RuledMethod{} : it->second;
}

std::string TextAt(const Message& message, const std::string& path) {
  const std::size_t dot = path.find('.');
  const FieldDescriptor* field = message.GetDescriptor()->FindFieldByName(path.substr(0, dot));
  if (field == nullptr || field->is_repeated()) return "";
  const google::protobuf::Reflection& values = *message.GetReflection();
  const bool text = field->type() == FieldDescriptor::TYPE_STRING;
  if (dot == std::string::npos) return text ? values.GetString(message, field) : "";
  if (field->message_type() == nullptr || !values.HasField(message, field)) return "";
  return TextAt(values.GetMessage(message, field), path.substr(dot + 1));
}

bool RoleSuffices(v1::Role role, const AccessRule& rule) {
  if (rule.role == v1::ROLE_UNSPECIFIED) return true;
  if (rule.role == v1::ROLE_POOL || role == v1::ROLE_POOL) return role == rule.role;
  return role >= rule.role;
}

}  // namespace tomoslab
