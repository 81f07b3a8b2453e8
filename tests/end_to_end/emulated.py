#!/usr/bin/python3
"""Whole jobs on the code of GPUs, which the emulated device runs on the host: the volumes are those of the CPU.

Counts with flats and darks (a tooth), and a ball of aluminium with iron pins in a cone beam, scanned by `tomoslab simulate`.
"""

import json
import re

import numpy as np

from programs import ROOT, client, scratch_folder
from scans import read_volume

TOOTH = ROOT / "tests/data/tooth_dx.h5"
CASE = {
    "name": "ball with a pin", "dim": 3, "materials": ["al", "fe"], "compositions": {"al": "Al", "fe": "Fe"},
    "phantom": [
        {"c": [0, 0, 0], "r": [9, 9, 5], "rot": 0, "mat": "al", "parent": None},
        {"c": [4, 1, 0], "r": [2, 2, 2.4], "rot": 0, "mat": "fe", "parent": "al"}],
    "geometry": {"beam": "cone", "SO_mm": 120, "OD_mm": 60, "views": 24, "det_cols": 45, "det_rows": 29, "det_pitch_mm": 0.75,
                 "N": 37, "Nz": 22, "voxel_mm": 0.5},
    "subrays_per_cell": 1, "I0": 0,
}
BEAM = ["--tube-kv", 120, "--filter", "Al 2", "--detector", "CsI@4.51 0.5", "--energy-integrating", "--reference-kev", 70]
GRID = ["--voxel", 0.5, "--size", "37,37,22"]
RANKS = ["--ranks", 2, "--threads", 1]


def volumes(folder, scan, *flags):
    """The job's volume by the CPU, and by the emulated device."""
    result = []
    for device in ("cpu", "emulated"):
        path = folder / f"{device}.h5"
        said = client("reconstruct", scan, *flags, *RANKS, "--device", device, "-o", path)
        if device == "emulated":
            held, planned = re.findall(r"GPU memory: a rank held up to ([0-9.]+) MB, ([0-9.]+) planned", said.stdout + said.stderr)[0]
            assert float(held) <= float(planned), said
        result.append(read_volume(path)[0].astype(float))
    return result


def check(folder, scan, limit, *flags):
    cpu, emulated = volumes(folder, scan, *flags)
    difference = np.linalg.norm(emulated - cpu) / np.linalg.norm(cpu)
    print(f"{' '.join(str(flag) for flag in flags[:4])}: relative difference {difference:.2g}")
    assert np.linalg.norm(cpu) > 0 and difference < limit, (flags, difference)


def main():
    with scratch_folder() as folder:
        tooth = ["--rotation-axis", 296, "--size", "160,160,2"]
        check(folder, TOOTH, 2e-5, "--algorithm", "fdk", *tooth)
        check(folder, TOOTH, 1e-4, "--algorithm", "bb", "--iterations", 3, *tooth)

        case, scan, beam = folder / "case.json", folder / "scan.h5", folder / "beam.json"
        case.write_text(json.dumps(CASE))
        client("simulate", case, "-o", scan, "--truth", folder / "truth.h5", *BEAM)
        client("spectrum", *BEAM, "--material", "fe=Fe", "--material", "al=Al", "--write-beam-model", beam)
        check(folder, scan, 1e-5, "--algorithm", "fdk", *GRID)
        check(folder, scan, 1e-4, "--algorithm", "sirt", "--iterations", 3, "--projector", "footprint", *GRID)
        check(folder, scan, 1e-3, "--algorithm", "poly-bb", "--iterations", 5, "--beam-model", beam, *GRID)
        # A voxel in many thousands may fall on the other side of a threshold.
        check(folder, scan, 0.02, "--algorithm", "dart", "--grey-values", "0.04,0.2", "--iterations", 3, *GRID)
        check(folder, scan, 0.02, "--algorithm", "poly-dart", "--iterations", 2, "--beam-model", beam, *GRID)


if __name__ == "__main__":
    main()
