// The one way into every call: who calls, whether he may (access_rules.h), how much of it, and the
// audit log.
#pragma once

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/access_rules.h"
#include "server/audit_log.h"
#include "server/caller.h"
#include "server/ownership.h"
#include "server/reader_pace.h"
#include "server/token_store.h"
#include "server/user_limits.h"

namespace tomoslab {

/// Metadata by which the web page says for whom it calls: the browser's address. Only believed of
/// this process.
inline constexpr const char* kBrowserMetadata = "x-tomoslab-browser";

class Gate;

/// A call that has ended.
struct CallReport {
  std::string method;  // "Reconstruction.GetJob"; "" = none of ours
  absl::StatusCode code = absl::StatusCode::kOk;
  bool is_stream = false;
  std::chrono::duration<double> time{0};
};

/// One call that has been let in. Thread-safe.
class Visit : public std::enable_shared_from_this<Visit> {
 public:
  using Cut = std::function<void(const absl::Status&)>;
  using Clock = std::chrono::steady_clock;
  enum Direction { kReading, kWriting };

  Visit(Gate& gate, Caller caller, RuledMethod method, std::string peer);

  const Caller& caller() const { return caller_; }

  /// The scans, jobs and leases that a request names. NotFound, PermissionDenied. May wait for the
  /// disk.
  absl::Status Check(const google::protobuf::Message& request);
  /// What a call that names nothing has made, for the audit log.
  void NoteResult(const google::protobuf::Message& response);
  /// How it ended. Once.
  void End(const absl::Status& result);

  // --- streams ---
  /// How to end it from outside; not called any more after StopCutting. `cut` must not wait for
  /// locks under which StopCutting is called.
  void CutBy(Cut cut);
  void StopCutting();
  /// Between these two something should move. bytes: of a message that the other side is to read;
  /// 0 = not known (reader_pace.h).
  void Waits(Direction direction, std::int64_t bytes = 0);
  void Moves(Direction direction);

 private:
  friend class Gate;
  absl::Status CheckResource(const NamedResource& resource, const std::string& name);
  void NoteResource(const std::string& name);
  /// Ends it when it has been waiting too long, or its token is no longer valid.
  void Look(Clock::time_point now);
  absl::Status CheckPace(Clock::time_point now) const;
  AuditEntry Entry(const absl::Status& result) const;

  Gate& gate_;
  const Caller caller_;
  const RuledMethod method_;
  const std::string peer_;
  const Clock::time_point begin_ = Clock::now();
  mutable std::mutex notes_mutex_;
  std::string resource_;
  bool refused_ = false;  // for want of rights
  std::shared_ptr<void> place_;
  mutable std::mutex pace_mutex_;
  ReaderPace sends_, reads_;  // the other side, by how long this one waits for it
  // Recursive: gRPC may end a call within the call that cancels it.
  std::recursive_mutex mutex_;
  Cut cut_;
};

class Gate {
 public:
  struct Parts {
    TokenStore& tokens;
    OwnershipTable& ownership;
    AuditLog& audit;
    /// The token of the pool that has a living lease; nullopt: there is no such lease.
    std::function<std::optional<std::string>(const std::string& lease)> pool_of_lease;
    /// Hears of every call's end; may be null.
    std::function<void(const CallReport&)> note_call = {};
  };
  /// authenticate: tokens are asked for; else everybody is an admin.
  Gate(bool authenticate, const Limits& limits, Parts parts);
  ~Gate();
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  /// Unauthenticated, PermissionDenied, ResourceExhausted. Does not wait for the database. The
  /// visit must be gone before the gate.
  absl::StatusOr<std::shared_ptr<Visit>> Enter(const grpc::CallbackServerContext& context,
                                               const google::protobuf::Descriptor& request);

  /// What a new scan or job of the caller's gets. InvalidArgument: CheckGroups.
  absl::StatusOr<NewOwnership> OwnershipFor(
      const Caller& caller, const google::protobuf::RepeatedPtrField<std::string>& groups) const;
  bool MaySee(const Caller& caller, const std::string& name) const;
  v1::Identity IdentityOf(const Caller& caller) const;
  std::size_t OpenStreams();

 private:
  friend class Visit;
  absl::StatusOr<Caller> CallerOf(const grpc::CallbackServerContext& context) const;
  absl::Status Admit(Visit& visit);
  void AuditStranger(const AuditEntry& entry);
  void Note(const RuledMethod& method, const absl::Status& result,
            std::chrono::duration<double> time) const;
  void WatchOver();

  const bool authenticate_;
  const Parts parts_;
  UserLimits limits_;
  UserLimits strangers_;  // so that refusals do not fill the audit log

  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::vector<std::weak_ptr<Visit>> streams_;
  std::thread thread_;
};

}  // namespace tomoslab
