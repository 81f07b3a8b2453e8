#!/usr/bin/python3
"""What a polychromatic job delivers: attenuation at other energies, material maps and labels; jobs that start from it; previews and
cancelling while poly-BB, DART and poly-DART run.

An aluminium ball with two iron pins, scanned by `tomoslab simulate` with a tube in a cone beam; no noise.
"""

import json
import time

import numpy as np

from programs import Server, client, events, iterations, job_name, messages, scratch_folder, submit, wait_until
from scans import read_volume

CASE = {
    "name": "ball with pins", "dim": 3, "materials": ["al", "fe"], "compositions": {"al": "Al", "fe": "Fe"},
    "phantom": [
        {"c": [0, 0, 0], "r": [9, 9, 7], "rot": 0, "mat": "al", "parent": None},
        {"c": [4, 1, 0], "r": [2, 2, 2.4], "rot": 0, "mat": "fe", "parent": "al"},
        {"c": [-4, -2, 1], "r": [2, 2, 2], "rot": 0, "mat": "fe", "parent": "al"}],
    "geometry": {"beam": "cone", "SO_mm": 120, "OD_mm": 60, "views": 60, "det_cols": 48, "det_rows": 40, "det_pitch_mm": 0.75,
                 "N": 40, "Nz": 32, "voxel_mm": 0.5},
    "subrays_per_cell": 1, "I0": 0,
}
BEAM = ["--tube-kv", 120, "--filter", "Al 2", "--detector", "CsI@4.51 0.5", "--energy-integrating", "--reference-kev", 70]
GRID = ["--voxel", 0.5, "--size", "40,40,32", "--projector", "joseph"]
# NIST's mass attenuation (cm2/g; Hubbell & Seltzer, 1995) at 100 keV times the density (g/cm3), 1/mm.
AT_100_KEV = {"al": 0.1704 * 2.699 / 10, "fe": 0.3717 * 7.874 / 10}


class Jobs:
    """A server with the scan on it."""

    def __init__(self, server, folder):
        self.server, self.folder = server, folder
        case = folder / "case.json"
        case.write_text(json.dumps(CASE))
        client("simulate", case, "-o", folder / "scan.h5", "--truth", folder / "truth.h5", *BEAM)
        client("spectrum", *BEAM, "--material", "fe=Fe", "--material", "al=Al", "--write-beam-model", folder / "beam.json")
        uploaded = client("submit", folder / "scan.h5", "--upload-only", server=server)
        self.scan = "scans/" + (uploaded.stdout + uploaded.stderr).split("scans/")[-1].split()[0].strip(":,.")

    def submit(self, algorithm, *flags):
        beam = ["--beam-model", self.folder / "beam.json"] if algorithm.startswith("poly") else []
        return submit(self.server, self.scan, "--algorithm", algorithm, *GRID, *beam, *flags)

    def fetch(self, job, *flags):
        client("fetch", job, "-o", self.folder / "volume.h5", *flags, server=self.server)
        return read_volume(self.folder / "volume.h5")


def last_materials(log):
    return [event["materials"] for event in log if "materials" in event][-1]


def check_contents(jobs, job):
    """Every content is the stated function of the stored attenuation, and the functions are the physics'."""
    report = last_materials(events(jobs.server, job))
    names = [entry["name"] for entry in report["entry"]]
    assert names == ["air", "al", "fe"] and report["referenceEnergyKev"] == 70, report
    nodes = np.array([entry.get("greyValuePerMm", 0) for entry in report["entry"]])
    stored = jobs.fetch(job)[0].astype(float)

    virtual, attributes = jobs.fetch(job, "--energy", 100)
    assert virtual.dtype == np.float32 and attributes["units"] == "1/mm", attributes
    at_100 = np.array([0, AT_100_KEV["al"], AT_100_KEV["fe"]])
    expected = np.where(stored > nodes[2], stored * at_100[2] / nodes[2], np.interp(stored, nodes, at_100))
    assert np.abs(virtual - expected).max() < 0.005 * at_100[2], np.abs(virtual - expected).max()
    truth = read_volume(jobs.folder / "truth.h5")[0]
    inside = np.abs(truth - nodes[1]) < 1e-4 * nodes[1]
    assert abs(np.median(virtual[inside]) / AT_100_KEV["al"] - 1) < 0.02, np.median(virtual[inside])
    same = jobs.fetch(job, "--energy", 70)[0]
    assert np.abs(same - stored).max() < 1e-6, "at the reference energy it is the image itself"

    amounts = [jobs.fetch(job, "--material", name)[0].astype(float) for name in ("al", "fe")]
    assert jobs.fetch(job, "--material", "fe")[1]["units"] == "1"
    assert np.abs(nodes[1] * amounts[0] + nodes[2] * amounts[1] - stored).max() < 1e-5, "amounts times attenuation give the image"
    assert all(amount.min() >= 0 for amount in amounts)
    dense = stored >= nodes[1]
    below = dense & (stored <= nodes[2])
    assert np.abs(amounts[0] + amounts[1] - 1)[below].max() < 1e-5, "between two materials their amounts add up to 1"

    labels, attributes = jobs.fetch(job, "--labels")
    assert labels.dtype == np.uint8 and attributes["units"] == "label", (labels.dtype, attributes)
    assert (labels == np.searchsorted((nodes[1:] + nodes[:-1]) / 2, stored, side="right")).all()
    for material, entry in enumerate(report["entry"]):
        assert int(entry["voxels"]) == (labels == material).sum(), entry
        assert abs(entry["volumeMm3"] - 0.125 * (labels == material).sum()) < 1e-6, entry


