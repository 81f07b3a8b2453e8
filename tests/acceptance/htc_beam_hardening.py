#!/usr/bin/python3
"""Cupping of a measured solid acrylic disc (Helsinki Tomography Challenge 2022): FBP, BB and poly-BB.

The file tells the tube: 45 kV, molybdenum, 0.5 mm of aluminium. The detector's caesium iodide (0.2 mm) is a guess, and so is the
acrylic's density (1.18 g/cm3). Rim: 0.75 to 0.95 of the disc's radius; centre: below 0.25.
"""

import json

import numpy as np

from figures import Figures
from htc import SIZE, VOXEL_MM, reconstruct
from programs import ROOT, Server, scratch_folder

SCAN = ROOT / "tests/data/htc2022_solid_disc_fan.h5"
BINNING = 2
BEAM = {
    "source": {"tube": {"voltageKv": 45, "target": "Mo"}, "filter": [{"composition": {"formula": "Al"}, "thicknessMm": 0.5}]},
    "detector": {"energyIntegrating": True, "absorber": {"composition": {"formula": "CsI", "densityGPerCm3": 4.51}, "thicknessMm": 0.2}},
    "material": [{"name": "acrylic", "composition": {"formula": "C5H8O2", "densityGPerCm3": 1.18}}],
}


def rim_over_centre(image):
    """Means of two rings around the disc's centre of mass; its radius from the area above half of the median inside."""
    size = image.shape[0]
    y, x = np.mgrid[:size, :size]
    inside = image > 0.5 * np.median(image[size // 2 - 20:size // 2 + 20, size // 2 - 20:size // 2 + 20])
    inside &= np.hypot(y - size / 2, x - size / 2) < 0.49 * size
    radius = np.sqrt(inside.sum() / np.pi)
    r = np.hypot(y - y[inside].mean(), x - x[inside].mean()) / radius
    return image[(r >= 0.75) & (r < 0.95)].mean() / image[r < 0.25].mean()


def main():
    figures = Figures("HTC 2022, solid disc: rim / centre")
    with scratch_folder() as folder, Server(folder, ranks=2, threads=1) as server:
        beam = folder / "beam.json"
        beam.write_text(json.dumps(BEAM))
        runs = {"FBP": ["--algorithm", "fdk"],
                "BB, 30 iterations": ["--algorithm", "bb", "--iterations", 30, "--lower", 0],
                "poly-BB, 40 iterations": ["--algorithm", "poly-bb", "--iterations", 40, "--beam-model", beam]}
        for name, flags in runs.items():
            image, log = reconstruct(server, folder, SCAN, *flags, binning=BINNING)
            ratio = rim_over_centre(image)
            print(f"{name}: {SIZE // BINNING} x {SIZE // BINNING} voxels of {BINNING * VOXEL_MM:.3f} mm: rim / centre {ratio:.4f}")
            for severity, text in log:
                print(f"  {severity}: {text}")
            if name.startswith("poly"):
                figures.at_most(f"{name}: rim / centre", ratio, 1.05)
                figures.at_least(f"{name}: rim / centre", ratio, 0.95)
    figures.finish()


if __name__ == "__main__":
    main()
