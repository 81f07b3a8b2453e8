// A2: the forward projection of a sampled object against its analytic path lengths.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <vector>

#include "tests/support/figure.h"
#include "worker/data/phantom.h"
#include "worker/data/phantom_case.h"
#include "worker/data/phantom_truth.h"
#include "worker/projector/joseph.h"

namespace tomoslab {
namespace {

/// Path length (mm) in the case's only material, mean over the sub-rays of a pixel's columns.
double MeanPathLength(const PhantomCase& phantom_case, const View& view, int column) {
  const int sub = phantom_case.subrays_per_cell;
  double sum = 0;
  for (int i = 0; i < sub; ++i) {
    const Vec3 direction = view.Direction(0, column + (i + 0.5) / sub - 0.5);
    const Ray ray{view.source, (1 / Norm(direction)) * direction};
    double length = 0;
    PathLengths(phantom_case.phantom, ray, absl::MakeSpan(&length, 1));
    sum += length;
  }
  return sum / sub;
}

TEST(PathLength, ForwardProjectionOfTheSampledDiscIsWithinTheLimit) {
  const absl::StatusOr<PhantomCase> read =
      ReadPhantomCase(TOMOSLAB_SOURCE_DIR "/tests/acceptance/cases/P2_al100.json");
  ASSERT_TRUE(read.ok()) << read.status();
  ASSERT_EQ(read->phantom.materials.size(), 1u);
  // One slice, so the slice's layout [y][x] is also the slab's layout [y][x][z].
  const TruthSlice truth = SampleTruth(*read, 0);
  std::vector<float> fraction(truth.attenuation_per_mm);
  for (float& value : fraction) value /= static_cast<float>(read->node_per_mm[0]);
  const ProjectionBand band{read->scan.views, read->scan.detector.columns, {0, 1}};
  std::vector<float> projected(band.size());
  ProjectJoseph(read->volume, fraction.data(), band, projected.data());

  double error = 0, norm = 0;
  for (std::size_t view = 0; view < read->scan.views.size(); ++view) {
    for (int column = 0; column < band.columns; ++column) {
      const double expected = MeanPathLength(*read, read->scan.views[view], column);
      const double difference = projected[band.Offset(view, column)] - expected;
      error += difference * difference;
      norm += expected * expected;
    }
  }
  const double relative = std::sqrt(error / norm);
  testing::ExpectAtMost("A2 P2: forward projection against path lengths, %", 100 * relative, 0.6);
}

}  // namespace
}  // namespace tomoslab
