#!/usr/bin/python3
"""A rank that is not rank 0 stops (SIGSTOP) while its job runs: no sign of life. The lease ends within 10 s, the server relaunches the pool,
and the job goes on from its checkpoint within 60 s. The same for rank 0.
"""

import json
import os
import pathlib
import signal
import time

from figures import Figures
from programs import ROOT, Server, client, events, messages, scratch_folder, submit, wait_until

SCAN = ROOT / "tests/data/tooth_dx.h5"
JOB = ["--algorithm", "sirt", "--iterations", 60, "--rotation-axis", 296, "--size", "160,160,2", "--checkpoint-every", 0.05]


def job_state(server, job):
    listed = client("list", "--json", server=server).stdout
    return next(j for j in map(json.loads, filter(lambda line: line.startswith("{"), listed.splitlines())) if j["name"] == job)


def rank_process(server, rank):
    for pid in server.worker_processes():
        environment = pathlib.Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        if b"OMPI_COMM_WORLD_RANK=%d" % rank in environment:
            return pid
    raise AssertionError(f"no process of rank {rank}")


def stop(server, figures, rank):
    job = submit(server, SCAN, *JOB)
    wait_until(lambda: job_state(server, job).get("checkpoint", {}).get("iteration", 0) >= 3, "the job has a checkpoint")
    process = rank_process(server, rank)
    begun = time.monotonic()
    os.kill(process, signal.SIGSTOP)
    wait_until(lambda: job_state(server, job)["attempts"] > 1 or job_state(server, job)["state"] == "QUEUED", "the lease ends")
    figures.at_most(f"rank {rank} stops: seconds until its lease ends", round(time.monotonic() - begun, 1), 10)
    wait_until(lambda: job_state(server, job).get("checkpoint", {}).get("kind") == "RESUMED" or job_state(server, job)["state"] == "SUCCEEDED",
               "the job goes on")
    figures.at_most(f"rank {rank} stops: seconds until the job goes on", round(time.monotonic() - begun, 1), 60)
    log = events(server, job)
    says = [text for severity, text in messages(log) if severity == "WARNING" and "sign of life" in text]
    figures.holds(f"rank {rank} stops: the log says so", says[:1], bool(says))
    figures.holds(f"rank {rank} stops: the job ends well", log[-1], job_state(server, job)["state"] == "SUCCEEDED")
    figures.holds(f"rank {rank} stops: its process is gone", process, not pathlib.Path(f"/proc/{process}").exists())


def main():
    figures = Figures("Ranks that hang")
    with scratch_folder() as folder, Server(folder, ranks=2, threads=1) as server:
        for rank in (1, 0):
            stop(server, figures, rank)
    figures.finish()


if __name__ == "__main__":
    main()
