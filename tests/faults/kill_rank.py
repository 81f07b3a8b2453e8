#!/usr/bin/python3
"""One rank of a pool is killed while it iterates: the pool comes back, the job runs again and finishes, and whoever watches is told."""

import json
import os
import signal
import subprocess

import numpy as np

from programs import BIN, ROOT, Server, client, events, iterations, messages, scratch_folder, submit, wait_until
from scans import read_volume

SCAN = ROOT / "tests/data/tooth_dx.h5"
ITERATIONS = 40
JOB = ["--algorithm", "sirt", "--iterations", ITERATIONS, "--rotation-axis", 296, "--size", "160,160,2"]


def fetch(server, folder, job):
    client("fetch", job, "-o", folder / "volume.h5", server=server)
    return read_volume(folder / "volume.h5")[0]


def iterating(server, job):
    """The job's iteration, 0 before the first."""
    listed = client("list", "--json", server=server).stdout
    jobs = [json.loads(line) for line in listed.splitlines() if line.startswith("{")]
    return next((j.get("lastIteration", {}).get("iteration", 0) for j in jobs if j["name"] == job), 0)


def main():
    with scratch_folder() as folder, Server(folder, ranks=2, threads=1) as server:
        undisturbed = submit(server, SCAN, *JOB)
        events(server, undisturbed)
        expected = fetch(server, folder, undisturbed)

        job = submit(server, SCAN, *JOB)
        watcher = subprocess.Popen([str(BIN / "tomoslab"), "watch", job, "--server", server.address],
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        wait_until(lambda: iterating(server, job) >= 5, "the job iterates")
        before = server.worker_processes()
        ranks = [pid for pid in before if "mpirun" not in open(f"/proc/{pid}/comm").read()]
        os.kill(ranks[-1], signal.SIGKILL)
        shown, _ = watcher.communicate(timeout=120)

        assert watcher.returncode == 0, f"watch ended with {watcher.returncode}:\n{shown}"
        assert "again" in shown and "pool" in shown, f"watch does not say why it took longer:\n{shown}"
        log = events(server, job)
        warnings = [text for severity, text in messages(log) if severity == "WARNING"]
        print("warnings:", *warnings, sep="\n  ")
        assert warnings, "no warning event says why the job started again"
        counts = [report["iteration"] for report in iterations(log)]
        assert counts[-1] == ITERATIONS and len(counts) > ITERATIONS, counts
        assert not set(before) & set(server.worker_processes()), "the old ranks still live"
        assert np.array_equal(fetch(server, folder, job), expected), "the result differs from an undisturbed run"
    print("ok")


if __name__ == "__main__":
    main()
