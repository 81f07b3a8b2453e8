#!/usr/bin/python3
"""The connections of all ranks to the server are cut again and again while a job runs, keeps checkpoints, shows previews and delivers its
slices: it finishes at the first attempt, with the same result, and every iteration is in its log once.
"""

import json
import os
import signal
import subprocess
import time

import numpy as np

from figures import Figures
from programs import BIN, ROOT, Server, client, events, iterations, messages, scratch_folder, submit, wait_until
from proxy import Proxy
from scans import read_volume

SCAN = ROOT / "tests/data/tooth_dx.h5"
ITERATIONS = 60
JOB = ["--algorithm", "bb", "--iterations", ITERATIONS, "--rotation-axis", 296, "--size", "128,128,2", "--lower", 0,
       "--preview-every", 3, "--checkpoint-every", 0.3]


def pool(address, name):
    return subprocess.Popen([ROOT / "deploy/mpirun.sh", "2", BIN / "tomoslab-worker", "--server", address, "--pool", name,
                             "--threads", "1", "--device", "cpu"],
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)


def end(process):
    os.killpg(process.pid, signal.SIGTERM)
    process.wait(timeout=30)


def state(server, job):
    listed = client("list", "--json", server=server).stdout
    return next(j for j in map(json.loads, filter(lambda line: line.startswith("{"), listed.splitlines())) if j["name"] == job)


def fetch(server, folder, job):
    client("fetch", job, "-o", folder / "volume.h5", server=server)
    return read_volume(folder / "volume.h5")[0]


def main():
    figures = Figures("Connections cut while a job runs")
    with scratch_folder() as folder, Server(folder, "--no-local-pool") as server:
        proxy = Proxy(server.address)
        ranks = pool(proxy.address, "cut")
        try:
            wait_until(lambda: "cut" in server.log_text(), "the pool attaches")
            undisturbed = submit(server, SCAN, *JOB)
            events(server, undisturbed)
            expected = fetch(server, folder, undisturbed)

            job = submit(server, SCAN, *JOB)
            wait_until(lambda: state(server, job).get("lastIteration", {}).get("iteration", 0) >= 2, "the job iterates")
            cuts = 0
            while state(server, job)["state"] in ("RUNNING", "WRITING"):
                cuts += proxy.cut() > 0
                time.sleep(0.8)
            log = events(server, job)
            final = state(server, job)
            print("warnings:", *[text for severity, text in messages(log) if severity == "WARNING"], sep="\n  ")
            figures.at_least("times that all connections were cut", cuts, 3)
            figures.at_most("attempts", final["attempts"], 1)
            counts = [report["iteration"] for report in iterations(log)]
            figures.holds("every iteration is in the log once", len(counts), counts == list(range(1, ITERATIONS + 1)))
            different = int(np.count_nonzero(fetch(server, folder, job) != expected))
            figures.at_most("voxels that differ from an undisturbed run", different, 0)
        finally:
            end(ranks)
            proxy.close()
    figures.finish()


if __name__ == "__main__":
    main()