def check_refused_contents(jobs, job):
    plain = jobs.submit("sirt", "--iterations", 1)
    events(jobs.server, plain)
    for name, flags, words in [(job, ["--material", "cu"], ["cu", "air, al, fe"]), (job, ["--energy", 900], ["900", "800 keV"]),
                               (plain, ["--labels"], ["no materials", "sirt"]), (plain, ["--energy", 60], ["no materials", "sirt"])]:
        done = client("fetch", name, "-o", jobs.folder / "never.h5", *flags, server=jobs.server, expect=1)
        assert all(word in done.stderr for word in words), done.stderr
        assert not (jobs.folder / "never.h5").exists()


def check_starts(jobs, first):
    """Every polychromatic or discrete job goes on from an earlier volume: its first residual is far below that of an empty one."""
    finished = iterations(events(jobs.server, first))[-1]["relativeResidual"]
    for algorithm in ("poly-bb", "poly-sirt"):
        log = events(jobs.server, jobs.submit(algorithm, "--iterations", 3, "--start", first))
        residuals = [report["relativeResidual"] for report in iterations(log)]
        assert residuals[0] < 1.5 * finished, (algorithm, finished, residuals)
    discrete = jobs.submit("poly-dart", "--iterations", 2, "--start", first)
    log = events(jobs.server, discrete)
    assert len(iterations(log)) == 2, f"made a start image of its own: {len(iterations(log))} iterations"
    wrong = np.mean(jobs.fetch(discrete, "--labels")[0] != jobs.fetch(first, "--labels")[0])
    assert wrong < 0.02, f"{100 * wrong:.1f} % of the labels changed"
    log = events(jobs.server, jobs.submit("dart", "--grey-values", "0.06,0.65", "--iterations", 2, "--start", discrete))
    assert len(iterations(log)) == 2, iterations(log)


def check_previews_and_cancel(jobs, algorithm, *flags):
    """Previews of a job that runs can be read; cancelled, it ends soon, within an iteration of very many inner ones."""
    job = jobs.submit(algorithm, "--preview-every", 1, *flags)
    folder = jobs.folder / f"previews-{algorithm}"

    def pictures():
        done = client("slices", job, "-o", folder, server=jobs.server, expect=None)
        return done.returncode == 0 and list(folder.glob("*.png"))

    shown = wait_until(pictures, f"{algorithm} shows a preview", 60)
    assert len({path.name.split("_")[2] for path in shown}) == 3, shown  # axial, coronal, sagittal
    state = json.loads(client("list", "--json", "--limit", 1, server=jobs.server).stdout.splitlines()[0])
    assert state["name"] == job and state["state"] == "RUNNING", state
    started = time.monotonic()
    client("cancel", job, server=jobs.server)
    log = events(jobs.server, job, expect=1)
    assert log[-1]["stateChange"]["state"] == "CANCELLED", log[-1]
    assert time.monotonic() - started < 15, f"cancelling {algorithm} took too long"


def main():
    with scratch_folder() as folder, Server(folder, ranks=2, threads=1) as server:
        jobs = Jobs(server, folder)
        first = jobs.submit("poly-bb", "--iterations", 25)
        log = events(server, first)
        assert not [text for severity, text in messages(log) if severity == "WARNING"], messages(log)
        check_contents(jobs, first)
        check_refused_contents(jobs, first)
        check_starts(jobs, first)
        check_previews_and_cancel(jobs, "poly-bb", "--iterations", 1_000_000, "--start", first)
        endless = ["--start-iterations", 2, "--inner-iterations", 1_000_000]
        check_previews_and_cancel(jobs, "dart", "--grey-values", "0.06,0.65", *endless)
        check_previews_and_cancel(jobs, "poly-dart", *endless)
    print("ok")


if __name__ == "__main__":
    main()
