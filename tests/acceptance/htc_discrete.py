#!/usr/bin/python3
"""Few views of measured discs (Helsinki Tomography Challenge 2022): thresholded BB, DART and poly-DART against the segmentation that
the authors made from all 721 views. Dice = 2 |A and B| / (|A| + |B|) of the acrylic, 512 x 512 pixels.

The spectrum is that of htc.py: the tube that the files name, and what a solid disc's curve tells of the detector.
"""

import json

import h5py
import numpy as np

from htc import BEAM, SIZE, VOXEL_MM, subset
from programs import ROOT, Server, client, events, job_name, scratch_folder
from scans import read_volume

DISCS = ["htc2022_ta_fan.h5", "htc2022_tb_fan.h5"]
# Of the 720 different views, every half degree.
SUBSETS = {"60 views": slice(0, 720, 12), "30 views": slice(0, 720, 24), "90 degrees": slice(0, 181, 2)}


def run(server, folder, scan, spec, *fetch):
    """(image or labels [row][column], events)."""
    spec = {"volume": {"columns": SIZE, "rows": SIZE, "slices": 1, "voxelWidthMm": VOXEL_MM}, **spec}
    (folder / "job.json").write_text(json.dumps(spec))
    submitted = client("submit", scan, "--job", folder / "job.json", server=server)
    job = job_name(submitted.stdout + submitted.stderr)
    log = events(server, job)
    client("fetch", job, *fetch, "-o", folder / "image.h5", server=server)
    return read_volume(folder / "image.h5")[0][0], log


def otsu(image):
    """The threshold that parts the values best: the greatest variance between the two classes."""
    counts, edges = np.histogram(image, 512)
    centers = (edges[1:] + edges[:-1]) / 2
    below, above = np.cumsum(counts), counts.sum() - np.cumsum(counts)
    sums = np.cumsum(counts * centers)
    with np.errstate(divide="ignore", invalid="ignore"):
        between = below * above * (sums / below - (sums[-1] - sums) / above) ** 2
    return edges[1:][np.nanargmax(between)]


def dice(a, b):
    return 2 * (a & b).sum() / (a.sum() + b.sum())


def main():
    with scratch_folder() as folder, Server(folder, ranks=1, threads=2) as server:
        print("Dice of acrylic       | thresholded BB | DART   | poly-DART, densities refined")
        for disc in DISCS:
            with h5py.File(ROOT / "tests/data" / disc) as file:
                truth = file["reference/segmentation"][:] > 0
            for name, views in SUBSETS.items():
                scan = subset(ROOT / "tests/data" / disc, views, folder / "scan.h5")
                bb, _ = run(server, folder, scan, {"algorithm": {"bb": {"stopping": {"iterations": 30}, "bounds": {"lowerPerMm": 0}}}})
                dart, _ = run(server, folder, scan, {"algorithm": {"dart": {"loop": {"stopping": {"iterations": 15}}, "greyValuePerMm": [0.05]}}},
                              "--labels")
                poly, _ = run(server, folder, scan, {"algorithm": {"polyDart": {"loop": {"stopping": {"iterations": 15}}, "refineDensities": True}},
                                                     "beamModel": BEAM}, "--labels")
                print(f"{disc[8:10]}, {name:17} | {dice(bb > otsu(bb), truth):14.4f} | {dice(dart > 0, truth):.4f} | {dice(poly > 0, truth):.4f}",
                      flush=True)


if __name__ == "__main__":
    main()
