#!/usr/bin/python3
"""SIGKILLs at random moments of an upload / reconstruct / fetch loop: of the server, of a rank, of the client. Checks that no acknowledged
line is lost, that no job is lost or run twice to its end, and that results equal the undisturbed run's bit for bit.

chaos.py [--kills N] [--seconds S] [--seed SEED]: ends after N kills (default: 12) or S seconds (90), whichever comes first, and then with
the loop that is under way. The seed decides who dies and after how long; it is printed. Kills that hit nothing (no such process at that
moment) are not counted.
"""

import argparse
import contextlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import threading
import time

import h5py
import numpy as np

from figures import Figures
from programs import BIN, Server, client, events, job_name, scratch_folder
from scans import read_volume, write_data_exchange

VIEWS, ROWS, COLUMNS = 240, 32, 96
PROJECTION = 1  # FrameKind
ALGORITHMS = {"bb": ["--lower", 0], "cgls": [], "sirt": []}
LONGEST_HANG = 120  # seconds for one step of the loop, restarts of the server included


def make_scan(path):
    """Counts behind two rods, with noise."""
    source = np.random.default_rng(1)
    angles = np.arange(VIEWS) * 180 / VIEWS
    columns = np.arange(COLUMNS) - COLUMNS / 2
    paths = np.zeros((VIEWS, COLUMNS))
    for (x, y), radius in (((10, 5), 12), ((-15, -8), 7)):
        at = x * np.cos(np.radians(angles)) + y * np.sin(np.radians(angles))
        paths += 2 * np.sqrt(np.maximum(0, radius**2 - (columns[None, :] - at[:, None]) ** 2))
    counts = np.repeat((50000 * np.exp(-0.02 * paths))[:, None, :], ROWS, axis=1)
    counts = np.clip(source.normal(counts, 100), 1, 65000).astype(np.uint16)
    flats = np.full((2, ROWS, COLUMNS), 50000, np.uint16)
    write_data_exchange(path, counts, angles, kind="counts", flats=flats, darks=np.zeros_like(flats))
    return counts.reshape(VIEWS * ROWS, COLUMNS)


class Killer:
    """Kills somebody every now and then, from a thread of its own; starts the server again after its death."""

    def __init__(self, server, most, seed):
        self.server, self.most = server, most
        self.kills = {"server": 0, "rank": 0, "client": 0}
        self.client = None  # the process under way
        self.lost = []  # acknowledged lines that were not on disk
        self.acknowledged = lambda: None  # checks what the server keeps, while it is dead
        self._random = random.Random(seed)
        self._since_progress = 0
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def total(self):
        return sum(self.kills.values())

    def start(self):
        self._thread.start()

    def end(self):
        self._over.set()
        self._thread.join()

    def progress(self):
        """A job has come further: ranks may die again. Three losses at one iteration fail a job, and should."""
        self._since_progress = 0

    def _run(self):
        while not self._over.wait(self._random.uniform(0.3, 3.5)) and self.total() < self.most:
            kind = self._random.choices(["server", "rank", "client"], [2, 3, 2])[0]
            if getattr(self, "_kill_" + kind)():
                self.kills[kind] += 1

    def _kill_server(self):
        self.server.kill()
        self.acknowledged()
        self.server.restart()
        return True

    def _kill_rank(self):
        ranks = self.server.worker_processes()
        if not ranks or self._since_progress >= 2:
            return False
        self._since_progress += 1
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._random.choice(ranks), signal.SIGKILL)
        return True

    def _kill_client(self):
        process = self.client
        if process is None or process.poll() is not None:
            return False
        process.kill()
        return True


