// min ‖A x − b‖ over x ≥ 0.
#pragma once

#include <Eigen/Core>

namespace tomoslab {

/// The active set method of Lawson & Hanson, Solving Least Squares Problems, 1974, chapter 23, on
/// Householder factorisations of the columns that are not at their bound. Eigen's own is newer than
/// the release that Debian 12 has. For tall, dense A of up to a few thousand entries a side; stops
/// when no gradient exceeds 1e-12 of the largest one at x = 0, or after 3 · columns changes.
Eigen::VectorXd NonnegativeLeastSquares(const Eigen::MatrixXd& a, const Eigen::VectorXd& b);

}  // namespace tomoslab
