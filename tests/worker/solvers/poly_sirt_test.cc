#include "worker/solvers/poly_sirt.h"

#include <vector>

#include "gtest/gtest.h"
#include "tests/support/beam_models.h"
#include "tests/support/dense_operator.h"
#include "tests/support/figure.h"
#include "tests/support/parallel_matrix.h"

namespace tomoslab {
namespace {

using testing::AluminiumAndIron;
using testing::DoubleLineIntegral;

const auto kNeverStop = [](const Progress&, const auto&) { return false; };

template <class Watch>
SolverResult Reconstruct(const DenseOperator& A, const DenseVector& b, const BeamModel& model,
                         const SirtOptions& options, DenseVector& x, Watch&& watch) {
  return PolySirt<DenseOperator, Watch, DoubleLineIntegral>(A, b, model, options, x,
                                                            std::forward<Watch>(watch));
}

TEST(PolySirt, OneStepByHand) {
  // Two voxels, one ray through 1 mm and 3 mm of them; x = 0, so p = 0: R = 1/4, C = 1/(1, 3).
  const DenseOperator A(Matrix{{1.0, 3.0}});
  const DenseVector b(std::vector<double>{0.8});
  DenseVector x = A.NewVolume();
  Reconstruct(A, b, AluminiumAndIron(), {.stopping = {.iterations = 1}, .relaxation = 0.5}, x,
              kNeverStop);
  EXPECT_NEAR(x.values[0], 0.5 * 0.8 / 4, 1e-8);
  EXPECT_NEAR(x.values[1], 0.5 * 0.8 / 4, 1e-8);
}

TEST(PolySirt, IsSirtWhenThereIsOneEnergy) {
  const DenseOperator A(testing::ParallelMatrix(8, 6, 1.0));
  DenseVector b = A.NewProjections(), truth = A.NewVolume();
  for (std::size_t j = 0; j < truth.values.size(); ++j) {
    truth.values[j] = 0.01 * static_cast<double>(j % 7);
  }
  A.Project(truth, b);
  const BeamModel mono{.reference_energy_kev = 60,
                       .energy_kev = {60},
                       .share = {1},
                       .materials = {{"light", 0.02, {0.02}}, {"dense", 0.05, {0.05}}}};
  const SirtOptions options{
      .stopping = {.iterations = 15}, .relaxation = 1.5, .bounds = {.lower = 0}};
  DenseVector x = A.NewVolume(), expected = A.NewVolume();
  Reconstruct(A, b, mono, options, x, kNeverStop);
  Sirt(A, b, options, expected, kNeverStop);
  for (std::size_t j = 0; j < x.values.size(); ++j) {
    EXPECT_NEAR(x.values[j], expected.values[j], 1e-12);
  }
}

TEST(PolySirt, ApproachesTheImageThatMadeTheDataAtItsCost) {  // A9
  const DenseOperator A(testing::ParallelMatrix(10, 12, 1.0));
  DenseVector truth = A.NewVolume(), b = A.NewProjections();
  for (int voxel : {33, 34, 43, 44, 45, 54}) truth.values[voxel] = 0.062129519;
  truth.values[55] = 0.642813546;
  PolychromaticProjection<DenseOperator, DoubleLineIntegral> projection(A, AluminiumAndIron());
  projection.Project(truth);
  projection.LineIntegrals(0, b.size(), b.data());
  A.projections = A.backprojections = 0;
  DenseVector x = A.NewVolume();
  std::vector<double> residuals;
  Reconstruct(A, b, AluminiumAndIron(),
              {.stopping = {.iterations = 200}, .bounds = {.lower = 0, .upper = 1}}, x,
              [&](const Progress& progress, const auto&) {
                residuals.push_back(progress.relative_residual);
                return false;
              });
  EXPECT_NEAR(residuals[0], 1, 1e-9);
  EXPECT_LT(residuals.back(), 0.02);
  // M for every image but the empty start; 1 for R and 1 for C.
  testing::ExpectExactly("A9 poly-SIRT, 2 materials: projections in 200 iterations",
                         A.projections - 1, 2 * 200);
  testing::ExpectExactly("A9 poly-SIRT, 2 materials: backprojections in 200 iterations",
                         A.backprojections - 1, 200);
}

}  // namespace
}  // namespace tomoslab
