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
GRID = ["--voxel", 0.1483223173330444, "--size", "512,512,1"]


def reference(scan):
    with h5py.File(scan) as file:
        return file["reference/fbp"][:]


def reconstruct(server, folder, scan, *algorithm):
    """(image [y][x], log messages of the job)."""
    job = submit(server, scan, *GRID, *algorithm)
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
            bb, _ = reconstruct(server, folder, scan, "--algorithm", "bb", "--iterations", 20)
            figures.at_least(f"{disc}: BB, 20 iterations", correlation(bb, reference(scan)), 0.995)
            assert np.isfinite(bb).all()
        _, log = reconstruct(server, folder, reversed_scan(ROOT / "tests/data" / DISCS[0], folder), "--algorithm", "fdk")
        warnings = direction_warnings(log)
        print("reversed angles:", *(warnings or ["no warning"]))
        figures.holds("reversed angles are warned of", bool(warnings), warnings)
    figures.finish()


if __name__ == "__main__":
    main()
