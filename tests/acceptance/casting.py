#!/usr/bin/python3
"""Beam hardening of a measured metal casting (Iowa State University): BB beside poly-BB.

Rim: 32 to 64 pixels below the convex outline; centre: at least 160 pixels inside the metal; concavity: 48 pixels below the outline and
16 from the metal. Medians, so that pores do not count.

    casting.py [isu_casting_2_225_fan.h5] [--picture OUT.png]

The scan may not be redistributed: its path is the argument, or $TOMOSLAB_DATA names its folder; without either there is nothing to do
(exit code 77). The scan says nothing of tube, material and pixel size. Iron at 225 kV explains the curve of line integrals against paths in
the casting, which rises four times as steeply at first as behind 800 pixels; the pixel is then what iron's attenuation makes it.
"""

import argparse
import json
import os
import pathlib
import sys

import h5py
import numpy as np

from figures import Figures
from pictures import write_png
from programs import Server, client, scratch_folder, submit
from scans import read_volume, write_data_exchange

NAME = "isu_casting_2_225_fan.h5"
PIXEL_MM = 0.0107  # at the axis
BINNING, VOXEL, SIZE = 2, 4, 340  # pixels, pixels, voxels
BEAM = {
    "source": {"tube": {"voltageKv": 225}, "filter": [{"composition": {"formula": "Cu"}, "thicknessMm": 0.5}]},
    "detector": {"energyIntegrating": True, "absorber": {"composition": {"formula": "CsI", "densityGPerCm3": 4.51}, "thicknessMm": 0.5}},
    "material": [{"name": "iron", "composition": {"formula": "Fe"}}],
    "referenceEnergyKev": 120,
}


def scan_path(argument):
    """Of the scan, or None."""
    folder = os.environ.get("TOMOSLAB_DATA")
    path = pathlib.Path(argument) if argument else pathlib.Path(folder) / NAME if folder else None
    return path if path and path.exists() else None


def binned_scan(scan, path):
    """A copy with pixels averaged as they would have counted, and lengths in mm."""
    with h5py.File(scan) as file:
        data, theta = file["exchange/data"][:], file["exchange/theta"][:]
        geometry = dict(file["geometry"].attrs)
    columns = data.shape[2] // BINNING
    transmission = np.exp(-data[:, :, :columns * BINNING].reshape(len(data), 1, columns, BINNING)).mean(3)
    geometry.update(length_unit="mm", pixel_size=PIXEL_MM * BINNING,
                    center_col=(geometry["center_col"] - (BINNING - 1) / 2) / BINNING)
    for key in ("source_object", "source_detector"):
        geometry[key] *= PIXEL_MM
    write_data_exchange(path, -np.log(transmission).astype(np.float32), theta, geometry=geometry)
    return path


def reconstruct(server, folder, scan, *algorithm):
    job = submit(server, scan, "--voxel", VOXEL * PIXEL_MM, "--size", f"{SIZE},{SIZE},1", *algorithm)
    client("watch", job, server=server)
    client("fetch", job, "-o", folder / "image.h5", server=server)
    return read_volume(folder / "image.h5")[0][0]


def eroded(mask, times):
    for _ in range(times):
        inner = np.zeros_like(mask)
        inner[1:-1, 1:-1] = mask[1:-1, 1:-1] & mask[:-2, 1:-1] & mask[2:, 1:-1] & mask[1:-1, :-2] & mask[1:-1, 2:]
        mask = inner
    return mask


def hull(mask):
    """The convex hull, from its tangents in 360 directions."""
    y, x = np.mgrid[:mask.shape[0], :mask.shape[1]]
    inside = np.ones_like(mask)
    for angle in np.deg2rad(np.arange(360)):
        distance = x * np.cos(angle) + y * np.sin(angle)
        inside &= distance <= distance[mask].max()
    return inside


class Casting:
    """Regions of the casting, from a reconstruction."""

    def __init__(self, image):
        metal = image > 0.6 * np.median(image[image > 0.5 * np.percentile(image, 95)])
        outline = hull(eroded(metal, 1))
        self.rim = metal & eroded(outline, 8) & ~eroded(outline, 16) & eroded(metal, 3)
        self.centre = eroded(metal, 40)
        self.concavity = eroded(outline, 12) & eroded(~metal, 4)

    def ratio(self, image):
        return np.median(image[self.rim]) / np.median(image[self.centre])

    def haze(self, image):
        return np.median(image[self.concavity]) / np.median(image[self.centre])


def iron_per_mm(folder):
    (folder / "job.json").write_text(json.dumps({"beamModel": BEAM}))
    said = client("spectrum", "--job", folder / "job.json").stdout
    return float(said.split("iron: ")[1].split()[0])


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("scan", nargs="?")
    arguments.add_argument("--picture")
    arguments = arguments.parse_args()
    scan = scan_path(arguments.scan)
    if scan is None:
        print(f"skipped: {NAME} is not in the folder that TOMOSLAB_DATA names, and its licence keeps it out of this repository")
        sys.exit(77)
    figures = Figures(f"ISU casting, {SIZE} x {SIZE} voxels of {VOXEL * PIXEL_MM:.4f} mm")
    with scratch_folder() as folder, Server(folder, ranks=2, threads=1) as server:
        copy = binned_scan(scan, folder / "scan.h5")
        (folder / "beam.json").write_text(json.dumps(BEAM))
        bb = reconstruct(server, folder, copy, "--algorithm", "bb", "--iterations", 30, "--lower", 0)
        poly = reconstruct(server, folder, copy, "--algorithm", "poly-bb", "--iterations", 40, "--beam-model", folder / "beam.json")
        iron = iron_per_mm(folder)
    casting = Casting(bb)
    for name, image in {"BB": bb, "poly-BB": poly}.items():
        print(f"{name:8} rim / centre {casting.ratio(image):.3f} | haze in the concavity {100 * casting.haze(image):.1f} % | "
              f"centre {np.median(image[casting.centre]):.3f} 1/mm")
    figures.at_least("ISU casting, BB: rim / centre", casting.ratio(bb), 1.15)
    figures.at_most("ISU casting, poly-BB: rim / centre", casting.ratio(poly), 1.05)
    figures.at_least("ISU casting, poly-BB: rim / centre", casting.ratio(poly), 0.93)
    figures.at_most("ISU casting, poly-BB: haze in the concavity / metal", casting.haze(poly), 0.12)
    figures.at_most("ISU casting: haze in the concavity, poly-BB / BB", casting.haze(poly) / casting.haze(bb), 1 / 3)
    figures.at_least("ISU casting, poly-BB: centre / iron at 120 keV", np.median(poly[casting.centre]) / iron, 0.95)
    figures.at_most("ISU casting, poly-BB: centre / iron at 120 keV", np.median(poly[casting.centre]) / iron, 1.05)
    if arguments.picture:
        window = slice(60, 320), slice(35, 310)
        shown = [image[window] / np.median(image[casting.centre]) for image in (bb, poly)]
        write_png(arguments.picture, np.hstack(shown), -0.1, 1.4)
    figures.finish()


if __name__ == "__main__":
    main()
