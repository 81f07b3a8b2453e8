#!/usr/bin/python3
"""Few views of measured discs (Helsinki Tomography Challenge 2022): thresholded BB, DART and poly-DART against the segmentation that
the authors made from all 721 views. Dice = 2 |A and B| / (|A| + |B|) of the acrylic, 512 x 512 pixels.

    htc_discrete.py [ta] [tb]

The spectrum is that of htc.py: the tube that the files name, and what a solid disc's curve tells of the detector. DART believes in
straight line integrals: it must do well on linearised data – the same rays, without beam hardening and scatter – and worse without.
"""

import copy
import json
import shutil
import sys

import h5py
import numpy as np

from figures import Figures
from htc import BEAM, SIZE, VOXEL_MM, subset
from htc_beam_hardening import model_curve
from programs import ROOT, Server, client, events, job_name, scratch_folder
from scans import read_volume

DISCS = ["ta", "tb"]
# Of the 720 different views, every half degree.
SUBSETS = {"60 views": slice(0, 720, 12), "30 views": slice(0, 720, 24), "90 degrees": slice(0, 181, 2)}

LEAST = {"60 views": 0.99, "30 views": 0.99}  # Dice of poly-DART; an arc of 90 degrees is printed only


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


def linearised(scan, curve, per_mm, path):
    """A copy of the scan in which every line integral is what `per_mm` alone would have made of the acrylic in its ray."""
    shutil.copyfile(scan, path)
    mm = np.linspace(0, 100, 2001)
    with h5py.File(path, "a") as file:
        measured = file["exchange/data"][:]
        length = np.interp(measured, curve(mm), mm)
        file["exchange/data"][:] = np.where(measured > 0, length * per_mm, measured).astype(np.float32)
    return path


def core(truth):
    """Acrylic and air at least 2 pixels from the other."""
    inner, outer = truth.copy(), ~truth
    for region in (inner, outer):
        for _ in range(2):
            region[1:-1, 1:-1] &= region[:-2, 1:-1] & region[2:, 1:-1] & region[1:-1, :-2] & region[1:-1, 2:]
    return inner | outer


BB = {"algorithm": {"bb": {"stopping": {"iterations": 30}, "bounds": {"lowerPerMm": 0}}}}
DART_FIXED = {"algorithm": {"dart": {"loop": {"stopping": {"iterations": 15}}, "greyValuePerMm": [0.0347], "fixedGreyValues": True}}}
DART = {"algorithm": {"dart": {"loop": {"stopping": {"iterations": 15}}, "greyValuePerMm": [0.05]}}}
POLY_DART = {"algorithm": {"polyDart": {"loop": {"stopping": {"iterations": 15}}, "refineDensities": True}}, "beamModel": BEAM}
# Over an arc of 90 degrees the fits run away from a start image that is smeared; as 60 views fitted them, they are right.
POLY_DART_FIXED = copy.deepcopy(POLY_DART)
POLY_DART_FIXED["algorithm"]["polyDart"]["refineDensities"] = False
POLY_DART_FIXED["beamModel"]["material"][0]["composition"]["densityGPerCm3"] *= 0.97


def main():
    figures = Figures("HTC 2022: Dice of acrylic")
    with scratch_folder() as folder, Server(folder, ranks=1, threads=2) as server:
        curve, per_mm, _ = model_curve(BEAM, folder)
        print("Dice of acrylic (pixels wrong beyond 2 of an edge)")
        for disc in sys.argv[1:] or DISCS:
            path = ROOT / f"tests/data/htc2022_{disc}_fan.h5"
            with h5py.File(path) as file:
                truth = file["reference/segmentation"][:] > 0
            for name, views in SUBSETS.items():
                scan = subset(path, views, folder / "scan.h5")
                straight = linearised(scan, curve, per_mm, folder / "linearised.h5")
                arc = name == "90 degrees"
                dart, poly_dart = (DART_FIXED, POLY_DART_FIXED) if arc else (DART, POLY_DART)
                bb, _ = run(server, folder, scan, BB)
                labels = {"thresholded BB": bb > otsu(bb),
                          "DART": run(server, folder, scan, dart, "--labels")[0] > 0,
                          "DART, linearised data": run(server, folder, straight, dart, "--labels")[0] > 0,
                          "poly-DART": run(server, folder, scan, poly_dart, "--labels")[0] > 0}
                wrong = {method: int(((image != truth) & core(truth)).sum()) for method, image in labels.items()}
                print(f"{disc}, {name}: " + " | ".join(
                    f"{method} {dice(image, truth):.4f} ({wrong[method]})" for method, image in labels.items()), flush=True)
                if name in LEAST:
                    figures.at_least(f"HTC {disc}, {name}: poly-DART", dice(labels["poly-DART"], truth), LEAST[name])
                    figures.at_least(f"HTC {disc}, {name}: DART, linearised data", dice(labels["DART, linearised data"], truth), 0.99)
    figures.finish()


if __name__ == "__main__":
    main()
