#include "server/gate.h"

#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "worker/core/status.h"

namespace tomoslab {
namespace {

constexpr std::chrono::milliseconds kLookEvery{500};
constexpr double kStrangersPerSecond = 5;  // refusals of one kind that the audit log takes
constexpr int kOpenStreams = 2000;         // where everybody is the same user

/// Where nobody is told apart, only what the server can bear is limited.
Limits LimitsFor(bool authenticate, const Limits& limits) {
  if (authenticate) return limits;
  Limits open;
  open.calls_per_second = 0;
  open.watchers = open.streams = kOpenStreams;
  open.queued_jobs = 0;
  open.idle = limits.idle;
  open.least_bytes_per_second = limits.least_bytes_per_second;
  return open;
}

std::string MethodName(const RuledMethod& method) {
  return method.method == nullptr ? "?" : method.method->full_name();
}

/// Who is at the other end, the browser for calls of our own web page.
std::string PeerOf(const grpc::CallbackServerContext& context) {
  const std::string peer = context.peer();
  const auto browser = context.client_metadata().find(kBrowserMetadata);
  // Every other transport has an address.
  if (browser == context.client_metadata().end() || peer != "unknown") return peer;
  return absl::StrFormat("%s via web", std::string(browser->second.data(), browser->second.size()));
}

const char* RoleName(v1::Role role) {
  switch (role) {
    case v1::ROLE_OPERATOR:
      return "an operator";
    case v1::ROLE_ADMIN:
      return "an admin";
    case v1::ROLE_POOL:
      return "a pool";
    default:
      return "a viewer";
  }
}

}  // namespace

Visit::Visit(Gate& gate, Caller caller, RuledMethod method, std::string peer)
    : gate_(gate),
      caller_(std::move(caller)),
      method_(method),
      peer_(std::move(peer)),
      sends_(0),  // a detector may take its time between views
      reads_(gate.limits_.limits().least_bytes_per_second) {}

absl::Status Visit::CheckResource(const NamedResource& resource, const std::string& name) {
  if (caller_.role == v1::ROLE_POOL) {
    const std::optional<std::string> owner = gate_.parts_.pool_of_lease(name);
    // Leases that are over are for the call itself to refuse, with ABORTED.
    if (!owner.has_value() || *owner == caller_.token) return absl::OkStatus();
    return absl::PermissionDeniedError("this lease is another pool's");
  }
  TOMOSLAB_ASSIGN_OR_RETURN(const Ownership ownership, gate_.parts_.ownership.Find(name));
  const absl::Status right = CheckRight(caller_, ownership, resource.right, name);
  if (!right.ok()) {
    const std::lock_guard<std::mutex> lock(notes_mutex_);
    refused_ = true;
    resource_ = name;
  }
  return right;
}

void Visit::NoteResource(const std::string& name) {
  const std::lock_guard<std::mutex> lock(notes_mutex_);
  if (resource_.empty()) resource_ = name;
}

absl::Status Visit::Check(const google::protobuf::Message& request) {
  for (const NamedResource& resource : method_.rule->resources) {
    const std::string name = TextAt(request, resource.field);
    NoteResource(name);
    if (name.empty() || caller_.SeesAll()) continue;
    TOMOSLAB_RETURN_IF_ERROR(CheckResource(resource, name));
  }
  return absl::OkStatus();
}

void Visit::NoteResult(const google::protobuf::Message& response) {
  for (const char* path : {"name", "job.name", "token.name"}) NoteResource(TextAt(response, path));
}

AuditEntry Visit::Entry(const absl::Status& result) const {
  const std::lock_guard<std::mutex> lock(notes_mutex_);
  return {caller_.user, caller_.token, peer_, MethodName(method_), resource_, result};
}

void Visit::End(const absl::Status& result) {
  gate_.Note(method_, result, Clock::now() - begin_);
  bool refusal = absl::IsPermissionDenied(result) || absl::IsUnauthenticated(result) ||
                 absl::IsResourceExhausted(result);
  {
    const std::lock_guard<std::mutex> lock(notes_mutex_);
    refusal = refusal || refused_;
  }
  if (method_.rule->changes || refusal) gate_.parts_.audit.Write(Entry(result));
}

void Visit::CutBy(Cut cut) {
  {
    const std::lock_guard<std::recursive_mutex> lock(mutex_);
    cut_ = std::move(cut);
  }
  const std::lock_guard<std::mutex> lock(gate_.mutex_);
  gate_.streams_.push_back(weak_from_this());
}

void Visit::StopCutting() {
  const std::lock_guard<std::recursive_mutex> lock(mutex_);
  cut_ = nullptr;
}

void Visit::Waits(Direction direction, std::int64_t bytes) {
  const std::lock_guard<std::mutex> lock(pace_mutex_);
  (direction == kReading ? sends_ : reads_).Waits(Clock::now(), bytes);
}

void Visit::Moves(Direction direction) {
  const std::lock_guard<std::mutex> lock(pace_mutex_);
  (direction == kReading ? sends_ : reads_).Took(Clock::now());
}

absl::Status Visit::CheckPace(Clock::time_point now) const {
  const Limits& limits = gate_.limits_.limits();
  if (limits.idle.count() == 0) return absl::OkStatus();
  const std::lock_guard<std::mutex> lock(pace_mutex_);
  if (sends_.Behind(now) >= limits.idle) {
    return absl::DeadlineExceededError(
        absl::StrFormat("nothing moved on this stream for %d s, so it was cut; nothing "
                        "acknowledged is lost, call again to go on",
                        limits.idle.count()));
  }
  if (reads_.Behind(now) < limits.idle) return absl::OkStatus();
  return absl::DeadlineExceededError(absl::StrFormat(
      "this stream is read so slowly that it is %d s behind %.3g KiB/s, so it was cut; call again "
      "to go on",
      limits.idle.count(), limits.least_bytes_per_second / 1024));
}

void Visit::Look(Clock::time_point now) {
  absl::Status why = CheckPace(now);
  if (!caller_.token.empty() && !gate_.parts_.tokens.IsValid(caller_.token)) {
    why =
        absl::UnauthenticatedError(absl::StrFormat("%s was revoked or has expired", caller_.token));
  }
  if (why.ok()) return;
  const std::lock_guard<std::recursive_mutex> lock(mutex_);
  const Cut cut = std::exchange(cut_, nullptr);
  if (cut) cut(why);
}

Gate::Gate(bool authenticate, const Limits& limits, Parts parts)
    : authenticate_(authenticate),
      parts_(std::move(parts)),
      limits_(LimitsFor(authenticate, limits)),
      strangers_(Limits{.calls_per_second = kStrangersPerSecond}),
      thread_([this] { WatchOver(); }) {}

Gate::~Gate() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void Gate::WatchOver() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (!wake_.wait_for(lock, kLookEvery, [this] { return stopping_; })) {
    std::vector<std::shared_ptr<Visit>> living;
    std::erase_if(streams_, [&](const std::weak_ptr<Visit>& stream) {
      std::shared_ptr<Visit> visit = stream.lock();
      if (visit == nullptr) return true;
      living.push_back(std::move(visit));
      return false;
    });
    lock.unlock();
    for (const std::shared_ptr<Visit>& visit : living)
      visit->Look(std::chrono::steady_clock::now());
    living.clear();
    lock.lock();
  }
}

