#!/usr/bin/python3
"""Beam hardening of a measured solid acrylic disc (Helsinki Tomography Challenge 2022): its own curve, and the cupping of FBP, BB and
poly-BB with and without the scatter that the curve shows.

A disc of known shape tells the line integral of every path length. Behind 60 mm it rises by less per mm than acrylic attenuates at
45 keV, the tube's highest energy: no spectrum explains that, a reading that nothing attenuates does.
"""

import copy
import json
import re

import h5py
import numpy as np

from figures import Figures
from htc import BEAM, SIZE, VOXEL_MM, reconstruct, subset
from programs import ROOT, Server, client, scratch_folder

SCAN = ROOT / "tests/data/htc2022_solid_disc_fan.h5"
BINNING = 2
VIEWS = slice(0, 720, 3)
RINGS = {"edge": (0.98, 0.99), "rim": (0.75, 0.95)}  # of the radius; in FBP the edge is where the disc is brightest


def beam(filters=2, scatter=BEAM["scatterFraction"]):
    """BEAM with the first filters only, and another scatter."""
    changed = copy.deepcopy(BEAM)
    del changed["source"]["filter"][filters:]
    changed["scatterFraction"] = scatter
    return changed


BEAMS = {"as the file says": beam(filters=1, scatter=0), "and the detector's cover": beam(scatter=0), "and scatter": beam()}


class Disc:
    """Where the disc is in a reconstruction: centre of mass and radius, in pixels."""

    def __init__(self, image):
        y, x = np.mgrid[:image.shape[0], :image.shape[1]]
        self.middle = (image.shape[0] - 1) / 2
        r = np.hypot(y - self.middle, x - self.middle)
        inside = (image > 0.5 * np.median(image[r < 0.1 * self.middle])) & (r < 0.98 * self.middle)
        self.x, self.y = x[inside].mean(), y[inside].mean()
        self.radius = np.sqrt(inside.sum() / np.pi)

    def ring(self, image, inner, outer):
        """Mean between two shares of the radius."""
        y, x = np.mgrid[:image.shape[0], :image.shape[1]]
        r = np.hypot(y - self.y, x - self.x) / self.radius
        return image[(r >= inner) & (r < outer)].mean()

    def ratio(self, image, ring):
        return self.ring(image, *RINGS[ring]) / self.ring(image, 0, 0.25)


def chords_mm(scan, disc, pixel_mm):
    """(length of every ray in the disc, line integrals), [view][column]."""
    with h5py.File(scan) as file:
        data, geometry = file["exchange/data"][:, 0].astype(float), dict(file["geometry"].attrs)
        b = geometry["direction"] * np.deg2rad(file["exchange/theta"][:].astype(float)[:, None])
    u = (np.arange(data.shape[1]) - geometry["center_col"]) * geometry["pixel_size"]
    source, detector = geometry["source_object"], geometry["source_object"] - geometry["source_detector"]
    start = np.stack(np.broadcast_arrays(-source * np.sin(b), source * np.cos(b)))
    end = np.stack([-detector * np.sin(b) + u * np.cos(b), detector * np.cos(b) + u * np.sin(b)])
    way = (end - start) / np.hypot(*(end - start))
    x, y = (disc.x - disc.middle) * pixel_mm - start[0], -(disc.y - disc.middle) * pixel_mm - start[1]
    distance = x * way[1] - y * way[0]
    return 2 * np.sqrt(np.maximum((disc.radius * pixel_mm) ** 2 - distance**2, 0)), data


def model_curve(model, folder):
    """(p of path lengths in mm, acrylic's attenuation at the reference energy, its least within the spectrum)."""
    (folder / "job.json").write_text(json.dumps({"beamModel": model}))
    said = client("spectrum", "--job", folder / "job.json", "--path-mm", 75, "-o", folder / "beam.csv").stdout
    _, share, attenuation = np.loadtxt(folder / "beam.csv", delimiter=",", skiprows=2).T
    scatter = model["scatterFraction"]
    at_reference = float(re.search(r"acrylic: ([0-9.e-]+) 1/mm", said)[1])
    return lambda mm: -np.log((1 - scatter) * np.exp(-np.outer(mm, attenuation)) @ share + scatter), at_reference, attenuation.min()


