// A solver's state kept in memory: the hook of worker/solvers/solver_state.h without files.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "worker/core/check.h"
#include "worker/distributed/communicator.h"
#include "worker/operators/field.h"

namespace tomoslab::testing {

/// Whole vectors, [inner][outer], and values by name; integers as doubles, which hold them exactly.
struct StateInMemory {
  std::map<std::string, std::vector<float>> vectors;
  std::map<std::string, std::vector<double>> numbers;
  std::map<std::string, std::string> texts;
};

/// Takes a state from the ranks that run a solver.
class StateTaker {
 public:
  StateTaker(const Communicator* ranks, StateInMemory* state) : ranks_(ranks), state_(state) {}

  void Vector(const std::string& name, const Field& x) {
    std::vector<float> planes;
    for (std::int64_t z = 0; z < x.inner_size(); ++z) {
      for (std::int64_t outer = 0; outer < x.outer(); ++outer) planes.push_back(x.line(outer)[z]);
    }
    TOMOSLAB_CHECK(state_->vectors.emplace(name, ranks_->GatherFloats(planes)).second);
  }
  void Value(const std::string& name, const std::string& text) { state_->texts[name] = text; }
  template <class Number>
  void Value(const std::string& name, const std::vector<Number>& numbers) {
    state_->numbers[name].assign(numbers.begin(), numbers.end());
  }
  template <class Number>
  void Value(const std::string& name, Number number) {
    state_->numbers[name] = {static_cast<double>(number)};
  }

 private:
  const Communicator* ranks_;
  StateInMemory* state_;
};

/// Gives it to the ranks that run another one.
class StateGiver {
 public:
  explicit StateGiver(const StateInMemory* state) : state_(state) {}

  void Vector(const std::string& name, Field& x) {
    const std::vector<float>& planes = state_->vectors.at(name);
    for (std::int64_t z = 0; z < x.inner_size(); ++z) {
      for (std::int64_t outer = 0; outer < x.outer(); ++outer)
        x.line(outer)[z] = planes[(x.inner().begin + z) * x.outer() + outer];
    }
  }
  void Value(const std::string& name, std::string& text) { text = state_->texts.at(name); }
  template <class Number>
  void Value(const std::string& name, std::vector<Number>& numbers) {
    const std::vector<double>& kept = state_->numbers.at(name);
    numbers.assign(kept.begin(), kept.end());
  }
  template <class Number>
  void Value(const std::string& name, Number& number) {
    number = static_cast<Number>(state_->numbers.at(name).at(0));
  }

 private:
  const StateInMemory* state_;
};

/// Stops a solver before its iteration `iteration`, with its state kept.
struct StopBefore {
  int iteration;
  const Communicator* ranks;
  StateInMemory* state;

  template <class Visit>
  bool Restore(Visit&&) const {
    return false;
  }
  template <class Visit>
  bool Pass(int next, Visit&& visit) const {
    if (next != iteration) return true;
    StateTaker taker(ranks, state);
    visit(taker);
    return false;
  }
};

/// Lets another one go on.
struct GoOnFrom {
  const StateInMemory* state;

  template <class Visit>
  bool Restore(Visit&& visit) const {
    StateGiver giver(state);
    visit(giver);
    return true;
  }
  template <class Visit>
  bool Pass(int, Visit&&) const {
    return true;
  }
};

}  // namespace tomoslab::testing
