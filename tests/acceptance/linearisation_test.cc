// A10: with one material, poly-BB is BB on the linearised line integrals.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <vector>

#include "tests/support/beam_models.h"
#include "tests/support/figure.h"
#include "tests/support/joseph_operator.h"
#include "worker/data/phantom_case.h"
#include "worker/data/simulate_scan.h"
#include "worker/solvers/poly_barzilai_borwein.h"
#include "worker/solvers/polychromatic_objective.h"

namespace tomoslab {
namespace {

/// √W A: rows scaled.
class WeightedOperator {
 public:
  WeightedOperator(const testing::JosephOperator& A, Field weight_root)
      : A_(A), root_(std::move(weight_root)) {}
  Field NewVolume() const { return A_.NewVolume(); }
  Field NewProjections() const { return A_.NewProjections(); }
  void Project(const Field& x, Field& y) const {
    A_.Project(x, y);
    Multiply(root_, y);
  }
  void Backproject(const Field& y, Field& x) const {
    Field weighted = Like(y);
    Copy(y, weighted);
    Multiply(root_, weighted);
    A_.Backproject(weighted, x);
  }

 private:
  const testing::JosephOperator& A_;
  Field root_;
};

/// The path length P with p(P) = b, by Newton's method; `slope` becomes dp/dP there.
double PathLengthOf(const BeamModel& model, double b, double* slope) {
  double path = 0;
  for (int i = 0; i < 60; ++i) {
    const double p = LineIntegralOf(model, {path}, absl::MakeSpan(slope, 1));
    path += (b - p) / *slope;
  }
  return path;
}

TEST(Linearisation, OneMaterialIsLinearInItsPathLength) {
  const absl::StatusOr<PhantomCase> read =
      ReadPhantomCase(TOMOSLAB_SOURCE_DIR "/tests/acceptance/cases/P2_al100.json");
  ASSERT_TRUE(read.ok()) << read.status();
  const testing::JosephOperator A(read->scan, read->volume);
  const BeamModel model = testing::Aluminium();
  const double node = model.materials[0].reference_per_mm;
  Field b = A.NewProjections(), linear = A.NewProjections(), root = A.NewProjections();
  for (std::size_t view = 0; view < read->scan.views.size(); ++view) {
    const std::vector<double> transmission = SimulateTransmission(*read, read->scan.views[view]);
    for (std::size_t column = 0; column < transmission.size(); ++column) {
      const std::size_t i = view * transmission.size() + column;
      b.data()[i] = static_cast<float>(-std::log(transmission[column]));
      double slope = 0;
      linear.data()[i] = static_cast<float>(node * PathLengthOf(model, b.data()[i], &slope));
      root.data()[i] = static_cast<float>(slope / node);  // √W = G'
    }
  }
  Multiply(root, linear);
  const auto go_on = [](const Progress&, const Field&) { return false; };
  const BarzilaiBorweinOptions options{.stopping = {.iterations = 40},
                                       .bounds = {.lower = 0, .upper = 1.5 * node}};
  Field expected = A.NewVolume(), x = A.NewVolume();
  BarzilaiBorwein(WeightedOperator(A, std::move(root)), linear, options, expected, go_on);
  PolychromaticObjective f(A, b, model, {});
  PolyBarzilaiBorwein(f, options, x, go_on);
  Subtract(x, expected, x);
  const double difference = Norm(x) / Norm(expected);
  testing::ExpectAtMost("A10 P2: poly-BB against BB on linearised data, 40 iterations, %",
                        100 * difference, 1);
}

}  // namespace
}  // namespace tomoslab
