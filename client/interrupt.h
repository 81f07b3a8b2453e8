// Ctrl-C and SIGTERM: noticed by one thread, told to whoever waits.
#pragma once

#include <functional>

namespace tomoslab {

/// Starts noticing SIGINT and SIGTERM. Call it first in main, before any other thread exists. A
/// second signal ends the program at once.
void NoticeInterrupts();

/// True after the first signal.
bool Interrupted();

/// Waits, but not beyond an interrupt. True when the time has passed undisturbed.
bool SleepUnlessInterrupted(double seconds);

/// While it lives, `stop` is called once when a signal comes (on another thread), or at once when
/// one came before.
class OnInterrupt {
 public:
  explicit OnInterrupt(std::function<void()> stop);
  OnInterrupt(const OnInterrupt&) = delete;
  ~OnInterrupt();

 private:
  int key_;
};

}  // namespace tomoslab
