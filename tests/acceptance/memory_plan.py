#!/usr/bin/python3
"""Memory per rank: what `tomoslab plan` says beside the peak of the ranks that do the job, for every algorithm.

memory_plan.py [SIZE [JOB]]: SIZE³ voxels (160 unless said), as many views, a detector a quarter wider; only the jobs with JOB in
their name. With few voxels the program itself, a constant of the plan, is most of what a rank holds.

`tomoslab simulate` makes the scans, two ranks of one long-lived pool do the jobs one after the other. Measured is VmHWM, set back
before each job, so that what a job leaves behind in a rank counts against the next one.
"""

import json
import pathlib
import re
import sys

from figures import Figures
from programs import Server, client, events, job_name, peak_memory_mb, scratch_folder

UNITS = {"B": 1e-6, "kB": 1e-3, "MB": 1, "GB": 1e3, "TB": 1e6}
NODES = {"light": 0.02, "dense": 0.06}  # 1/mm at 60 keV
BEAM_MODEL = {
    "source": {"spectrum": {"energyKev": [40, 60, 80, 100], "value": [1, 2, 2, 1]}},
    "material": [{"name": name, "attenuationPerMm": {"energyKev": [40, 60, 80, 100], "value": [node * f for f in falloff]}}
                 for (name, node), falloff in zip(NODES.items(), ([1.4, 1, 0.85, 0.78], [2.6, 1, 0.55, 0.38]))],
    "referenceEnergyKev": 60,
}


def case(size, **geometry):
    """Two ellipsoids in cone beam; a detector a quarter wider than the volume's shadow at its axis."""
    return {
        "name": "memory", "dim": 3, "materials": list(NODES), "mono_mu_per_mm": NODES,
        "geometry": {"type": "cone", "SO_mm": 4.0 * size, "OD_mm": 4.0 * size, "span_deg": 360, "views": size,
                     "det_cols": size * 5 // 4, "det_rows": size * 5 // 4, "det_pitch_mm": 2, "N": size, "Nz": size, "voxel_mm": 1,
                     **geometry},
        "phantom": [{"c": [0, 0, 0], "r": [0.4 * size, 0.35 * size, 0.4 * size], "rot": 0, "mat": "light", "parent": None},
                    {"c": [0, 0.1 * size, 0], "r": [0.1 * size] * 3, "rot": 0, "mat": "dense", "parent": "light"}],
    }


def stopping(count):
    return {"stopping": {"iterations": count}}


def dart_loop(inner):
    return {"loop": {**stopping(2), "inner": inner, "innerIterations": 2, "startIterations": 3}}


def dart(inner, **options):
    return {"dart": {**dart_loop(inner), "greyValuePerMm": list(NODES.values()), **options}}


def poly_dart(inner, **options):
    return {"polyDart": {**dart_loop(inner), **options}}


# Name, scan, algorithm, other keys of the job. BB keeps a best image only once a step goes uphill, so it gets some iterations.
JOBS = [
    ("fdk", "plain", {"fdk": {}}, {}),
    ("fdk, detector off the axis", "half-fan", {"fdk": {}}, {}),
    ("sirt", "plain", {"sirt": stopping(2)}, {}),
    ("sirt, footprints", "plain", {"sirt": stopping(1)}, {"projector": "FOOTPRINT"}),
    ("sirt, footprints of any view", "rotated", {"sirt": stopping(1)}, {"projector": "FOOTPRINT"}),
    ("sirt, any view", "rotated", {"sirt": stopping(1)}, {}),
    ("cgls", "plain", {"cgls": stopping(2)}, {}),
    ("bb", "plain", {"bb": stopping(12)}, {}),
    ("bb from fdk", "plain", {"bb": {**stopping(2), "bounds": {"lowerPerMm": 0}}}, {"start": {"fdk": {}}}),
    ("poly-bb", "plain", {"polyBb": stopping(12)}, {}),
    ("poly-sirt", "plain", {"polySirt": stopping(2)}, {}),
    ("dart", "plain", dart("SIRT"), {}),
    ("dart, fixed grey values", "plain", dart("SIRT", fixedGreyValues=True), {}),
    ("dart with bb", "plain", dart("BB"), {}),
    ("dart with cgls", "plain", dart("CGLS"), {}),
    ("poly-dart", "plain", poly_dart("SIRT"), {}),
    ("poly-dart with poly-bb", "plain", poly_dart("BB"), {}),
    ("poly-dart, densities refined", "plain", poly_dart("SIRT", refineDensities=True), {}),
]


