#include "worker/physics/nonnegative_least_squares.h"

#include <Eigen/QR>
#include <algorithm>
#include <limits>
#include <vector>

namespace tomoslab {
namespace {

/// The columns that are free to move, in the order in which they came.
class PassiveSet {
 public:
  PassiveSet(const Eigen::MatrixXd& a, const Eigen::VectorXd& b)
      : a_(a), b_(b), is_passive_(a.cols(), false) {}

  bool Has(Eigen::Index column) const { return is_passive_[column]; }
  void Add(Eigen::Index column) {
    columns_.push_back(column);
    is_passive_[column] = true;
  }
  /// Drops every column whose x is not above 0.
  void DropZeros(const Eigen::VectorXd& x) {
    std::erase_if(columns_, [&](Eigen::Index column) {
      if (x[column] > 0) return false;
      is_passive_[column] = false;
      return true;
    });
  }
  const std::vector<Eigen::Index>& columns() const { return columns_; }

  /// Unbounded least squares over these columns; 0 elsewhere.
  Eigen::VectorXd Solve() const {
    Eigen::VectorXd x = Eigen::VectorXd::Zero(a_.cols());
    const Eigen::MatrixXd passive = a_(Eigen::all, columns_);
    x(columns_) = passive.colPivHouseholderQr().solve(b_);
    return x;
  }

 private:
  const Eigen::MatrixXd& a_;
  const Eigen::VectorXd& b_;
  std::vector<Eigen::Index> columns_;
  std::vector<bool> is_passive_;
};

/// Moves x to the least squares solution of the passive set, dropping columns that meet their bound
/// on the way. False when `entered` itself did, at once: rounding only made it look useful.
bool MoveToSolution(Eigen::Index entered, PassiveSet& passive, Eigen::VectorXd& x) {
  bool first = true;
  while (!passive.columns().empty()) {
    const Eigen::VectorXd target = passive.Solve();
    if (first && !(target[entered] > 0)) {
      passive.DropZeros(x);
      return false;
    }
    first = false;
    double step = 1;
    for (const Eigen::Index column : passive.columns()) {
      if (target[column] <= 0) step = std::min(step, x[column] / (x[column] - target[column]));
    }
    for (const Eigen::Index column : passive.columns()) {
      const bool blocks = target[column] <= 0 && x[column] <= step * (x[column] - target[column]);
      x[column] = blocks ? 0 : x[column] + step * (target[column] - x[column]);
    }
    if (step == 1) return true;
    passive.DropZeros(x);
  }
  return true;
}

}  // namespace

Eigen::VectorXd NonnegativeLeastSquares(const Eigen::MatrixXd& a, const Eigen::VectorXd& b) {
  Eigen::VectorXd x = Eigen::VectorXd::Zero(a.cols());
  PassiveSet passive(a, b);
  Eigen::VectorXd gradient = a.transpose() * b;
  const double least = 1e-12 * gradient.cwiseAbs().maxCoeff();
  std::vector<bool> refused(a.cols(), false);
  for (Eigen::Index change = 0; change < 3 * a.cols(); ++change) {
    Eigen::Index best = -1;
    for (Eigen::Index column = 0; column < a.cols(); ++column) {
      if (passive.Has(column) || refused[column] || gradient[column] <= least) continue;
      if (best < 0 || gradient[column] > gradient[best]) best = column;
    }
    if (best < 0) break;
    passive.Add(best);
    if (MoveToSolution(best, passive, x)) {
      std::fill(refused.begin(), refused.end(), false);
      gradient = a.transpose() * (b - a * x);
    } else {
      refused[best] = true;
    }
  }
  return x;
}

}  // namespace tomoslab
