#!/usr/bin/python3
"""A11: 1 rank against 2, 3, 4 and 5 through the product on P6 (3-D cone beam): BB and poly-BB after 20 iterations, poly-DART's labels."""

import json

import numpy as np

from figures import Figures
from poly_cases import Case, bb, poly_bb
from programs import Server, client, events, job_name, scratch_folder
from scans import read_volume

RANKS = (1, 2, 3, 4, 5)


def run(server, folder, scan, spec, *flags):
    """The finished job's image, or with --labels its labels."""
    job_file = folder / "job.json"
    job_file.write_text(json.dumps(spec))
    submitted = client("submit", scan, "--job", job_file, server=server, timeout=600)
    job = job_name(submitted.stdout + submitted.stderr)
    end = events(server, job, timeout=600)[-1]
    assert end["stateChange"]["state"] == "SUCCEEDED", end
    client("fetch", job, "-o", folder / "volume.h5", *flags, server=server)
    return read_volume(folder / "volume.h5")[0]


def results(folder, case, scan, ranks):
    """(BB, poly-BB, poly-DART's labels) on so many ranks."""
    with Server(folder / f"{ranks}", ranks=ranks, threads=1) as server:
        images = [run(server, folder, scan, case.spec(algorithm)).astype(float) for algorithm in (bb(20), poly_bb(20))]
        poly_dart = {"polyDart": {"loop": {"stopping": {"iterations": 3}, "startIterations": 10}}}
        return *images, run(server, folder, scan, case.spec(poly_dart), "--labels")


def main():
    figures = Figures(f"A11: P6, 1 rank against {', '.join(map(str, RANKS[1:]))}")
    case = Case("P6_alfe3d")
    with scratch_folder() as folder:
        scan = case.write_scan(folder / "scan.h5")
        one = results(folder, case, scan, 1)
        assert len(np.unique(one[2])) == 3, "poly-DART found not all materials"
        for ranks in RANKS[1:]:
            many = results(folder, case, scan, ranks)
            for name, a, b in zip(("BB", "poly-BB"), one, many):
                figures.at_most(f"A11 P6, {name}, 20 iterations: {ranks} ranks against 1", np.linalg.norm(a - b) / np.linalg.norm(a), 2e-4)
            figures.at_most(f"A11 P6, poly-DART: {ranks} ranks against 1, labels that differ, %", 100 * (one[2] != many[2]).mean(), 0.05)
    figures.finish()


if __name__ == "__main__":
    main()
