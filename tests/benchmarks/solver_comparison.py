#!/usr/bin/python3
"""BB and CGLS against SIRT in 3-D cone beam: iterations and seconds to the same residual, as a table.

solver_comparison.py [SIZE [THREADS]]    SIZE³ voxels (128 unless said), as many views; THREADS of each of the two ranks (1)

The targets are SIRT's residuals after 50, 100 and 200 iterations. Seconds are those of all iterations so far (projections, exchange,
backprojections and the rest) and of the projections before the first: SIRT's row and column sums count. Run it on an idle machine
with a core for each thread.
TOMOSLAB_BIN, PYTHONPATH: as for the tests (docs/performance.md has the command).
"""

import json
import sys

from programs import Server, client, events, scratch_folder, submit

TARGETS = (50, 100, 200)
MOST = 200  # iterations
ALGORITHMS = {
    "SIRT": ["--algorithm", "sirt", "--lower", 0],
    "BB": ["--algorithm", "bb", "--lower", 0],
    "BB without bounds": ["--algorithm", "bb"],
    "CGLS": ["--algorithm", "cgls"],
}


def case(size):
    """A body with a denser core, a bead and a hole; detector pixels as wide as voxels at the axis."""
    mm = size / 72
    return {
        "name": "comparison", "dim": 3, "materials": ["body", "core", "bead"], "subrays_per_cell": 3,
        "mono_mu_per_mm": {"body": 0.05 / mm, "core": 0.08 / mm, "bead": 0.12 / mm},
        "geometry": {"type": "cone", "SO_mm": 333 * mm, "OD_mm": 222 * mm, "span_deg": 360, "views": size,
                     "det_cols": size * 5 // 4, "det_rows": size * 5 // 4, "det_pitch_mm": 5 / 3, "N": size, "Nz": size, "voxel_mm": 1},
        "phantom": [{"c": [0, 0, 0], "r": [31 * mm, 27 * mm, 29 * mm], "rot": 20, "mat": "body", "parent": None},
                    {"c": [-11 * mm, 2 * mm, 0], "r": [10 * mm, 13 * mm, 11 * mm], "rot": 0, "mat": "core", "parent": "body"},
                    {"c": [13 * mm, -4 * mm, 2 * mm], "r": [9 * mm, 8 * mm, 11 * mm], "rot": -30, "mat": "bead", "parent": "body"},
                    {"c": [4 * mm, 17 * mm, -7 * mm], "r": [4 * mm, 4 * mm, 9 * mm], "rot": 0, "mat": None, "parent": "body"}],
    }


class Run:
    """A finished job: (iteration, seconds so far, relative residual) of every image."""

    def __init__(self, server, scan, size, algorithm, residual=None):
        stop = [] if residual is None else ["--stop-residual", residual]
        job = submit(server, scan, "--size", f"{size},{size},{size}", "--voxel", 1, "--preview-every", -1, "--iterations", MOST,
                     *algorithm, *stop)
        self.images, total_s = [], 0.0
        for report in (event["iteration"] for event in events(server, job) if "iteration" in event):
            number, seconds = report.get("iteration", 0), report["seconds"]
            # What is not an operator's time before iteration 0 is loading.
            total_s += sum(seconds[phase] for phase in ("projection", "exchange", "backprojection", *["update"] * (number > 0)))
            self.images.append((number, total_s, report["relativeResidual"]))

    def at(self, iteration):
        return next(image for image in self.images if image[0] == iteration)

    def first_below(self, residual):
        """(iteration, seconds, residual) of the first image with at most this residual; None when there is none."""
        return next((image for image in self.images if image[2] <= residual), None)


def compare(server, name, scan, size):
    sirt = Run(server, scan, size, ALGORITHMS["SIRT"])
    targets = [sirt.at(count) for count in TARGETS]
    # A shade less, so that rounding in a flag does not stop it a step early.
    others = {label: Run(server, scan, size, flags, 0.999 * targets[-1][2])
              for label, flags in ALGORITHMS.items() if label != "SIRT"}
    for count, seconds, residual in targets:
        print(f"| {name}, residual {residual:.4g} | SIRT | {count} | {seconds:.2f} | | |")
        for label, run in others.items():
            reached = run.first_below(residual)
            print(f"| | {label} | not reached in {run.images[-1][0]} | | | |" if reached is None else
                  f"| | {label} | {reached[0]} | {reached[1]:.2f} | {count / reached[0]:.1f} | {seconds / reached[1]:.1f} |")
        sys.stdout.flush()


def main():
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 128
    threads = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    print("| data, target | algorithm | iterations | seconds | fewer iterations, × | faster, × |\n| --- | --- | --- | --- | --- | --- |")
    with scratch_folder() as folder, Server(folder, ranks=2, threads=threads) as server:
        case_file = folder / "case.json"
        case_file.write_text(json.dumps(case(size)))
        for name, noise in [("exact", ["--i0", 0]), ("I0 = 1e4", ["--i0", 10000, "--seed", 1])]:
            scan = folder / f"{'noisy' if noise[1] else 'exact'}.h5"
            client("simulate", case_file, "-o", scan, *noise)
            compare(server, name, scan, size)


if __name__ == "__main__":
    main()
