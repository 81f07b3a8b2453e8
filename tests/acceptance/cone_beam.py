#!/usr/bin/python3
"""3-D cone beam: FDK and BB on a phantom of ellipsoids, in the plain circle and in four less plain ones.

`tomoslab simulate` makes analytic line integrals (mean over 3 x 3 rays a pixel), two ranks reconstruct. The truth is sampled
here, 4 x 4 x 4 points a voxel. FDK is judged in the mid-plane, where it is exact but for sampling, at 360 views and with a
Hann window: mean and RMS error of each material, 3 voxels away from edges, within 1 %. At 60 views BB must have less error than FDK over the whole volume.
"""

import copy
import json

import numpy as np

from figures import Figures
from programs import Server, client, events, scratch_folder, submit
from scans import read_volume, rms

DENSITIES = {"body": 0.05, "core": 0.08, "bead": 0.12}
BASE = {
    "name": "circle",
    "dim": 3,
    "geometry": {"type": "cone", "SO_mm": 150.0, "OD_mm": 100.0, "span_deg": 360, "views": 180,
                 "det_cols": 96, "det_rows": 96, "det_pitch_mm": 0.75, "N": 72, "Nz": 72, "voxel_mm": 0.45},
    "phantom": [
        {"c": [0, 0, 0], "r": [14, 12, 13], "rot": 20, "mat": "body", "parent": None},
        {"c": [-5, 1, 0], "r": [4.5, 6, 5], "rot": 0, "mat": "core", "parent": "body"},
        {"c": [6, -2, 1], "r": [4, 3.5, 5], "rot": -30, "mat": "bead", "parent": "body"},
        {"c": [2, 7.5, -3], "r": [2, 2, 4], "rot": 0, "mat": None, "parent": "body"},
    ],
    "materials": list(DENSITIES),
    "mono_mu_per_mm": DENSITIES,
    "subrays_per_cell": 3,
    "I0": None,
}


def variant(name, scale=1.0, move=(0, 0, 0), **geometry):
    """BASE with other geometry; the phantom scaled and moved."""
    case = copy.deepcopy(BASE)
    case["name"] = name
    case["geometry"].update(geometry)
    for element in case["phantom"]:
        element["c"] = [scale * c + m for c, m in zip(element["c"], move)]
        element["r"] = [scale * r for r in element["r"]]
    return case


CASES = [
    BASE,
    # The detector ends 6 mm beyond the axis' shadow on one side: every ray outside that strip is measured once, not twice.
    variant("half-fan", det_cols=60, shift_u_mm=16.5),
    variant("shifted axis", axis_offset_mm=1.3, shift_v_mm=2.0, det_cols=104),
    variant("anisotropic pixels and voxels", det_pitch_mm=0.75, det_pitch_v_mm=1.0, det_rows=72, voxel_height_mm=0.6, Nz=54),
    variant("off-centre volume", scale=0.6, move=(5, -4, 2), center_mm=[5, -4, 2], Nx=44, Ny=44, Nz=44),
]


def grid_axes(geometry, sub):
    """Coordinates (mm) of `sub` points a voxel along x, y and z."""
    counts = [geometry.get("Nx", geometry["N"]), geometry.get("Ny", geometry["N"]), geometry["Nz"]]
    pitch = [geometry["voxel_mm"], geometry["voxel_mm"], geometry.get("voxel_height_mm", geometry["voxel_mm"])]
    center = geometry.get("center_mm", [0, 0, 0])
    return [(np.arange(n * sub) - (n * sub - 1) / 2) * h / sub + c for n, h, c in zip(counts, pitch, center)]


def sample_materials(case, sub):
    """Material of every sample point, [z][y][x]: −1 air, else an index into materials."""
    x, y, z = np.meshgrid(*grid_axes(case["geometry"], sub), indexing="ij", sparse=True)
    labels = None
    for element in case["phantom"]:
        c, s = np.cos(np.deg2rad(element["rot"])), np.sin(np.deg2rad(element["rot"]))
        px, py, pz = x - element["c"][0], y - element["c"][1], z - element["c"][2]
        a, b, d = element["r"]
        inside = ((c * px + s * py) / a) ** 2 + ((-s * px + c * py) / b) ** 2 + (pz / d) ** 2 <= 1
        if labels is None:
            labels = np.full(inside.shape, -1, np.int8)
        labels[inside] = -1 if element["mat"] is None else case["materials"].index(element["mat"])
    return labels.transpose(2, 1, 0)


def true_volume(case, sub=4):
    """Attenuation (1/mm) of every voxel, [z][y][x]: the mean over its sample points."""
    labels = sample_materials(case, sub)
    density = np.array([*DENSITIES.values(), 0.0], np.float32)[labels]
    nz, ny, nx = (n // sub for n in labels.shape)
    return density.reshape(nz, sub, ny, sub, nx, sub).mean((1, 3, 5))


def eroded(mask, times):
    """The mask without voxels within `times` steps of an edge (6-neighbourhood)."""
    for _ in range(times):
        padded = np.pad(mask, 1)
        mask = mask.copy()
        for axis in range(3):
            for step in (-1, 1):
                mask &= np.roll(padded, step, axis)[1:-1, 1:-1, 1:-1]
    return mask


def reconstruct(server, folder, case, views, *algorithm):
    """The volume from `views` views, through simulate, submit and fetch."""
    case_file, scan, output = folder / "case.json", folder / "scan.h5", folder / "volume.h5"
    case_file.write_text(json.dumps(case))
    client("simulate", case_file, "-o", scan, "--views", views)
    geometry = case["geometry"]
    size = f"{geometry.get('Nx', geometry['N'])},{geometry.get('Ny', geometry['N'])},{geometry['Nz']}"
    voxel = f"{geometry['voxel_mm']},{geometry.get('voxel_height_mm', geometry['voxel_mm'])}"
    center = ",".join(map(str, geometry.get("center_mm", [0, 0, 0])))
    job = submit(server, scan, "--size", size, "--voxel", voxel, f"--center={center}", *algorithm)
    events(server, job)
    client("fetch", job, "-o", output, server=server)
    return read_volume(output)[0]


def judge(figures, server, folder, case):
    name, truth = case["name"], true_volume(case)
    labels = sample_materials(case, 1)
    middle = truth.shape[0] // 2
    fdk = reconstruct(server, folder, case, 360, "--algorithm", "fdk", "--window", "hann")
    for index, (material, density) in enumerate(DENSITIES.items()):
        region = eroded(labels == index, 3)[middle]
        off = fdk[middle][region] / density - 1
        figures.at_most(f"{name}: FDK, mid-plane, {material} ({region.sum()} voxels): mean, % off", 100 * abs(off.mean()), 1)
        figures.at_most(f"{name}: FDK, mid-plane, {material}: RMS of voxels, % off", 100 * rms(off), 1)
    few_fdk = reconstruct(server, folder, case, 60, "--algorithm", "fdk")
    few_bb = reconstruct(server, folder, case, 60, "--algorithm", "bb", "--lower", 0, "--iterations", 30)
    figures.less_than(f"{name}: BB, 30 iterations, 60 views: RMSE, 1/mm", rms(few_bb - truth), "FDK", rms(few_fdk - truth))


def main():
    figures = Figures("3-D cone beam, ellipsoids")
    with scratch_folder() as folder, Server(folder, ranks=2, threads=1) as server:
        for case in CASES:
            judge(figures, server, folder, case)
    figures.finish()


if __name__ == "__main__":
    main()
