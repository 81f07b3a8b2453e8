// A solver's state as messages (worker/solvers/solver_state.h): one archive that takes it, one that
// sets it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <type_traits>
#include <vector>

#include "absl/status/status.h"
#include "tomoslab/v1/pool.pb.h"
#include "worker/operators/field.h"

namespace tomoslab {

/// Notes what a state consists of: its values, and where its vectors are.
class StateTaker {
 public:
  void Vector(const std::string& name, const Field& x) {
    v1::StatePart* part = description.add_part();
    part->set_name(name);
    part->set_planes(static_cast<int>(x.inner_total()));
    part->set_plane_size(x.outer());
    vectors.push_back(&x);
  }
  void Value(const std::string& name, const std::string& text) { Named(name)->set_text(text); }
  void Value(const std::string& name, const std::vector<double>& numbers) {
    Named(name)->mutable_real()->Add(numbers.begin(), numbers.end());
  }
  void Value(const std::string& name, const std::vector<std::int64_t>& numbers) {
    Named(name)->mutable_integer()->Add(numbers.begin(), numbers.end());
  }
  template <class Number>
  void Value(const std::string& name, Number number) {
    if constexpr (std::is_floating_point_v<Number>) {
      Named(name)->add_real(number);
    } else {
      Named(name)->add_integer(number);
    }
  }

  v1::Checkpoint description;         // iteration and phase are left to the caller
  std::vector<const Field*> vectors;  // of each part

 private:
  v1::StateValue* Named(const std::string& name) {
    v1::StateValue* value = description.add_value();
    value->set_name(name);
    return value;
  }
};

/// Sets a state to one that was kept. After the first failure it changes nothing more.
class StateSetter {
 public:
  /// fetch(part, x): x ← the part's planes that this rank holds.
  using Fetch = std::function<absl::Status(int part, Field& x)>;
  /// `kept` outlives this.
  StateSetter(const v1::Checkpoint* kept, Fetch fetch) : kept_(kept), fetch_(std::move(fetch)) {}

  /// FailedPrecondition: the state that was kept is of another program. Others as fetch.
  const absl::Status& status() const { return status_; }

  void Vector(const std::string& name, Field& x);
  void Value(const std::string& name, std::string& text);
  void Value(const std::string& name, std::vector<double>& numbers);
  void Value(const std::string& name, std::vector<std::int64_t>& numbers);
  template <class Number>
  void Value(const std::string& name, Number& number) {
    std::conditional_t<std::is_floating_point_v<Number>, std::vector<double>,
                       std::vector<std::int64_t>>
        numbers;
    Value(name, numbers);
    if (numbers.size() == 1) number = static_cast<Number>(numbers[0]);
    if (numbers.size() != 1) Miss(name);
  }

 private:
  const v1::StateValue* Find(const std::string& name);
  void Miss(const std::string& name);

  const v1::Checkpoint* kept_;
  Fetch fetch_;
  absl::Status status_;
};

}  // namespace tomoslab
