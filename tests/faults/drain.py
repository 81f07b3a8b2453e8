#!/usr/bin/python3
"""A pool is told to end (SIGTERM, to rank 0 or to deploy/pool.sh) while its job iterates: the job leaves a checkpoint, is queued again without being
lost, and the next pool goes on from there with the same bits. And the same where ranks have no memory for a copy of the solver's state, so
that the solver waits while a checkpoint is sent.
"""

import contextlib
import json
import os
import pathlib
import re
import signal
import subprocess
import time

import numpy as np

from figures import Figures
from network_world import make_scan
from phases import rank_process
from programs import BIN, ROOT, Server, client, events, job_name, messages, processes, scratch_folder, wait_until
from scans import read_volume

JOB = ["--algorithm", "bb", "--iterations", 40, "--lower", 0, "--preview-every", -1]


class Jobs:
    def __init__(self, server, scan, folder):
        self.server, self.scan, self.folder = server, scan, folder

    def submit(self, every):
        return job_name(client("submit", self.scan, *JOB, "--checkpoint-every", every, server=self.server).stdout)

    def state(self, job):
        listed = client("list", "--json", server=self.server).stdout
        return next(j for j in map(json.loads, filter(lambda line: line.startswith("{"), listed.splitlines())) if j["name"] == job)

    def result(self, job):
        log = events(self.server, job)
        client("fetch", job, "-o", self.folder / "volume.h5", server=self.server)
        return read_volume(self.folder / "volume.h5")[0], log

    def wait_for_iteration(self, job, least):
        return wait_until(lambda: self.state(job).get("lastIteration", {}).get("iteration", 0) >= least, f"{job} iterates")


def resumed_from(log):
    return [event["checkpoint"].get("iteration", 0) for event in log if event.get("checkpoint", {}).get("kind") == "RESUMED"]


@contextlib.contextmanager
def pools(server):
    """deploy/pool.sh, started again and again, as systemd does."""
    environment = dict(os.environ, TOMOSLAB_SERVER=server.address, TOMOSLAB_POOL="remote", TOMOSLAB_RANKS="2", TOMOSLAB_THREADS="1",
                       TOMOSLAB_DEVICE="cpu", TOMOSLAB_MEMORY_MB="500")
    again = f"while :; do {ROOT}/deploy/pool.sh {BIN}/tomoslab-worker; echo \"pool ended with $?\"; sleep 0.2; done"
    with open(server.folder / "pool.log", "ab") as log:
        launcher = subprocess.Popen(["bash", "-c", again], env=environment, stdout=log, stderr=log, start_new_session=True)
    try:
        yield
    finally:
        os.killpg(launcher.pid, signal.SIGKILL)
        launcher.wait()


def pool_script(server):
    return next(pid for pid, command in processes() if len(command) > 2 and command[1].endswith("deploy/pool.sh") and
                f"TOMOSLAB_SERVER={server.address}".encode() in pathlib.Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"))


def told_to_end(jobs, figures, whom, find):
    name = f"SIGTERM to {whom}"
    expected, _ = jobs.result(jobs.submit(-1))
    job = jobs.submit(3600)  # no checkpoint is due
    jobs.wait_for_iteration(job, 5)
    begun = time.monotonic()
    os.kill(find(jobs.server), signal.SIGTERM)
    wait_until(lambda: jobs.state(job)["attempts"] > 1, "the next pool has the job")
    seconds = time.monotonic() - begun
    result, log = jobs.result(job)
    figures.at_most(f"{name}: seconds until the next pool has the job", round(seconds, 1), 30)
    figures.holds(f"{name}: goes on from a checkpoint", resumed_from(log), bool(resumed_from(log)) and resumed_from(log)[0] >= 5)
    figures.at_most(f"{name}: voxels that differ from the undisturbed run", int(np.count_nonzero(result != expected)), 0)
    warned = [text for severity, text in messages(log) if severity == "WARNING"]
    figures.holds(f"{name}: no attempt was lost", warned, not warned)


def memory_without_copies(scan):
    """MiB per rank with which the job fits, but no copy of its state does."""
    for megabytes in range(40, 400):
        done = client("plan", scan, *JOB, "--ranks", 2, "--memory-mb-per-rank", megabytes, expect=None)
        if done.returncode == 0 and re.search("waits while a checkpoint", done.stdout):
            return megabytes
    raise AssertionError("no limit leaves no memory for a copy")


def without_copies(folder, scan, figures):
    with Server(folder, "--memory-mb-per-rank", memory_without_copies(scan), ranks=2, threads=1) as server:
        jobs = Jobs(server, scan, folder)
        expected, _ = jobs.result(jobs.submit(-1))
        job = jobs.submit(0.05)
        wait_until(lambda: jobs.state(job).get("checkpoint", {}).get("iteration", 0) >= 3, "there is a checkpoint")
        os.kill(rank_process(server, 1), signal.SIGKILL)
        result, log = jobs.result(job)
        name = "no memory for a copy, a rank is killed"
        figures.holds(f"{name}: goes on from a checkpoint", resumed_from(log), bool(resumed_from(log)) and resumed_from(log)[0] >= 3)
        figures.at_most(f"{name}: voxels that differ from the undisturbed run", int(np.count_nonzero(result != expected)), 0)


def main():
    figures = Figures("Pools that are told to end, and checkpoints without a copy")
    with scratch_folder() as folder:
        scan = make_scan(folder / "scan.h5", 120, 32, 160)
        with Server(folder / "server", ranks=2, threads=1) as server:
            told_to_end(Jobs(server, scan, folder), figures, "rank 0", lambda s: rank_process(s, 0))
        with Server(folder / "remote", "--no-local-pool") as server, pools(server):
            told_to_end(Jobs(server, scan, folder), figures, "deploy/pool.sh", pool_script)
            ended = (server.folder / "pool.log").read_text(errors="replace").count("pool ended with 0")
            figures.holds("SIGTERM to deploy/pool.sh: ends with 0", ended, ended == 1)
        without_copies(folder / "direct", scan, figures)
    figures.finish()


if __name__ == "__main__":
    main()
