#include "proto/dart_values.h"

#include <cmath>

#include "absl/strings/str_format.h"
#include "worker/core/status.h"
#include "worker/physics/material_basis.h"

namespace tomoslab {
namespace {

constexpr int kMostIterations = 1'000'000;

absl::Status CheckCount(const char* field, int count) {
  if (count >= 0 && count <= kMostIterations) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrFormat("loop.%s = %d must be between 1 and %d; 0 stands for the default", field,
                      count, kMostIterations));
}

absl::Status CheckFraction(const char* field, double value) {
  if (value >= 0 && value <= 1) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrFormat("loop.%s = %g must be between 0 and 1", field, value));
}

absl::Status CheckLoop(const v1::DartLoop& loop) {
  if (loop.stopping().relative_update() != 0) {
    return absl::InvalidArgumentError(
        "loop.stopping.relative_update does not apply to dart and poly-dart: they stop by "
        "themselves when labels settle; leave it at 0");
  }
  if (!v1::DartLoop::Inner_IsValid(loop.inner())) {
    return absl::InvalidArgumentError(
        absl::StrFormat("loop.inner = %d is none of SIRT, BB and CGLS", loop.inner()));
  }
  TOMOSLAB_RETURN_IF_ERROR(CheckCount("start_iterations", loop.start_iterations()));
  TOMOSLAB_RETURN_IF_ERROR(CheckCount("inner_iterations", loop.inner_iterations()));
  TOMOSLAB_RETURN_IF_ERROR(CheckFraction("free_fraction", loop.free_fraction()));
  return CheckFraction("smoothing", loop.smoothing());
}

absl::Status CheckGreyValues(const v1::Dart& dart) {
  const int count = dart.grey_value_per_mm_size();
  if (count < 1 || count > kMostMaterials) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "dart.grey_value_per_mm has %d entries; give the attenuation of 1 to %d materials, in 1/mm "
        "(air is always there)",
        count, kMostMaterials));
  }
  double before = 0;
  for (const double value : dart.grey_value_per_mm()) {
    if (!std::isfinite(value) || !(value > before)) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "dart.grey_value_per_mm must ascend from above 0 (1/mm), but %g follows %g", value,
          before));
    }
    before = value;
  }
  return absl::OkStatus();
}

}  // namespace

v1::DartLoop* MutableDartLoop(v1::Algorithm* algorithm) {
  if (algorithm->has_dart()) return algorithm->mutable_dart()->mutable_loop();
  if (algorithm->has_poly_dart()) return algorithm->mutable_poly_dart()->mutable_loop();
  return nullptr;
}

const v1::DartLoop* DartLoopOf(const v1::Algorithm& algorithm) {
  if (algorithm.has_dart()) return &algorithm.dart().loop();
  return algorithm.has_poly_dart() ? &algorithm.poly_dart().loop() : nullptr;
}

absl::Status CheckDart(const v1::Algorithm& algorithm) {
  const v1::DartLoop* loop = DartLoopOf(algorithm);
  if (loop == nullptr) return absl::OkStatus();
  TOMOSLAB_RETURN_IF_ERROR(CheckLoop(*loop));
  if (algorithm.has_dart()) return CheckGreyValues(algorithm.dart());
  if (loop->inner() != v1::DartLoop::CGLS) return absl::OkStatus();
  return absl::InvalidArgumentError(
      "loop.inner = CGLS solves linear equations only; poly-dart needs SIRT or BB");
}

void CompleteDart(v1::Algorithm* algorithm) {
  v1::DartLoop* loop = MutableDartLoop(algorithm);
  if (loop == nullptr) return;
  if (loop->stopping().iterations() == 0) loop->mutable_stopping()->set_iterations(20);
  if (loop->start_iterations() == 0) loop->set_start_iterations(30);
  if (loop->inner() == v1::DartLoop::INNER_UNSPECIFIED) loop->set_inner(v1::DartLoop::SIRT);
  if (loop->inner_iterations() == 0)
    loop->set_inner_iterations(loop->inner() == v1::DartLoop::SIRT ? 10 : 5);
  if (!loop->has_free_fraction()) loop->set_free_fraction(0.1);
  if (!loop->has_smoothing()) loop->set_smoothing(0.3);
  if (loop->seed() == 0) loop->set_seed(1);
}

int DartStartIterations(const v1::JobSpec& spec) {
  const v1::DartLoop* loop = DartLoopOf(spec.algorithm());
  const bool starts_from_image = spec.start().has_fdk() || !spec.start().job().empty();
  return loop == nullptr || starts_from_image ? 0 : loop->start_iterations();
}

}  // namespace tomoslab
