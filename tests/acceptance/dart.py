#!/usr/bin/python3
"""Figures B9, B10 and D8, and table D: DART and poly-DART on the analytic phantoms, in labels.

dart.py [CASE VIEWS]: without arguments all two-dimensional figures; P6_alfe3d (72, 24 views) and P7_ti3d (40) take minutes.
Data are analytic (gen_data.py), seed 0, I0 = 1e5; the product runs on 2 ranks. "err" is the percentage of all voxels with a wrong
label, "core" that of the body's voxels that survive two erosions of their true region: no partial volume there.
"""

import json
import sys

import numpy as np

from figures import Figures
from poly_cases import Case, bb, poly_bb
from programs import Server, client, events, job_name, scratch_folder
from scans import read_volume

# Views, outer iterations, poly-DART's largest err and core, and how DART must differ: its err at least `times` poly-DART's, or its
# core at least `core`.
TABLE_D = {
    ("P2_al100", 30): (20, 0.15, 0.0, {"times": 5}),
    ("P3_pmal120", 30): (20, 0.55, 0.03, {"times": 1.5}),
    ("P4_ti150", 30): (20, 0.25, 0.0, {"times": 10}),
    ("P4_ti150", 60): (20, 0.18, 0.0, {"times": 10}),
    ("P5_alfe120", 60): (20, 0.60, 0.05, {"times": 2}),
    ("P6_alfe3d", 72): (10, 0.35, 0.01, {"core": 1e-9}),
    ("P6_alfe3d", 24): (15, 0.45, 0.03, {"core": 0.05}),
    ("P7_ti3d", 40): (20, 0.65, 0.02, {"core": 0.2}),
}
THREE_D = ("P6_alfe3d", "P7_ti3d")


class Labels:
    """A case at a number of views: its scan file, its truth, and its jobs."""

    def __init__(self, server, folder, name, views):
        self.server, self.folder, self.case = server, folder, Case(name)
        self.nodes = self.case.nodes[1:]
        self.scan = self.case.write_scan(folder / f"{name}-{views}.h5", views)
        self.core = self._core()

    def _core(self):
        """The voxels of the body that survive two erosions of their own region (8, in 3-D 26 neighbours)."""
        core = np.zeros(self.case.labels.shape, bool)
        for label in np.unique(self.case.labels):
            core |= self.case.eroded(self.case.labels == label, 2)
        return core & (self.case.bodies() <= 1)

    def run(self, algorithm, beam_model=None, *flags):
        """(image, labels or None, events) of a finished job."""
        job_file = self.folder / "job.json"
        job_file.write_text(json.dumps(self.case.spec(algorithm, beam_model)))
        submitted = client("submit", self.scan, "--job", job_file, *flags, server=self.server)
        job = job_name(submitted.stdout + submitted.stderr)
        log = events(self.server, job)
        client("fetch", job, "-o", self.folder / "volume.h5", server=self.server)
        labels = None
        if any("materials" in event for event in log):
            client("fetch", job, "--labels", "-o", self.folder / "labels.h5", server=self.server)
            labels = read_volume(self.folder / "labels.h5")[0]
        return read_volume(self.folder / "volume.h5")[0], labels, log

    def errors(self, labels):
        """(err, core), %."""
        wrong = labels != self.case.labels
        return 100 * wrong.mean(), 100 * wrong[self.core].mean()

    def thresholded(self, image, nodes):
        edges = (np.array([0, *nodes[:-1]]) + np.array(nodes)) / 2
        return self.errors(np.searchsorted(edges, image.astype(float), side="right"))

    def dart(self, iterations, grey_values=None, fixed=False, **loop):
        """((err, core), fitted grey values) of DART."""
        values = self.nodes if grey_values is None else grey_values
        _, labels, log = self.run({"dart": {"loop": loop_of(iterations, loop), "greyValuePerMm": list(map(float, values)),
                                            "fixedGreyValues": fixed}})
        assert labels.dtype == np.uint8, labels.dtype
        return self.errors(labels), grey_values_of(log)

    def poly_dart(self, iterations, beam_model=None, refine=False, **loop):
        """((err, core), events) of poly-DART."""
        _, labels, log = self.run({"polyDart": {"loop": loop_of(iterations, loop), "refineDensities": refine}}, beam_model)
        return self.errors(labels), log


def loop_of(iterations, options):
    return {"stopping": {"iterations": iterations}, **options}


def grey_values_of(log):
    """The last material report's, without air."""
    entries = [event["materials"]["entry"] for event in log if "materials" in event][-1]
    return np.array([entry["greyValuePerMm"] for entry in entries[1:]])


