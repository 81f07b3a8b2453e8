// Values over photon energy, as someone measured or published them.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tomoslab {

inline constexpr double kLowestTableKev = 1, kHighestTableKev = 1000;
inline constexpr std::size_t kMostTableEntries = 5000;

/// 1 .. kMostTableEntries values from 0, at strictly ascending energies, linear in between.
class EnergyTable {
 public:
  /// InvalidArgument names the entry that is wrong.
  static absl::StatusOr<EnergyTable> Create(std::vector<double> energy_kev,
                                            std::vector<double> value);

  const std::vector<double>& energy_kev() const { return energy_kev_; }
  const std::vector<double>& value() const { return value_; }
  /// OutOfRange below the first and above the last energy: a table is never extrapolated.
  absl::StatusOr<double> At(double energy_kev) const;

 private:
  EnergyTable(std::vector<double> energy_kev, std::vector<double> value)
      : energy_kev_(std::move(energy_kev)), value_(std::move(value)) {}
  std::vector<double> energy_kev_, value_;
};

}  // namespace tomoslab