absl::StatusOr<Caller> Gate::CallerOf(const grpc::CallbackServerContext& context) const {
  if (!authenticate_) return Caller{};
  const auto header = context.client_metadata().find("authorization");
  if (header == context.client_metadata().end()) {
    return absl::UnauthenticatedError(
        "this server asks for a token; get one from its admin (tomoslab token create) and name its "
        "file "
        "with --token-file or TOMOSLAB_TOKEN_FILE");
  }
  const absl::string_view value(header->second.data(), header->second.size());
  if (!absl::StartsWithIgnoreCase(value, "bearer ")) {
    return absl::UnauthenticatedError("the authorization is not \"Bearer TOKEN\"");
  }
  return parts_.tokens.Authenticate(std::string(value.substr(7)));
}

absl::Status Gate::Admit(Visit& visit) {
  const RuledMethod& method = visit.method_;
  if (method.rule == nullptr) {
    return absl::PermissionDeniedError(
        absl::StrFormat("nobody may call %s: this server has no rule for it", MethodName(method)));
  }
  if (!authenticate_ && method.rule->role == v1::ROLE_POOL) return absl::OkStatus();
  if (!RoleSuffices(visit.caller_.role, *method.rule)) {
    return absl::PermissionDeniedError(absl::StrFormat(
        "%s is for %s%s, and %s has the token of %s; ask the server's admin for another",
        method.method->name(), RoleName(method.rule->role),
        method.rule->role == v1::ROLE_POOL ? "" : " (or more)", visit.caller_.user,
        RoleName(visit.caller_.role)));
  }
  if (visit.caller_.role == v1::ROLE_POOL) return absl::OkStatus();  // known programs, many chunks
  TOMOSLAB_RETURN_IF_ERROR(limits_.CountCall(visit.caller_.user, UserLimits::Clock::now()));
  if (!method.method->client_streaming() && !method.method->server_streaming()) {
    return absl::OkStatus();
  }
  const bool watcher = method.method->name() == "WatchJob" || method.method->name() == "ReadLog";
  TOMOSLAB_ASSIGN_OR_RETURN(
      visit.place_,
      limits_.TakeStream(visit.caller_.user, watcher ? StreamKind::kWatcher : StreamKind::kData));
  return absl::OkStatus();
}

