#include "worker/physics/spectrum_compression.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <numeric>

#include "worker/physics/nonnegative_least_squares.h"

namespace tomoslab {
namespace {

using Attenuations = std::vector<std::vector<double>>;  // [material][energy]

// Compositions of the paths: all fractions k / order that add up to 1. Both lists by number of
// materials; the second grid lies between the points of the first.
constexpr int kOrder[] = {0, 1, 16, 8, 5, 4, 3, 3};
constexpr int kLengths = 24;  // per composition
constexpr int kFewEnergies = 24;
constexpr double kUnitWeight = 100;  // of Σ share = 1 among the grid's equations

/// Every way to write `order` as a sum of `materials` numbers from 0, appended to `all`.
void AddCompositions(int order, std::size_t materials, std::vector<double>& head,
                     std::vector<std::vector<double>>& all) {
  if (head.size() + 1 == materials) {
    head.push_back(order);
    all.push_back(head);
    head.pop_back();
    return;
  }
  for (int k = 0; k <= order; ++k) {
    head.push_back(k);
    AddCompositions(order - k, materials, head, all);
    head.pop_back();
  }
}

/// μ of a composition (fractions of the path) at every energy.
Eigen::VectorXd MixedAttenuation(const Attenuations& attenuation,
                                 const std::vector<double>& parts) {
  const double sum = std::accumulate(parts.begin(), parts.end(), 0.0);
  Eigen::VectorXd mixed = Eigen::VectorXd::Zero(attenuation[0].size());
  for (std::size_t m = 0; m < parts.size(); ++m) {
    mixed += parts[m] / sum *
             Eigen::Map<const Eigen::VectorXd>(attenuation[m].data(), attenuation[m].size());
  }
  return mixed;
}

double Transmission(const Eigen::VectorXd& share, const Eigen::VectorXd& attenuation,
                    double length_mm) {
  return share.dot((-length_mm * attenuation).array().exp().matrix());
}

/// The length at which p reaches kDeepestLineIntegral, or longest_mm where it does not.
double DeepestLength(const Eigen::VectorXd& share, const Eigen::VectorXd& attenuation,
                     double longest_mm) {
  const double least = std::exp(-kDeepestLineIntegral);
  if (Transmission(share, attenuation, longest_mm) >= least) return longest_mm;
  double low = 0, high = longest_mm;
  for (int i = 0; i < 50; ++i) {
    const double middle = (low + high) / 2;
    (Transmission(share, attenuation, middle) >= least ? low : high) = middle;
  }
  return low;
}

/// One row per path: exp(−Σ μ P) at every energy, divided by the spectrum's transmission, so that
/// the row times the shares is 1 and its difference from 1 is Δp. Lengths grow with the square of
/// (k + offset) / kLengths: short paths feel the low energies.
Eigen::MatrixXd RelativeTransmissions(const Eigen::VectorXd& share, const Attenuations& attenuation,
                                      double longest_mm, int order, double offset) {
  std::vector<std::vector<double>> compositions;
  std::vector<double> head;
  AddCompositions(order, attenuation.size(), head, compositions);
  Eigen::MatrixXd rows(compositions.size() * kLengths, share.size());
  Eigen::Index row = 0;
  for (const std::vector<double>& composition : compositions) {
    const Eigen::VectorXd mixed = MixedAttenuation(attenuation, composition);
    const double deepest = DeepestLength(share, mixed, longest_mm);
    for (int k = 1; k <= kLengths; ++k) {
      const double t = (k - offset) / kLengths;
      rows.row(row) = (-deepest * t * t * mixed).array().exp();
      rows.row(row) /= rows.row(row).dot(share);
      ++row;
    }
  }
  return rows;
}

/// What a choice of energies is judged by.
struct Candidate {
  std::vector<Eigen::Index> energy;
  Eigen::VectorXd share;
  double error = std::numeric_limits<double>::infinity();
};

class Fit {
 public:
  Fit(const Eigen::VectorXd& share, const Attenuations& attenuation, double longest_mm)
      : check_([&] {
          const int order = kOrder[attenuation.size()];
          const int between = attenuation.size() == 1 ? 1 : order + 1;
          return RelativeTransmissions(share, attenuation, longest_mm, between, 0.5);
        }()) {
    const Eigen::MatrixXd grid =
        RelativeTransmissions(share, attenuation, longest_mm, kOrder[attenuation.size()], 0);
    equations_.resize(grid.rows() + 1, grid.cols());
    equations_ << grid, Eigen::RowVectorXd::Constant(grid.cols(), kUnitWeight);
    right_ = Eigen::VectorXd::Ones(equations_.rows());
    right_[grid.rows()] = kUnitWeight;
  }

