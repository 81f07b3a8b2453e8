// The polychromatic projection of an image: one linear projection per material, then Beer's law.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "worker/core/parallel.h"
#include "worker/operators/linear_operator.h"
#include "worker/physics/line_integral.h"
#include "worker/physics/material_basis.h"
#include "worker/solvers/polychromatic_on_device.h"

namespace tomoslab {

/// The attenuation of every material at the reference energy: the nodes ρ_1 < … < ρ_M, 1/mm.
inline std::vector<double> NodesOf(const BeamModel& model) {
  std::vector<double> nodes;
  for (const BeamMaterial& material : model.materials) nodes.push_back(material.reference_per_mm);
  return nodes;
}

/// Path lengths P_m = A φ_m(x) (mm) of an image x (1/mm at the reference energy) in each material,
/// and the transpose of their slopes. A.Project gives whole rays (it adds up all ranks' parts), so
/// what follows may take logarithms.
///   Rays: from path lengths to line integrals (worker/physics/line_integral.h).
///   Memory: one volume and M sets of projections.
template <LinearOperator Op, class Rays = LineIntegral>
class PolychromaticProjection {
 public:
  using Volume = VolumeOf<Op>;
  using Projections = ProjectionsOf<Op>;
  using Number = std::remove_reference_t<decltype(*std::declval<Volume&>().data())>;

  /// Whether images and sets can be on an accelerator.
  static constexpr bool kOfFields =
      std::is_same_v<Volume, Field> && std::is_same_v<Rays, LineIntegral>;

  /// `A` outlives this.
  PolychromaticProjection(const Op& A, const BeamModel& model)
      : A_(A), rays_(model), basis_(NodesOf(model)), work_(A.NewVolume()) {
    for (int m = 0; m < materials(); ++m) paths_.push_back(A.NewProjections());
    if constexpr (kOfFields) {
      if (!work_.on_host()) device_ = std::make_unique<BeamOnDevice>(rays_, work_.accelerator());
    }
  }

  int materials() const { return basis_.materials(); }
  const Op& linear() const { return A_; }

  /// The set of one material, m = 0 .. materials() − 1: its path lengths after Project, until the
  /// caller writes something else into it.
  Projections& set(int m) { return paths_[m]; }
  const Projections& set(int m) const { return paths_[m]; }
  absl::Span<Projections> sets() { return absl::MakeSpan(paths_); }

  /// nullptr: images and sets are in host memory.
  const BeamOnDevice* on_device() const { return device_.get(); }

  /// set(m) ← A φ_m(x). M projections; none for x = 0.
  void Project(const Volume& x) {
    const bool empty = MaxAbs(x) == 0;
    for (int m = 0; m < materials(); ++m) {
      if (empty) {
        Fill(0, paths_[m]);
        continue;
      }
      const Hat hat = basis_.HatOf(m + 1);
      FindAmounts(hat, x);
      A_.Project(work_, paths_[m]);
    }
  }

  /// g ← Σ_m φ'_m(x) ∘ Aᵀ set(m). M backprojections.
  void Backproject(const Volume& x, Volume& g) {
    A_.Backproject(paths_[0], g);
    AddWeighted(basis_.HatOf(1), x, g, 0, g);
    for (int m = 1; m < materials(); ++m) {
      A_.Backproject(paths_[m], work_);
      AddWeighted(basis_.HatOf(m + 1), x, work_, 1, g);
    }
  }

  /// p of the rays [begin, end), from the path lengths in the sets; in host memory.
  void LineIntegrals(std::int64_t begin, std::int64_t end, Number* p) const {
    rays_.Values(end - begin, ConstPointers(begin), p);
  }
  /// The same, and set(m) ← μ̄_m = ∂p/∂P_m (1/mm) in place of the path lengths.
  void LineIntegralsAndSlopes(std::int64_t begin, std::int64_t end, Number* p) {
    rays_.ValuesAndSlopes(end - begin, ConstPointers(begin), p, Pointers(begin));
  }

 private:
  /// work ← φ(x)
  void FindAmounts(const Hat& hat, const Volume& x) {
    if constexpr (kOfFields) {
      if (device_ != nullptr) return AmountsOnDevice(hat, x, work_);
    }
    const Number* from = x.data();
    Number* to = work_.data();
    ParallelChunks(x.size(), [&, hat](std::int64_t begin, std::int64_t end) {
#pragma omp simd
      for (std::int64_t i = begin; i < end; ++i) to[i] = static_cast<Number>(hat(from[i]));
    });
  }

  /// g ← keep · g + φ'(x) ∘ of_material, voxel by voxel; of_material may be g.
  static void AddWeighted(const Hat& hat, const Volume& x, const Volume& of_material, Number keep,
                          Volume& g) {
    if constexpr (kOfFields) {
      if (!g.on_host()) return AddSlopesOnDevice(hat, x, of_material, keep, g);
    }
    ParallelChunks(g.size(), [&, hat](std::int64_t begin, std::int64_t end) {
      const Number* image = x.data();
      const Number* added = of_material.data();
      Number* sum = g.data();
#pragma omp simd
      for (std::int64_t i = begin; i < end; ++i) {
        sum[i] = keep * sum[i] + static_cast<Number>(hat.Slope(image[i])) * added[i];
      }
    });
  }

  PerMaterial<Number> Pointers(std::int64_t begin) {
    PerMaterial<Number> pointers{};
    for (int m = 0; m < materials(); ++m) pointers[m] = paths_[m].data() + begin;
    return pointers;
  }
  PerMaterial<const Number> ConstPointers(std::int64_t begin) const {
    PerMaterial<const Number> pointers{};
    for (int m = 0; m < materials(); ++m) pointers[m] = paths_[m].data() + begin;
    return pointers;
  }

  const Op& A_;
  Rays rays_;
  MaterialBasis basis_;
  Volume work_;  // φ_m of one material, or its backprojection
  std::vector<Projections> paths_;
  std::unique_ptr<BeamOnDevice> device_;
};

}  // namespace tomoslab
