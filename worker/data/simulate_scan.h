// Analytic projections of phantoms: no voxels and no projector of ours, so that it can judge both.
#pragma once

#include <cstdint>
#include <vector>

#include "worker/data/phantom_case.h"

namespace tomoslab {

/// The transmission I / I0 of one view, [row][column], without noise: for every pixel the mean over
/// sub × sub sub-rays (in 2-D cases sub × 1) of Σ_e s_e exp(−Σ_m μ_m(e) L_m), with exact path
/// lengths L_m. Any view of the normal form.
std::vector<double> SimulateTransmission(const PhantomCase& phantom_case, const View& view);

/// Photon noise: Poisson(T · counts), at least half a photon so that a logarithm exists, divided by
/// counts again. Each view has its own random numbers, which depend on `seed` and `view_index`
/// only.
void AddPhotonNoise(double counts, std::uint64_t seed, std::int64_t view_index,
                    std::vector<double>& transmission);

}  // namespace tomoslab