def make_scans(folder, size):
    """{name: path}."""
    scans = {}
    shorter = max(24, size // 2)  # the general paths are slow
    for name, geometry in [("plain", {}), ("half-fan", {"shift_u_mm": 0.5 * size}),
                           ("rotated", {"detector_rotation_deg": 5, "views": shorter})]:
        case_file = folder / f"{name}.json"
        case_file.write_text(json.dumps(case(size, **geometry)))
        scans[name] = folder / f"{name}.h5"
        client("simulate", case_file, "-o", scans[name])
    return scans


def planned_mb(scan, job_file):
    """Of each rank, by `tomoslab plan`."""
    text = client("plan", scan, "--job", job_file, "--ranks", 2).stdout
    return [float(number) * UNITS[unit] for number, unit in re.findall(r"rank \d+: .* ([\d.e+]+) ([kMGT]?B)\n", text)]


def measured_mb(server, scan, job_file):
    """The peak of each rank, in the order of the ranks."""
    ranks = sorted(server.worker_processes())
    for pid in ranks:
        pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")  # VmHWM ← VmRSS
    done = client("submit", scan, "--job", job_file, server=server)
    log = events(server, job_name(done.stdout + done.stderr))
    assert any(event.get("stateChange", {}).get("state") == "SUCCEEDED" for event in log), log[-1]
    assert sorted(server.worker_processes()) == ranks, "a rank has died"
    return [peak_memory_mb(pid) for pid in ranks]


def refuse(figures, folder, scan, job_file):
    """A server whose ranks have less than the plan of a job refuses it with the figures; so does `tomoslab plan`."""
    with Server(folder / "small", "--memory-mb-per-rank", 60, ranks=2, threads=1) as server:
        refused = client("submit", scan, "--job", job_file, server=server, expect=None)
    planned = client("plan", scan, "--job", job_file, "--ranks", 2, "--memory-mb-per-rank", 60, expect=None)
    for what, done in (("a server with 60 MiB per rank", refused), ("tomoslab plan --memory-mb-per-rank 60", planned)):
        says = re.search(r"up to ([\d.]+) GiB per rank of ([\d.]+) GiB there are. It does not fit: use more ranks", done.stderr)
        figures.holds(f"memory per rank: {what} refuses with figures", bool(says), done.returncode != 0 and says)


def main():
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 160
    chosen = sys.argv[2] if len(sys.argv) > 2 else ""
    figures = Figures(f"Memory per rank, {size}^3 voxels on 2 ranks")
    with scratch_folder() as folder, Server(folder, ranks=2, threads=1) as server:
        scans = make_scans(folder, size)
        print("algorithm | planned, MB | measured, MB | ratio\n--- | --- | --- | ---")
        for name, scan, algorithm, more in JOBS:
            if chosen not in name:
                continue
            spec = {"volume": {"columns": size, "rows": size, "slices": size, "voxelWidthMm": 1}, "algorithm": algorithm,
                    "checkpointEverySeconds": 0.01, **more}  # the plan counts a copy on its way
            if any(kind.startswith("poly") for kind in algorithm):
                spec["beamModel"] = BEAM_MODEL
            job_file = folder / "job.json"
            job_file.write_text(json.dumps(spec))
            planned, measured = planned_mb(scans[scan], job_file), measured_mb(server, scans[scan], job_file)
            assert len(planned) == len(measured) == 2, (planned, measured)
            for rank, (plan, peak) in enumerate(zip(planned, measured)):
                print(f"{name}, rank {rank} | {plan:.0f} | {peak:.0f} | {peak / plan:.2f}", flush=True)
            off = max(abs(peak / plan - 1) for plan, peak in zip(planned, measured))
            figures.at_most(f"memory per rank, {name}: peak off the plan, %", 100 * off, 10)
        refuse(figures, folder, scans["plain"], job_file)
    figures.finish()


if __name__ == "__main__":
    main()
