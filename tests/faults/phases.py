#!/usr/bin/python3
"""Every rank of a pool is killed in every phase of a job: while the pool is idle, while it loads, while it iterates, while a checkpoint is
being written, while slices are delivered. Every job comes to its end, once, with the bits of the undisturbed run. Prints a table: seconds
from the kill until the job comes further.

phases.py [--ranks N ...] (default: 2): pools of so many ranks, one after the other.
"""

import argparse
import contextlib
import os
import pathlib
import signal
import sqlite3
import time

import numpy as np

from figures import Figures
from network_world import make_scan
from programs import Server, client, events, job_name, scratch_folder, wait_until
from scans import read_volume

PHASES = ["idle", "LOADING", "RUNNING", "checkpoint", "WRITING"]
STATE_NUMBERS = {"LOADING": 2, "RUNNING": 3, "WRITING": 4}
JOB = ["--algorithm", "bb", "--iterations", 30, "--lower", 0, "--checkpoint-every", 0.05, "--preview-every", -1]
TRIES = 5  # a phase of milliseconds may be over before the kill
RESUME = 60  # seconds


class Stored:
    """What the server keeps, read behind its back, fast enough to catch a phase."""

    def __init__(self, server):
        self._data = server.folder / "data"
        self._database = sqlite3.connect(f"file:{self._data / 'tomoslab.db'}?mode=ro", uri=True, timeout=10)

    def close(self):
        self._database.close()

    def state(self, job):
        return self._database.execute("SELECT state FROM jobs WHERE id = ?", (int(job.split("/")[1]),)).fetchone()[0]

    def events(self, job):
        return self._database.execute("SELECT COUNT(*) FROM events WHERE job = ?", (int(job.split("/")[1]),)).fetchone()[0]

    def writes_checkpoint(self, job):
        """A file of a checkpoint is there that does not count yet."""
        number = job.split("/")[1]
        files = {name for name in os.listdir(self._data / "checkpoints") if name.startswith(f"{number}-") and name.endswith(".h5")}
        if not files:
            return False
        counted = {row[0] for row in self._database.execute("SELECT name FROM checkpoints WHERE job = ?", (int(number),))}
        return any(f"jobs/{number}/checkpoints/{name[:-3].split('-', 1)[1]}" not in counted for name in files)

    def reached(self, job, phase):
        if phase == "checkpoint":
            return self.writes_checkpoint(job)
        if phase == "RUNNING":
            return self.state(job) == STATE_NUMBERS[phase] and self.events(job) > 12  # it iterates
        return self.state(job) == STATE_NUMBERS[phase]


def rank_process(server, rank):
    for pid in server.worker_processes():
        with contextlib.suppress(OSError):
            if b"OMPI_COMM_WORLD_RANK=%d" % rank in pathlib.Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
                return pid
    raise AssertionError(f"no process of rank {rank}")


class Pool:
    def __init__(self, server, scan, folder):
        self.server, self.scan, self.folder = server, scan, folder
        self.stored = Stored(server)

    def submit(self):
        return job_name(client("submit", self.scan, *JOB, server=self.server).stdout)

    def result(self, job):
        log = events(self.server, job, timeout=RESUME + 60)
        client("fetch", job, "-o", self.folder / "volume.h5", server=self.server)
        states = [event["stateChange"]["state"] for event in log if "stateChange" in event]
        return read_volume(self.folder / "volume.h5")[0], states

    def attached(self):
        """How many times a pool has attached."""
        return self.server.log_text().count(": attached with")

    def kill_idle(self, rank):
        before = self.attached()
        os.kill(rank_process(self.server, rank), signal.SIGKILL)
        begun = time.monotonic()
        wait_until(lambda: self.attached() > before, "the pool attaches again", RESUME)
        return self.submit(), time.monotonic() - begun

    def kill_in(self, phase, rank):
        """(the job, seconds until it came further)."""
        process, job = rank_process(self.server, rank), self.submit()
        while not self.stored.reached(job, phase):
            if self.stored.state(job) >= 5:
                return job, None  # missed it
        os.kill(process, signal.SIGKILL)
        begun = time.monotonic()
        wait_until(lambda: self.stored.state(job) in (1, 2) or self.stored.state(job) >= 5, "the loss is noticed", RESUME)
        wait_until(lambda: self.stored.state(job) >= 3, "the job goes on", RESUME)
        return job, time.monotonic() - begun

    def kill(self, phase, rank):
        """(seconds, states of the job, its volume); None: the phase was over before the kill each time."""
        for _ in range(TRIES):
            job, seconds = self.kill_idle(rank) if phase == "idle" else self.kill_in(phase, rank)
            volume, states = self.result(job)
            if phase == "idle" or (seconds is not None and states.count("LOADING") > 1):
                return seconds, states, volume
        return None


def every_rank_in_every_phase(folder, scan, ranks, figures):
    """The lines of the table."""
    lines = []
    with Server(folder, ranks=ranks, threads=1) as server:
        pool = Pool(server, scan, folder)
        wait_until(lambda: pool.attached() > 0, "the pool attaches")
        expected, _ = pool.result(pool.submit())
        for phase in PHASES:
            cells = []
            for rank in range(ranks):
                name = f"{ranks} ranks: rank {rank} killed, {phase}"
                killed = pool.kill(phase, rank)
                if killed is None:
                    figures.holds(f"{name}: hit", "never", False)
                    continue
                seconds, states, volume = killed
                cells.append(f"{seconds:.1f}")
                different = int(np.count_nonzero(volume != expected))
                figures.holds(f"{name}: seconds, once to the end, voxels that differ", f"{seconds:.1f}, {states[-1]}, {different}",
                              seconds <= RESUME and states.count("SUCCEEDED") == 1 and states[-1] == "SUCCEEDED" and different == 0)
            lines.append(f"| {ranks} | {phase} | {', '.join(cells)} |")
        pool.stored.close()
    return lines


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--ranks", type=int, nargs="+", default=[2])
    figures, lines = Figures("Every rank killed in every phase"), []
    with scratch_folder() as folder:
        scan = make_scan(folder / "scan.h5", 120, 32, 160)
        for ranks in parser.parse_args().ranks:
            lines += every_rank_in_every_phase(folder / str(ranks), scan, ranks, figures)
    print("| ranks | killed while | seconds until the job goes on, of rank 0, 1, … |", "| --- | --- | --- |", *lines, sep="\n")
    figures.finish()


if __name__ == "__main__":
    main()
