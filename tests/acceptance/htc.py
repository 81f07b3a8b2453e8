#!/usr/bin/python3
"""A measured fan-beam scan (Helsinki Tomography Challenge 2022) against the FBP that its authors published.

The files' frame has y upwards and the published image is stored as pictures are, first row on top. The importer turns that frame by
180 degrees about x into ours (docs/geometry.md), where y points down: so the volume's first row is the picture's first row too.
"""

import shutil

import h5py
import numpy as np

from figures import Figures
from programs import ROOT, Server, client, events, messages, scratch_folder, submit
from scans import correlation, read_volume

DISCS = ["htc2022_ta_fan.h5", "htc2022_tb_fan.h5", "htc2022_solid_disc_fan.h5"]
SIZE, VOXEL_MM = 512, 0.1483223173330444  # of the published images

# The files name tube, voltage and filter. The rest is ours: a scintillator as such detectors (Hamamatsu C7942CA) have them; as much
# aluminium for its cover and substrate, and as much scatter and glare, as the solid disc's curve shows (htc_beam_hardening.py).
BEAM = {
    "source": {"tube": {"voltageKv": 45, "target": "Mo"},
               "filter": [{"composition": {"formula": "Al"}, "thicknessMm": 0.5},
                          {"composition": {"formula": "Al"}, "thicknessMm": 1.5}]},
    "detector": {"energyIntegrating": True, "absorber": {"composition": {"formula": "CsI", "densityGPerCm3": 4.51}, "thicknessMm": 0.15}},
    "material": [{"name": "acrylic", "composition": {"formula": "C5H8O2", "densityGPerCm3": 1.18}}],
    "referenceEnergyKev": 30,
    "scatterFraction": 0.0425,
}


def reference(scan, binning=1):
    """The published FBP, averaged over binning x binning pixels; another scale than ours."""
    with h5py.File(scan) as file:
        image = file["reference/fbp"][:]
    return image.reshape(SIZE // binning, binning, SIZE // binning, binning).mean((1, 3))


def field_of_view(size):
    """The voxels that every view sees. Beyond, FBP and least squares are different guesses."""
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    return np.hypot(x, y) < 0.49 * size


def subset(scan, views, path):
    """A copy of the scan with some of its views only."""
    with h5py.File(scan) as source, h5py.File(path, "w") as target:
        for name in source:
            if name != "exchange":
                source.copy(name, target)
        exchange = target.create_group("exchange")
        for name in ("data", "theta"):
            exchange.create_dataset(name, data=source["exchange"][name][views])
            for key, value in source["exchange"][name].attrs.items():
                exchange[name].attrs[key] = value
    return path


def reconstruct(server, folder, scan, *algorithm, binning=1):
    """(image [y][x], log messages of the job)."""
    size = SIZE // binning
    job = submit(server, scan, "--voxel", VOXEL_MM * binning, "--size", f"{size},{size},1", *algorithm)
    log = messages(events(server, job))
    client("fetch", job, "-o", folder / "image.h5", server=server)
    return read_volume(folder / "image.h5")[0][0], log


def direction_warnings(log):
    return [text for severity, text in log if severity == "WARNING" and "direction" in text]


def reversed_scan(scan, folder):
    """A copy of the scan whose angles run the wrong way."""
    copy = folder / "reversed.h5"
    shutil.copyfile(scan, copy)
    with h5py.File(copy, "a") as file:
        file["geometry"].attrs["direction"] = -file["geometry"].attrs["direction"]
    return copy


def main():
    figures = Figures("HTC 2022 discs: correlation with the published FBP")
    with scratch_folder() as folder, Server(folder, ranks=1, threads=2) as server:
        for disc in DISCS:
            scan = ROOT / "tests/data" / disc
            fdk, log = reconstruct(server, folder, scan, "--algorithm", "fdk")
            figures.at_least(f"{disc}: FBP", correlation(fdk, reference(scan)), 0.995)
            figures.holds(f"{disc}: no warning of the direction", not direction_warnings(log), not direction_warnings(log))
            # 20 updates from 0 do not reach the finest detail of 512 x 512 voxels: half as many a side.
            bb, _ = reconstruct(server, folder, scan, "--algorithm", "bb", "--iterations", 20, binning=2)
            seen = field_of_view(SIZE // 2)
            figures.at_least(f"{disc}: BB, 20 iterations, 256 x 256 voxels",
                             correlation(bb[seen], reference(scan, 2)[seen]), 0.995)
        scan, seen = ROOT / "tests/data" / DISCS[0], field_of_view(SIZE)
        bb, _ = reconstruct(server, folder, scan, "--algorithm", "bb", "--iterations", 20, "--start", "fdk")
        figures.at_least(f"{DISCS[0]}: BB, 20 iterations from FBP", correlation(bb[seen], reference(scan)[seen]), 0.995)
        _, log = reconstruct(server, folder, reversed_scan(ROOT / "tests/data" / DISCS[0], folder), "--algorithm", "fdk")
        warnings = direction_warnings(log)
        print("reversed angles:", *(warnings or ["no warning"]))
        figures.holds("reversed angles are warned of", bool(warnings), warnings)
    figures.finish()


if __name__ == "__main__":
    main()