def few_views(figures, server, folder):
    case = Labels(server, folder, "P1_mono", 16)
    image, _, _ = case.run(bb(30))
    threshold_error, threshold_core = case.thresholded(image, case.nodes)
    print(f"B9 threshold of BB: err {threshold_error:.2f} core {threshold_core:.2f}")
    for inner in ("SIRT", "BB", "CGLS"):
        (error, core), _ = case.dart(40, fixed=True, inner=inner)
        print(f"B9 DART, inner solver {inner}: err {error:.2f} core {core:.2f}")
        if inner != "SIRT":
            continue
        figures.at_most("B9 P1, 16 views, DART: err, %", error, 1.1)
        figures.at_most("B9 P1, 16 views, DART: core, %", core, 0.1)
        figures.less_than("B9 P1, 16 views, DART: err, %", error, "half of thresholded BB", threshold_error / 2)


def wrong_grey_values(figures, server, folder):
    case = Labels(server, folder, "P1_mono", 24)
    (error, core), _ = case.dart(30, grey_values=0.9 * case.nodes, fixed=True)
    print(f"B10 DART with fixed grey values, 10 % too low: err {error:.2f} core {core:.2f}")
    for factor in (0.8, 0.9, 1.1, 1.2):
        (error, core), fitted = case.dart(30, grey_values=factor * case.nodes)
        what = f"B10 P1, 24 views, grey values x {factor}, refitted"
        figures.at_most(f"{what}: err, %", error, 1.0)
        figures.at_most(f"{what}: core, %", core, 0.1)
        figures.at_most(f"{what}: grey values, % off", 100 * np.abs(fitted / case.nodes - 1).max(), 3)


def table_d(figures, server, folder, name, views):
    iterations, most_error, most_core, dart_must = TABLE_D[name, views]
    case, what = Labels(server, folder, name, views), f"D {name}, {views} views"
    (dart_error, dart_core), grey_values = case.dart(iterations)
    for label, algorithm, nodes in (("BB", bb(30), grey_values), ("poly-BB", poly_bb(40), case.nodes)):
        image, _, _ = case.run(algorithm)
        error, core = case.thresholded(image, nodes)
        print(f"{what}: threshold of {label}: err {error:.2f} core {core:.2f}")
    (error, core), _ = case.poly_dart(iterations, inner="BB")
    print(f"{what}: poly-DART with poly-BB inside: err {error:.2f} core {core:.2f}")
    (error, core), _ = case.poly_dart(iterations)
    print(f"{what}: DART err {dart_error:.2f} core {dart_core:.2f}, poly-DART err {error:.2f} core {core:.2f}", flush=True)
    figures.at_most(f"{what}, poly-DART: err, %", error, most_error)
    figures.at_most(f"{what}, poly-DART: core, %", core, most_core)
    if "times" in dart_must:
        figures.at_least(f"{what}: DART's err in units of poly-DART's", dart_error / error, dart_must["times"])
    else:
        figures.at_least(f"{what}, DART: core, %", dart_core, dart_must["core"])


def wrong_densities(figures, server, folder):
    case = Labels(server, folder, "P4_ti150", 30)
    for factor in (0.9, 1.1):
        model = case.case.beam_model()
        for material in model["material"]:
            table = material["attenuationPerMm"]
            table["value"] = [factor * value for value in table["value"]]
        (error, _), _ = case.poly_dart(20, model)
        print(f"D8 P4, mu x {factor}, not refined: err {error:.2f}")
        (error, _), log = case.poly_dart(20, model, refine=True)
        density = [event["materials"]["entry"] for event in log if "materials" in event][-1][1]["densityFactor"]
        figures.at_most(f"D8 P4, 30 views, mu x {factor}, densities refined ({density:.3f}): err, %", error, 0.30)


def main(arguments):
    figures = Figures("B9, B10, D, D8: DART and poly-DART, I0 = 1e5, seed 0, two ranks")
    with scratch_folder() as folder, Server(folder, ranks=2, threads=1) as server:
        if arguments:
            table_d(figures, server, folder, arguments[0], int(arguments[1]))
        else:
            few_views(figures, server, folder)
            wrong_grey_values(figures, server, folder)
            for name, views in TABLE_D:
                if name not in THREE_D:
                    table_d(figures, server, folder, name, views)
            wrong_densities(figures, server, folder)
    figures.finish()


if __name__ == "__main__":
    main(sys.argv[1:])
