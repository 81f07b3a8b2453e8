#include "worker/app/state_archive.h"

#include "absl/strings/str_format.h"

namespace tomoslab {

void StateSetter::Miss(const std::string& name) {
  if (!status_.ok()) return;
  status_ = absl::FailedPreconditionError(absl::StrFormat(
      "%s keeps no \"%s\" of this kind, which this program's solver needs: it was left by another "
      "version",
      kept_->name(), name));
}

void StateSetter::Vector(const std::string& name, Field& x) {
  if (!status_.ok()) return;
  for (int i = 0; i < kept_->part_size(); ++i) {
    const v1::StatePart& part = kept_->part(i);
    if (part.name() != name) continue;
    if (part.planes() != x.inner_total() || part.plane_size() != x.outer()) break;
    status_ = fetch_(i, x);
    return;
  }
  Miss(name);
}

const v1::StateValue* StateSetter::Find(const std::string& name) {
  if (!status_.ok()) return nullptr;
  for (const v1::StateValue& value : kept_->value()) {
    if (value.name() == name) return &value;
  }
  Miss(name);
  return nullptr;
}

void StateSetter::Value(const std::string& name, std::string& text) {
  if (const v1::StateValue* value = Find(name)) text = value->text();
}

void StateSetter::Value(const std::string& name, std::vector<double>& numbers) {
  if (const v1::StateValue* value = Find(name))
    numbers.assign(value->real().begin(), value->real().end());
}

void StateSetter::Value(const std::string& name, std::vector<std::int64_t>& numbers) {
  if (const v1::StateValue* value = Find(name))
    numbers.assign(value->integer().begin(), value->integer().end());
}

}  // namespace tomoslab