void Gate::Note(const RuledMethod& method, const absl::Status& result,
                std::chrono::duration<double> time) const {
  if (!parts_.note_call) return;
  CallReport report{method.rule == nullptr ? "" : method.rule->method, result.code(), false, time};
  report.is_stream = method.method != nullptr &&
                     (method.method->client_streaming() || method.method->server_streaming());
  parts_.note_call(report);
}

std::size_t Gate::OpenStreams() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return static_cast<std::size_t>(
      std::count_if(streams_.begin(), streams_.end(),
                    [](const std::weak_ptr<Visit>& stream) { return !stream.expired(); }));
}

void Gate::AuditStranger(const AuditEntry& entry) {
  const std::string kind =
      absl::StrCat(entry.user, " ", absl::StatusCodeToString(entry.result.code()));
  if (strangers_.CountCall(kind, UserLimits::Clock::now()).ok()) parts_.audit.Write(entry);
}

absl::StatusOr<std::shared_ptr<Visit>> Gate::Enter(const grpc::CallbackServerContext& context,
                                                   const google::protobuf::Descriptor& request) {
  const RuledMethod method = MethodOf(request);
  absl::StatusOr<Caller> caller = CallerOf(context);
  if (!caller.ok()) {
    AuditStranger({"", "", PeerOf(context), MethodName(method), "", caller.status()});
    Note(method, caller.status(), {});
    return caller.status();
  }
  auto visit = std::make_shared<Visit>(*this, *std::move(caller), method, PeerOf(context));
  const absl::Status admitted = Admit(*visit);
  if (admitted.ok()) return visit;
  AuditStranger(visit->Entry(admitted));
  Note(method, admitted, {});
  return admitted;
}

absl::StatusOr<NewOwnership> Gate::OwnershipFor(
    const Caller& caller, const google::protobuf::RepeatedPtrField<std::string>& groups) const {
  NewOwnership ownership;
  ownership.ownership.owner = caller.user;
  ownership.ownership.groups.assign(groups.begin(), groups.end());
  TOMOSLAB_RETURN_IF_ERROR(CheckGroups(caller, ownership.ownership.groups));
  if (groups.empty()) ownership.ownership.groups = caller.groups;
  if (caller.SeesAll()) return ownership;
  ownership.quota_bytes = limits_.limits().quota_bytes;
  ownership.most_queued_jobs = limits_.limits().queued_jobs;
  return ownership;
}

bool Gate::MaySee(const Caller& caller, const std::string& name) const {
  if (caller.SeesAll() || name.empty()) return true;
  const absl::StatusOr<Ownership> ownership = parts_.ownership.Find(name);
  return ownership.ok() && CheckRight(caller, *ownership, Right::kSee, name).ok();
}

v1::Identity Gate::IdentityOf(const Caller& caller) const {
  v1::Identity identity;
  identity.set_authenticated(authenticate_);
  identity.set_role(caller.role);
  identity.set_user(caller.user);
  identity.mutable_group()->Assign(caller.groups.begin(), caller.groups.end());
  identity.set_token(caller.token);
  if (!caller.SeesAll()) identity.set_quota_bytes(limits_.limits().quota_bytes);
  return identity;
}

}  // namespace tomoslab
