#!/usr/bin/python3
"""A job that starts from an earlier one's volume goes on exactly where that one ended; two pools work on two jobs at once; slices of
a finished job come back in any range."""

import h5py
import numpy as np

from programs import ROOT, Server, client, events, iterations, scratch_folder, submit
from scans import read_volume

CASE = ROOT / "tests/acceptance/cases/P7_ti3d.json"
SIRT = ["--algorithm", "sirt", "--lower", 0, "--size", "24,24,13", "--voxel", 0.6]


def fetch(server, job, path, *flags):
    client("fetch", job, "-o", path, *flags, server=server)
    return read_volume(path)[0]


def check_continues(server, scan, folder):
    """SIRT keeps nothing but the image: 3 + 4 iterations are 7, to the last bit."""
    whole = submit(server, scan, *SIRT, "--iterations", 7)
    first = submit(server, scan, *SIRT, "--iterations", 3)
    second = submit(server, scan, *SIRT, "--iterations", 4, "--start", first)
    last = iterations(events(server, second))[-1]
    assert last["iteration"] == 4, last
    assert np.array_equal(fetch(server, whole, folder / "whole.h5"), fetch(server, second, folder / "parts.h5"))


def check_needs_the_same_grid(server, scan, job):
    refused = client("submit", scan, "--algorithm", "sirt", "--iterations", 2, "--size", "8,8,8", "--start", job,
                     server=server, expect=None)
    assert refused.returncode in (1, 2), refused
    assert "24 x 24 x 13" in refused.stderr and "8 x 8 x 8" in refused.stderr, refused.stderr


def main():
    with scratch_folder() as folder:
        scan = folder / "scan.h5"
        client("simulate", CASE, "-o", scan, "--views", 20, "--i0", 0)
        with h5py.File(scan) as file:
            assert file["exchange/data"].shape == (20, 72, 72)
        with Server(folder, "--pools", 2, ranks=2) as server:
            check_continues(server, scan, folder)
            check_needs_the_same_grid(server, scan, "jobs/1")
            part = fetch(server, "jobs/1", folder / "part.h5", "--slices", "3:7")
            assert np.array_equal(part, read_volume(folder / "whole.h5")[0][3:7])


if __name__ == "__main__":
    main()