def show_curve(figures, lengths, data, folder):
    """The disc's curve beside the models'; the figure that only scatter explains."""
    edges = np.arange(6, 71, 4)
    mm, p = np.transpose([(lengths[ring].mean(), data[ring].mean())
                          for ring in ((lengths >= low) & (lengths < low + 4) for low in edges[:-1])])
    curves = {name: model_curve(model, folder) for name, model in BEAMS.items()}
    print("line integral of acrylic\n   mm | measured | " + " | ".join(curves))
    for i, length in enumerate(mm):
        cells = [f"{curve(mm)[i]:.3f}".rjust(len(name)) for name, (curve, _, _) in curves.items()]
        print(f"{length:5.1f} | {p[i]:8.3f} | " + " | ".join(cells))
    slope = (p[-1] - p[-3]) / (mm[-1] - mm[-3])
    print(f"slope from {mm[-3]:.0f} to {mm[-1]:.0f} mm: {slope:.4f} 1/mm")
    figures.less_than("HTC disc: slope of its curve behind 60 mm, 1/mm", slope, "acrylic at 45 keV", curves["as the file says"][2])
    for name, (curve, _, _) in curves.items():
        error = np.abs(curve(mm) - p).max()
        print(f"  {name}: differs by at most {error:.3f}")
    figures.at_most("HTC disc: line integrals, model with scatter against measured", error, 0.06)
    return curves["and scatter"][1]


def main():
    figures = Figures("HTC 2022, solid disc")
    with scratch_folder() as folder, Server(folder, ranks=2, threads=1) as server:
        scan = subset(SCAN, VIEWS, folder / "scan.h5")
        fbp, _ = reconstruct(server, folder, scan, "--algorithm", "fdk", binning=BINNING)
        disc = Disc(fbp)
        acrylic = show_curve(figures, *chords_mm(scan, disc, BINNING * VOXEL_MM), folder)
        images = {"FBP": fbp}
        images["BB"], _ = reconstruct(server, folder, scan, "--algorithm", "bb", "--iterations", 20, "--lower", 0, binning=BINNING)
        for name, model in BEAMS.items():
            (folder / "beam.json").write_text(json.dumps(model))
            images[f"poly-BB, {name}"], _ = reconstruct(server, folder, scan, "--algorithm", "poly-bb", "--iterations", 30,
                                                        "--beam-model", folder / "beam.json", binning=BINNING)
        print(f"\n{SIZE // BINNING} x {SIZE // BINNING} voxels of {BINNING * VOXEL_MM:.3f} mm, "
              f"disc of {2 * disc.radius * BINNING * VOXEL_MM:.1f} mm: edge / centre | rim / centre | centre, 1/mm")
        for name, image in images.items():
            print(f"  {name:34} {disc.ratio(image, 'edge'):.3f} | {disc.ratio(image, 'rim'):.3f} | {disc.ring(image, 0, 0.25):.5f}")
    figures.at_least("HTC disc, FBP: edge / centre", disc.ratio(fbp, "edge"), 1.4)
    for ring in RINGS:
        ratio = disc.ratio(images["poly-BB, and scatter"], ring)
        figures.at_most(f"HTC disc, poly-BB: {ring} / centre", ratio, 1.05)
        figures.at_least(f"HTC disc, poly-BB: {ring} / centre", ratio, 0.95)
    density = disc.ring(images["poly-BB, and scatter"], 0, 0.95) / acrylic
    figures.at_least("HTC disc, poly-BB: disc / acrylic at 30 keV", density, 0.95)
    figures.at_most("HTC disc, poly-BB: disc / acrylic at 30 keV", density, 1.05)
    figures.finish()


if __name__ == "__main__":
    main()
