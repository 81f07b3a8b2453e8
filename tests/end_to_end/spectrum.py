#!/usr/bin/python3
"""tomoslab spectrum: over which path its few energies hold, what it writes, and what it says to a wrong job file."""

import json

import numpy as np

from programs import client, scratch_folder

BEAM = ["--tube-kv", 100, "--filter", "Al 2", "--detector", "CsI@4.51 0.5", "--energy-integrating", "--material", "al=Al"]


def path_mm(*flags):
    """The longest path of the table, as printed."""
    printed = client("spectrum", *BEAM, *flags).stdout
    return float(printed.split("for paths up to ")[1].split(" mm")[0])


def job_file(folder, volume):
    path = folder / "job.json"
    path.write_text(json.dumps({"volume": volume}))
    return path


def main():
    with scratch_folder() as folder:
        # Cubic voxels where the job says no height: 100 x sqrt(3) x 0.1 mm.
        cube = {"columns": 100, "rows": 100, "slices": 100, "voxelWidthMm": 0.1}
        assert abs(path_mm("--job", job_file(folder, cube)) - 17.3205) < 1e-3
        assert abs(path_mm("--job", job_file(folder, {**cube, "voxelHeightMm": 0.2})) - 24.4949) < 1e-3
        assert path_mm("--job", job_file(folder, cube), "--path-mm", 7) == 7
        assert path_mm() == 100

        client("spectrum", *BEAM, "-o", folder / "spectrum.csv")
        table = np.loadtxt(folder / "spectrum.csv", delimiter=",", comments=("#", "energy"))
        assert abs(table[:, 1].sum() - 1) < 1e-6, table[:, 1].sum()
        assert 10 < table[0, 0] < table[-1, 0] <= 100, table[:, 0]

        wrong = job_file(folder, {**cube, "columns": -3})
        said = client("spectrum", *BEAM, "--job", wrong, expect=None)
        assert said.returncode != 0 and "-3" in said.stderr, said


if __name__ == "__main__":
    main()