class Loop:
    """Upload, reconstruct, fetch: what a user does who tries again when something died."""

    def __init__(self, server, folder, killer):
        self.server, self.folder, self.killer = server, folder, killer

    def run(self, *arguments):
        """A client command, again until it ends well; its output."""
        give_up = time.monotonic() + LONGEST_HANG
        while time.monotonic() < give_up:
            command = [str(BIN / "tomoslab"), *map(str, arguments), "--server", self.server.address]
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            self.killer.client = process
            try:
                output, _ = process.communicate(timeout=LONGEST_HANG)
            except subprocess.TimeoutExpired:
                process.kill()
                raise AssertionError(f"{' '.join(command)} hangs") from None
            finally:
                self.killer.client = None
            if process.returncode == 0:
                return output
            time.sleep(0.2)
        raise AssertionError(f"{' '.join(map(str, arguments))} never ended well:\n{output[-2000:]}")

    def wait(self, job):
        """Until the job is over; its state and attempts."""
        give_up, last = time.monotonic() + LONGEST_HANG, None
        while time.monotonic() < give_up:
            listed = self.run("list", "--json")
            state = next((j for j in map(json.loads, filter(lambda line: line.startswith("{"), listed.splitlines())) if j["name"] == job), None)
            assert state is not None, f"{job} is lost"
            now = (state["state"], state.get("lastIteration", {}).get("iteration", 0))
            if now != last:
                self.killer.progress()
                give_up, last = time.monotonic() + LONGEST_HANG, now
            if state["state"] in ("SUCCEEDED", "FAILED", "CANCELLED"):
                return state
            time.sleep(0.1)
        raise AssertionError(f"{job} hangs: {last}")


def check_acknowledged(server, data, lost):
    """Every line that is committed is on disk, while nobody is there to put it there."""
    folder = server.folder / "data"
    with contextlib.closing(sqlite3.connect(f"file:{folder / 'tomoslab.db'}?mode=ro", uri=True)) as database:
        rows = database.execute("SELECT scan, begin, end FROM received WHERE kind = ?", (PROJECTION,)).fetchall()
    for scan, begin, end in rows:
        with h5py.File(folder / f"scans/{scan}.h5") as file:
            lines = file["exchange/data"][:].reshape(VIEWS * ROWS, COLUMNS)[begin:end]
        if not np.array_equal(lines, data[begin:end]):
            lost.append((scan, begin, end))


def successes(server, job):
    """How often the job came to its end, by its log."""
    return sum(event.get("stateChange", {}).get("state") == "SUCCEEDED" for event in events(server, job))


def submit_flags(algorithm, seconds):
    return ["--algorithm", algorithm, *ALGORITHMS[algorithm], "--iterations", 150, "--checkpoint-every", seconds, "--preview-every", 20]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=12)
    parser.add_argument("--seconds", type=float, default=90)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    figures = Figures(f"SIGKILLs at random, seed {options.seed}")
    with scratch_folder() as folder, Server(folder, ranks=2, threads=1) as server:
        data = make_scan(folder / "scan.h5")
        expected = {}
        for algorithm in ALGORITHMS:
            job = job_name(client("submit", folder / "scan.h5", *submit_flags(algorithm, -1), server=server).stdout)
            client("watch", job, server=server)
            client("fetch", job, "-o", folder / "expected.h5", server=server)
            expected[algorithm] = read_volume(folder / "expected.h5")[0]

        killer = Killer(server, options.kills, options.seed)
        killer.acknowledged = lambda: check_acknowledged(server, data, killer.lost)
        loop = Loop(server, folder, killer)
        begun, jobs, different, unfinished, done = time.monotonic(), 0, 0, [], []
        killer.start()
        while killer.total() < options.kills and time.monotonic() - begun < options.seconds:
            algorithm = list(ALGORITHMS)[jobs % len(ALGORITHMS)]
            job = job_name(loop.run("submit", folder / "scan.h5", *submit_flags(algorithm, 0.1)))
            state = loop.wait(job)
            if state["state"] != "SUCCEEDED":
                unfinished.append((job, state.get("statusMessage")))
            else:
                done.append(job)
                volume = folder / "volume.h5"
                volume.unlink(missing_ok=True)
                loop.run("fetch", job, "-o", volume)
                different += int(np.count_nonzero(read_volume(volume)[0] != expected[algorithm]))
            jobs += 1
        killer.end()
        check_acknowledged(server, data, killer.lost)
        twice = [job for job in done if successes(server, job) != 1]
        figures.holds("kills", f"{killer.total()}: {killer.kills}", killer.total() > 0)
        figures.holds("loops", jobs, jobs > 0)
        figures.at_most("acknowledged lines lost", len(killer.lost), 0)
        figures.at_most("jobs lost or failed", len(unfinished), 0)
        figures.at_most("jobs that did not come to their end exactly once", len(twice), 0)
        figures.at_most("voxels that differ from the undisturbed run", different, 0)
        if unfinished:
            print(unfinished)
    figures.finish()


if __name__ == "__main__":
    main()