  Eigen::Index energies() const { return equations_.cols(); }

  /// The best shares of the given energies; those that get none are left out.
  Candidate Solve(const std::vector<Eigen::Index>& energies) const {
    const Eigen::VectorXd share = Shares(equations_(Eigen::all, energies));
    Candidate candidate;
    std::vector<double> kept;
    for (Eigen::Index k = 0; k < share.size(); ++k) {
      if (share[k] <= 0) continue;
      candidate.energy.push_back(energies[k]);
      kept.push_back(share[k]);
    }
    if (kept.empty()) return candidate;
    candidate.share = Eigen::Map<Eigen::VectorXd>(kept.data(), kept.size());
    candidate.share /= candidate.share.sum();
    candidate.error =
        std::max(LargestDifference(equations_.topRows(equations_.rows() - 1), candidate),
                 LargestDifference(check_, candidate));
    return candidate;
  }

 private:
  Eigen::VectorXd Shares(const Eigen::MatrixXd& columns) const {
    if (columns.cols() <= kFewEnergies) {  // mostly no bound is met, and this is all of it
      const Eigen::VectorXd unbounded = columns.householderQr().solve(right_);
      if (unbounded.allFinite() && unbounded.minCoeff() > 0) return unbounded;
    }
    return NonnegativeLeastSquares(columns, right_);
  }

  static double LargestDifference(const Eigen::MatrixXd& rows, const Candidate& candidate) {
    const Eigen::VectorXd ratio = rows(Eigen::all, candidate.energy) * candidate.share;
    return ratio.array().log().abs().maxCoeff();
  }

  Eigen::MatrixXd equations_, check_;
  Eigen::VectorXd right_;
};

/// The best fit that does without one of the energies.
Candidate WithoutOne(const Fit& fit, const Candidate& from) {
  Candidate best;
  for (std::size_t left_out = 0; left_out < from.energy.size(); ++left_out) {
    std::vector<Eigen::Index> energies = from.energy;
    energies.erase(energies.begin() + static_cast<std::ptrdiff_t>(left_out));
    Candidate candidate = fit.Solve(energies);
    if (candidate.error < best.error) best = std::move(candidate);
  }
  return best;
}

/// Moves energies between their neighbours, one at a time, while that lowers the error and until it
/// is at most `tolerance`.
Candidate Shifted(const Fit& fit, Candidate candidate, double tolerance) {
  for (bool improved = true; improved && candidate.error > tolerance;) {
    improved = false;
    for (std::size_t k = 0; k < candidate.energy.size() && candidate.error > tolerance; ++k) {
      const Eigen::Index low = k == 0 ? 0 : candidate.energy[k - 1] + 1;
      const Eigen::Index high =
          k + 1 == candidate.energy.size() ? fit.energies() - 1 : candidate.energy[k + 1] - 1;
      for (const Eigen::Index shift : {-8, -3, -1, 1, 3, 8}) {
        std::vector<Eigen::Index> energies = candidate.energy;
        energies[k] += shift;
        if (energies[k] < low || energies[k] > high) continue;
        Candidate moved = fit.Solve(energies);
        if (moved.error >= 0.999 * candidate.error || moved.energy != energies) continue;
        candidate = std::move(moved);
        improved = true;
        break;
      }
    }
  }
  return candidate;
}

}  // namespace

CompressedSpectrum CompressSpectrum(const Spectrum& spectrum,
                                    const std::vector<std::vector<double>>& attenuation_per_mm,
                                    double longest_path_mm, double tolerance) {
  const Eigen::VectorXd share =
      Eigen::Map<const Eigen::VectorXd>(spectrum.share.data(), spectrum.share.size());
  const Fit fit(share, attenuation_per_mm, longest_path_mm);
  std::vector<Eigen::Index> all(share.size());
  std::iota(all.begin(), all.end(), 0);
  Candidate chosen = fit.Solve(all);
  while (chosen.energy.size() > 1) {
    Candidate fewer = Shifted(fit, WithoutOne(fit, chosen), tolerance);
    if (fewer.error > tolerance) break;
    chosen = std::move(fewer);
  }
  CompressedSpectrum result;
  result.energy.assign(chosen.energy.begin(), chosen.energy.end());
  result.share.assign(chosen.share.begin(), chosen.share.end());
  result.error = chosen.error;
  return result;
}

}  // namespace tomoslab
