#include "proto/dart_values.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "proto/algorithm_values.h"

namespace tomoslab {
namespace {

using ::testing::HasSubstr;

v1::Algorithm GoodDart() {
  v1::Algorithm algorithm;
  algorithm.mutable_dart()->add_grey_value_per_mm(0.08);
  algorithm.mutable_dart()->add_grey_value_per_mm(0.12);
  return algorithm;
}

TEST(DartValues, DefaultsAreWrittenOut) {
  v1::Algorithm algorithm = GoodDart();
  ASSERT_TRUE(CheckAlgorithm(algorithm).ok()) << CheckAlgorithm(algorithm);
  CompleteAlgorithm(&algorithm);
  const v1::DartLoop& loop = algorithm.dart().loop();
  EXPECT_EQ(loop.stopping().iterations(), 20);
  EXPECT_EQ(loop.start_iterations(), 30);
  EXPECT_EQ(loop.inner(), v1::DartLoop::SIRT);
  EXPECT_EQ(loop.inner_iterations(), 10);
  EXPECT_EQ(loop.free_fraction(), 0.1);
  EXPECT_EQ(loop.smoothing(), 0.3);
  EXPECT_EQ(loop.seed(), 1u);
  EXPECT_STREQ(AlgorithmName(algorithm), "dart");
}

TEST(DartValues, WhatWasSaidStays) {
  v1::Algorithm algorithm = GoodDart();
  v1::DartLoop* loop = algorithm.mutable_dart()->mutable_loop();
  loop->set_inner(v1::DartLoop::CGLS);
  loop->set_free_fraction(0);
  loop->set_smoothing(0);
  loop->set_seed(7);
  CompleteAlgorithm(&algorithm);
  EXPECT_EQ(loop->inner_iterations(), 5);
  EXPECT_EQ(loop->free_fraction(), 0);
  EXPECT_EQ(loop->smoothing(), 0);
  EXPECT_EQ(loop->seed(), 7u);
}

TEST(DartValues, NamesWhatIsWrong) {
  struct Case {
    void (*spoil)(v1::Dart&);
    const char* says;
  };
  const Case cases[] = {
      {[](v1::Dart& d) { d.clear_grey_value_per_mm(); }, "has 0 entries"},
      {[](v1::Dart& d) { d.set_grey_value_per_mm(0, 0.2); }, "0.12 follows 0.2"},
      {[](v1::Dart& d) { d.set_grey_value_per_mm(1, 0.08); }, "0.08 follows 0.08"},
      {[](v1::Dart& d) { d.set_grey_value_per_mm(0, 0); }, "0 follows 0"},
      {[](v1::Dart& d) { d.set_grey_value_per_mm(0, -1); }, "-1 follows 0"},
      {[](v1::Dart& d) { d.set_grey_value_per_mm(1, std::numeric_limits<double>::quiet_NaN()); },
       "nan follows"},
      {[](v1::Dart& d) {
         for (int i = 0; i < 6; ++i) d.add_grey_value_per_mm(1 + i);
       },
       "has 8 entries"},
      {[](v1::Dart& d) { d.mutable_loop()->set_free_fraction(1.5); }, "free_fraction = 1.5"},
      {[](v1::Dart& d) { d.mutable_loop()->set_smoothing(-0.1); }, "smoothing = -0.1"},
      {[](v1::Dart& d) {
         d.mutable_loop()->set_smoothing(std::numeric_limits<double>::quiet_NaN());
       },
       "smoothing = nan"},
      {[](v1::Dart& d) { d.mutable_loop()->set_inner(static_cast<v1::DartLoop::Inner>(9)); },
       "loop.inner = 9"},
      {[](v1::Dart& d) { d.mutable_loop()->set_inner_iterations(-1); }, "inner_iterations = -1"},
      {[](v1::Dart& d) { d.mutable_loop()->set_start_iterations(-3); }, "start_iterations = -3"},
      {[](v1::Dart& d) { d.mutable_loop()->mutable_stopping()->set_relative_update(0.1); },
       "relative_update does not apply"},
      {[](v1::Dart& d) { d.mutable_loop()->mutable_stopping()->set_iterations(-2); },
       "iterations = -2"},
  };
  for (const Case& c : cases) {
    v1::Algorithm algorithm = GoodDart();
    c.spoil(*algorithm.mutable_dart());
    const absl::Status status = CheckAlgorithm(algorithm);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << c.says;
    EXPECT_THAT(std::string(status.message()), HasSubstr(c.says));
  }
}

TEST(DartValues, PlansTheStartImageToo) {
  v1::JobSpec spec;
  *spec.mutable_algorithm() = GoodDart();
  CompleteAlgorithm(spec.mutable_algorithm());
  EXPECT_EQ(IterationsPlanned(spec), 50);
  spec.mutable_start()->set_job("jobs/1");
  EXPECT_EQ(IterationsPlanned(spec), 20);
  EXPECT_EQ(DartStartIterations(spec), 0);
}

}  // namespace
}  // namespace tomoslab
