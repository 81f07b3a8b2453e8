#!/usr/bin/python3
"""Figures B1–B8: how fast and how well the linear algorithms reconstruct the analytic phantom P1_mono.

A fan beam run as a cone beam of one row, through server, pool and client. The data are analytic line integrals (gen_data.py), not
our projector's. Iteration k is the image after k updates from 0; BB is BB2 with the bounds [0, ∞) unless said.
"""

import pathlib

import gen_data
import numpy as np

from figures import Figures
from programs import Server, client, events, iterations, scratch_folder, submit
from scans import read_volume, rms, write_data_exchange

CASE = pathlib.Path(__file__).parent / "cases/P1_mono.json"
GEOMETRY_FLAGS = ["--beam", "cone", "--sod", 200, "--sdd", 300, "--pixel", 0.45, "--voxel", 0.3, "--size", "128,128,1"]
BB = ["--algorithm", "bb", "--lower", 0]
BB_FREE = ["--algorithm", "bb"]
SIRT = ["--algorithm", "sirt", "--lower", 0]  # λ = 1; the reference figures (13, 21, 38) are against SIRT with the same bounds
CGLS = ["--algorithm", "cgls"]


class Run:
    """One finished job: its residuals by iteration (index 0 = iteration 1), misfits and image."""

    def __init__(self, server, folder, scan, algorithm, count):
        job = submit(server, scan, *GEOMETRY_FLAGS, *algorithm, "--iterations", count)
        reports = iterations(events(server, job))
        assert [report["iteration"] for report in reports] == list(range(1, count + 1)), f"{job}: iterations are missing"
        self.residuals = np.array([report["relativeResidual"] for report in reports])
        self.misfits = np.array([report["misfit"] for report in reports])
        output = folder / f"{job.replace('/', '-')}.h5"
        client("fetch", job, "-o", output, server=server)
        self.image = read_volume(output)[0][0]

    def residual(self, iteration):
        return self.residuals[iteration - 1]

    def iterations_to(self, residual):
        """The first iteration whose relative residual is at most this; infinite when none is."""
        reached = np.flatnonzero(self.residuals <= residual)
        return reached[0] + 1 if reached.size else np.inf


def make_scans(folder):
    """Writes the noise-free and the noisy (I₀ = 1e4, seed 0) scan; returns their paths and the true image."""
    case, spectrum, attenuation = gen_data.load(CASE)
    transmission = gen_data.transmission(case, spectrum, attenuation)
    for view, column, expected in case["spot_T"]:
        assert abs(transmission[view, 0, column] / expected - 1) < 1e-5
    counts = np.random.default_rng(0).poisson(transmission * 1e4)
    angles = np.arange(180) * 2.0
    for name, values in [("exact", transmission), ("noisy", np.maximum(counts, 0.5) / 1e4)]:
        write_data_exchange(folder / f"{name}.h5", -np.log(values).astype(np.float32), angles)
    _, fractions = gen_data.truth(case, 8)
    truth = np.tensordot(case["nodes_per_mm"][1:], fractions, axes=1)[0]
    return folder / "exact.h5", folder / "noisy.h5", truth


def speed_figures(figures, name, label, run, sirt, limits):
    for sirt_iterations, limit in zip((50, 100, 200), limits):
        figures.at_most(f"{name} {label}: iterations to the residual of SIRT {sirt_iterations}",
                        run.iterations_to(sirt.residual(sirt_iterations)), limit)


def main():
    figures = Figures("B1-B8: P1_mono, 128 x 128, 180 views")
    with scratch_folder() as folder, Server(folder, ranks=1, threads=2) as server:
        exact, noisy, truth = make_scans(folder)

        def run(scan, algorithm, count):
            return Run(server, folder, scan, algorithm, count)

        sirt, bb = run(exact, SIRT, 200), run(exact, BB, 120)
        speed_figures(figures, "B1", "BB, exact data", bb, sirt, (17, 29, 50))
        speed_figures(figures, "B3", "BB without bounds, exact data", run(exact, BB_FREE, 60), sirt, (16, 24, 36))
        speed_figures(figures, "B4", "CGLS, exact data", run(exact, CGLS, 30), sirt, (9, 12, 16))
        for iteration, limit in zip((10, 20, 30, 50), (0.040, 0.014, 0.0075, 0.0048)):
            figures.at_most(f"B5 BB: relative residual at {iteration}", bb.residual(iteration), limit)

        sirt_noisy = run(noisy, SIRT, 200)
        speed_figures(figures, "B2", "BB, I0 = 1e4", run(noisy, BB, 60), sirt_noisy, (17, 31, 52))
        errors = {count: rms(run(noisy, BB, count).image - truth) for count in range(24, 42, 3)}
        sirt_error = rms(run(noisy, SIRT, 30).image - truth)
        figures.at_most("B6 BB at 30, I0 = 1e4: RMSE, 1/mm", errors[30], 0.0038)
        figures.less_than("B6 the same", errors[30], "half of SIRT at 30", sirt_error / 2)
        figures.at_most("B7 BB, best of 24, 27, ... 39: RMSE, 1/mm", min(errors.values()), 0.0036)

        growth = bb.misfits[1:] / np.minimum.accumulate(bb.misfits)[:-1]
        figures.at_most("B8 BB, 120 iterations: max f_k / min f_l, l < k", growth.max(), 10)
        figures.holds("B8 no NaN", np.isfinite(bb.misfits).all(), np.isfinite(bb.misfits).all())
    figures.finish()


if __name__ == "__main__":
    main()
