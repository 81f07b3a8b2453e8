#!/usr/bin/python3
"""Makes the pictures of docs/algorithms.md: simulates two noisy polychromatic scans in a 3-D cone beam, reconstructs them through
server, two ranks and client, and writes docs/poly_bb.svg and docs/poly_dart.svg.

    TOMOSLAB_BIN=build/bin docs/make_pictures.py [poly_bb | poly_dart]
"""

import json
import pathlib
import sys

DOCS = pathlib.Path(__file__).resolve().parent
sys.path.append(str(DOCS.parent / "tests/support"))

from comparison import Comparison, Shown  # noqa: E402
from programs import Server, client, events, scratch_folder, submit  # noqa: E402
from scans import read_volume  # noqa: E402

DETECTOR = ["--detector", "CsI@4.51 0.5", "--energy-integrating"]


def ball(x, y, z, radius, material, parent):
    radii = radius if isinstance(radius, list) else [radius] * 3
    return {"c": [x, y, z], "r": radii, "rot": 0, "mat": material, "parent": parent}


ALUMINIUM_AND_IRON = {
    "name": "aluminium with iron pins", "dim": 3, "materials": ["aluminium", "iron"], "compositions": {"aluminium": "Al", "iron": "Fe"},
    "phantom": [ball(0, 0, 0, [13, 12, 4], "aluminium", None), ball(7, 5, 0, [1.5, 1.5, 2], "iron", "aluminium"),
                ball(-6, 6, 0, [1.8, 1.8, 2], "iron", "aluminium"), ball(4.5, 0, 0, [1.6, 1.6, 2], None, "aluminium"),
                ball(-3, -6, 0, [2.2, 1.2, 2], None, "aluminium"), ball(3, -7, 0, 0.8, None, "aluminium")],
    "geometry": {"beam": "cone", "SO_mm": 120, "OD_mm": 60, "views": 160, "det_cols": 128, "det_rows": 36, "det_pitch_mm": 0.48,
                 "N": 80, "Nz": 26, "voxel_mm": 0.35},
    "subrays_per_cell": 3, "I0": 100000,
}
TITANIUM = {
    "name": "titanium with pores", "dim": 3, "materials": ["titanium"], "compositions": {"titanium": "Ti"},
    "phantom": [ball(0, 0, 0, [6.5, 6, 2.2], "titanium", None), ball(2.5, 1.5, 0, [0.9, 0.9, 0.8], None, "titanium"),
                ball(-2, 2.5, 0, [0.5, 1.1, 0.8], None, "titanium"), ball(-3.5, -1, 0, 0.35, None, "titanium"),
                ball(0.5, -3, 0, [1.4, 0.5, 0.8], None, "titanium"), ball(3.6, -2.4, 0, 0.45, None, "titanium")],
    "geometry": {"beam": "cone", "SO_mm": 60, "OD_mm": 60, "views": 40, "det_cols": 128, "det_rows": 48, "det_pitch_mm": 0.25,
                 "N": 112, "Nz": 40, "voxel_mm": 0.125},
    "subrays_per_cell": 3, "I0": 100000,
}


class Scan:
    """A simulated scan on a server, the middle slice of its truth, and its beam model."""

    def __init__(self, server, folder, case, beam):
        self.server, self.folder, self.case = server, folder, case
        (folder / "case.json").write_text(json.dumps(case))
        client("simulate", folder / "case.json", "-o", folder / "scan.h5", "--truth", folder / "truth.h5", *beam, timeout=600)
        materials = [flag for name, formula in case["compositions"].items() for flag in ("--material", f"{name}={formula}")]
        client("spectrum", *beam, *materials, "--write-beam-model", folder / "beam.json")
        truth = read_volume(folder / "truth.h5")[0]
        self.truth = truth[truth.shape[0] // 2]

    def job(self, algorithm, *flags):
        """The name of a finished job."""
        grid = self.case["geometry"]
        size = ["--voxel", grid["voxel_mm"], "--size", f"{grid['N']},{grid['N']},{grid['Nz']}", "--projector", "joseph"]
        model = ["--beam-model", self.folder / "beam.json"] if algorithm.startswith("poly") else []
        job = submit(self.server, self.folder / "scan.h5", "--algorithm", algorithm, *size, *model, *flags, "--preview-every", -1)
        end = events(self.server, job, timeout=1000)[-1]
        assert end["stateChange"]["state"] == "SUCCEEDED", end
        return job

    def middle(self, job, *content):
        """The middle slice [row][column]: attenuation in 1/mm, or with --labels which material."""
        client("fetch", job, "-o", self.folder / "volume.h5", *content, server=self.server)
        volume = read_volume(self.folder / "volume.h5")[0]
        return volume[volume.shape[0] // 2]


def poly_bb(server, folder):
    beam = ["--tube-kv", 120, "--filter", "Al 2", *DETECTOR, "--reference-kev", 70]
    scan = Scan(server, folder, ALUMINIUM_AND_IRON, beam)
    shown = [Shown("BB, 30 iterations", scan.middle(scan.job("bb", "--iterations", 30, "--lower", 0)), "#d95f02"),
             Shown("poly-BB, 40 iterations", scan.middle(scan.job("poly-bb", "--iterations", 40)), "#1f6fb4"),
             Shown("truth at 70 keV", scan.truth, "#444444")]
    return Comparison("Aluminium with iron pins and pores, 120 kV, cone beam, 160 views", shown, (0, 0.12), 0.35, 40)


def poly_dart(server, folder):
    beam = ["--tube-kv", 150, "--filter", "Al 2", *DETECTOR]
    scan = Scan(server, folder, TITANIUM, beam)
    node = float(scan.truth.max())
    shown = []
    for name, flags, colour in (("DART", ("dart", "--grey-values", node), "#d95f02"), ("poly-DART", ("poly-dart",), "#1f6fb4")):
        job = scan.job(*flags)
        wrong = scan.middle(job, "--labels") != (scan.truth > node / 2)
        shown.append(Shown(name, scan.middle(job), colour, wrong))
    return Comparison("Titanium with pores, 150 kV, cone beam, 40 views", [*shown, Shown("truth", scan.truth, "#444444")], (0, 0.3), 0.125, 68)


def main(names):
    figures = {"poly_bb": poly_bb, "poly_dart": poly_dart}
    for name in names or figures:
        with scratch_folder() as folder, Server(folder, ranks=2, threads=1) as server:
            path = DOCS / f"{name}.svg"
            path.write_text(figures[name](server, folder).svg())
            print(f"{path}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main(sys.argv[1:])
