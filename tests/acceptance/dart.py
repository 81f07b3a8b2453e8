#!/usr/bin/python3
"""Figures B9 and B10, and table D: DART on the analytic phantoms, in labels.

Data are analytic (gen_data.py), seed 0, I0 = 1e5; the product runs on 2 ranks. "err" is the percentage of all voxels with a wrong
label, "core" that of the body's voxels that survive two erosions of their true region: no partial volume there.
"""

import pathlib
import sys

import gen_data
import numpy as np

from figures import Figures
from programs import Server, client, events, scratch_folder, submit
from scans import read_volume, write_data_exchange

CASES = pathlib.Path(__file__).parent / "cases"
PHOTONS = 1e5


class Case:
    """An acceptance case at a number of views: its scan file, its truth, and its jobs."""

    def __init__(self, server, folder, name, views):
        self.server, self.folder = server, folder
        self.case, spectrum, attenuation = gen_data.load(CASES / f"{name}.json")
        self.labels, _ = gen_data.truth(self.case, 8 if self.case["dim"] == 2 else 4)
        self.nodes = self.case["nodes_per_mm"][1:]
        transmission = gen_data.transmission(self.case, spectrum, attenuation, views)
        counts = np.random.default_rng(0).poisson(transmission * PHOTONS)
        self.scan = folder / f"{name}-{views}.h5"
        write_data_exchange(self.scan, -np.log(np.maximum(counts, 0.5) / PHOTONS).astype(np.float32),
                            np.arange(views) * 360 / views)
        self.core = core_of(self.case, self.labels)

    def run(self, *algorithm):
        """(volume, events) of a finished job."""
        geometry = self.case["geometry"]
        flags = ["--beam", "cone", "--sod", geometry["SO_mm"], "--sdd", geometry["SO_mm"] + geometry["OD_mm"],
                 "--pixel", geometry["det_pitch_mm"], "--voxel", geometry["voxel_mm"],
                 "--size", f"{geometry['N']},{geometry['N']},{geometry.get('Nz', 1)}"]
        job = submit(self.server, self.scan, *flags, *algorithm)
        log = events(self.server, job)
        client("fetch", job, "-o", self.folder / "volume.h5", server=self.server)
        return read_volume(self.folder / "volume.h5")[0], log

    def errors(self, labels):
        """(err, core), %."""
        wrong = labels != self.labels
        return 100 * wrong.mean(), 100 * wrong[self.core].mean()

    def thresholded(self, volume, nodes=None):
        return self.errors(segment(volume, self.nodes if nodes is None else nodes))

    def dart(self, *flags, grey_values=None):
        """((err, core), fitted grey values) of DART."""
        values = ",".join(map(str, self.nodes if grey_values is None else grey_values))
        volume, log = self.run("--algorithm", "dart", "--grey-values", values, *flags)
        fitted = grey_values_of(log)
        return self.errors(segment(volume, fitted)), fitted


def grey_values_of(log):
    """The last material report's, without air."""
    entries = [event["materials"]["entry"] for event in log if "materials" in event][-1]
    return np.array([entry["greyValuePerMm"] for entry in entries[1:]])


def segment(volume, nodes):
    edges = (np.array([0, *nodes[:-1]]) + np.array(nodes)) / 2
    return np.searchsorted(edges, volume.astype(float), side="right")


def eroded(mask):
    """Without the voxels that have a neighbour (8, in 3-D 26) outside the mask; the volume's edge counts as outside."""
    padded = np.pad(mask, [(1, 1) if n > 1 else (0, 0) for n in mask.shape])
    result = mask.copy()
    ranges = [range(3) if n > 1 else range(1) for n in mask.shape]
    for dz in ranges[0]:
        for dy in ranges[1]:
            for dx in ranges[2]:
                result &= padded[dz:dz + mask.shape[0], dy:dy + mask.shape[1], dx:dx + mask.shape[2]]
    return result


def core_of(case, labels):
    """The voxels of the body (the first element) that survive two erosions of their own region."""
    body = dict(case, phantom=case["phantom"][:1])
    inside = gen_data.truth(body, 2)[0] > 0
    core = np.zeros(labels.shape, bool)
    for label in np.unique(labels):
        core |= eroded(eroded(labels == label))
    return core & inside


def few_views(figures, server, folder):
    case = Case(server, folder, "P1_mono", 16)
    bb, _ = case.run("--algorithm", "bb", "--lower", 0, "--iterations", 30)
    threshold_error, threshold_core = case.thresholded(bb)
    print(f"B9 threshold of BB: err {threshold_error:.2f} core {threshold_core:.2f}")
    for inner in (["--inner", "sirt"], ["--inner", "bb"], ["--inner", "cgls"]):
        (error, core), _ = case.dart("--iterations", 40, "--fixed-grey-values", *inner)
        print(f"B9 DART {inner[1]}: err {error:.2f} core {core:.2f}")
        if inner[1] != "sirt":
            continue
        figures.at_most("B9 P1, 16 views, DART: err, %", error, 1.1)
        figures.at_most("B9 the same: core, %", core, 0.1)
        figures.less_than("B9 the same: err, %", error, "half of thresholded BB", threshold_error / 2)


def wrong_grey_values(figures, server, folder):
    case = Case(server, folder, "P1_mono", 24)
    (error, core), _ = case.dart("--iterations", 30, "--fixed-grey-values", grey_values=0.9 * np.array(case.nodes))
    print(f"B10 DART with fixed grey values, 10 % too low: err {error:.2f} core {core:.2f}")
    for factor in (0.8, 0.9, 1.0, 1.1, 1.2):
        (error, core), fitted = case.dart("--iterations", 30, grey_values=factor * np.array(case.nodes))
        figures.at_most(f"B10 P1, 24 views, grey values x {factor}, refitted: err, %", error, 1.0)
        figures.at_most("B10 the same: core, %", core, 0.1)
        figures.at_most("B10 the same: fitted grey values, % off", 100 * np.abs(fitted / case.nodes - 1).max(), 3)


def main():
    figures = Figures("B9, B10: DART on P1_mono, 128 x 128, 2 ranks")
    with scratch_folder() as folder, Server(folder, ranks=2, threads=1) as server:
        few_views(figures, server, folder)
        wrong_grey_values(figures, server, folder)
    figures.finish()


if __name__ == "__main__":
    main()
