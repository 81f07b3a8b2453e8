#!/usr/bin/python3
"""The server's disk fails, in other ways than by being full: reads, writes and syncs that end with EIO, a file system that has become
read-only, access denied, too many open files. An upload waits, a job is tried again or goes on without a checkpoint, messages say what to do;
what was stored stays as it was, and everything goes on once the disk works again.
"""

import contextlib
import errno
import json
import os
import signal
import subprocess
import time

import h5py
import numpy as np

from disk_full import state
from figures import Figures
from programs import BIN, ROOT, Server, client, events, scratch_folder, submit, wait_until
from scans import read_volume, write_data_exchange

SCAN = ROOT / "tests/data/tooth_dx.h5"
JOB = ["--algorithm", "bb", "--iterations", 40, "--rotation-axis", 296, "--size", "160,160,2", "--lower", 0]
OPEN, READ, WRITE, SYNC = range(4)


class Disk:
    """The server's data folder on a disk that can be told to fail (tests/support/failing_disk.cc)."""

    def __init__(self, folder):
        self._switches = folder / "switches"
        self._switches.write_bytes(bytes(4))
        self._environment = {"LD_PRELOAD": str(BIN / "tests/tomoslab_failing_disk.so"), "TOMOSLAB_FAILING_FOLDER": str(folder / "data"),
                             "TOMOSLAB_FAILING_SWITCHES": str(self._switches)}

    @contextlib.contextmanager
    def preloaded(self):
        """Processes started within have this disk."""
        os.environ.update(self._environment)
        try:
            yield
        finally:
            for name in self._environment:
                del os.environ[name]

    def set(self, kind, error):
        with open(self._switches, "r+b") as file:
            file.seek(kind)
            file.write(bytes([error]))

    @contextlib.contextmanager
    def fails(self, *kinds, error):
        for kind in kinds:
            self.set(kind, error)
        try:
            yield
        finally:
            for kind in kinds:
                self.set(kind, 0)


def stored_lines(folder, scan_id):
    with h5py.File(folder / f"data/scans/{scan_id}.h5") as file:
        return file["exchange/data"][:]


def write_scan(path, views):
    data = np.random.default_rng(views).integers(1000, 60000, (views, 64, 256), dtype=np.uint16)
    flats = np.full((2, 64, 256), 65000, np.uint16)
    write_data_exchange(path, data, np.arange(views) * 180 / views, kind="counts", flats=flats, darks=np.zeros_like(flats))
    return data


def start_upload(server, scan):
    command = [str(BIN / "tomoslab"), "submit", str(scan), "--algorithm", "fdk", "--server", server.address]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def upload(server, disk, folder, figures):
    """An upload begins while the disk fails, and waits; in the end every line is there."""
    scan = folder / "scan.h5"
    failures = [("EIO on write", (WRITE,), errno.EIO), ("EIO on sync", (SYNC,), errno.EIO), ("read-only", (OPEN,), errno.EROFS),
                ("permission denied", (OPEN,), errno.EACCES), ("too many open files", (OPEN,), errno.EMFILE)]
    for number, (name, kinds, error) in enumerate(failures, 1):
        data = write_scan(scan, 50 + number)
        with disk.fails(*kinds, error=error):
            running = start_upload(server, scan)
            time.sleep(2)
            waits = running.poll() is None
        shown, _ = running.communicate(timeout=120)
        figures.holds(f"upload, {name}: it waits, and goes on", f"waits {waits}, exit {running.returncode}", waits and running.returncode == 0)
        figures.holds(f"upload, {name}: every line is there", number, np.array_equal(stored_lines(folder, newest_scan(server)), data))
        if OPEN in kinds:  # the log of what was done can be written meanwhile
            refused = (folder / "data/audit.log").read_text()
            figures.holds(f"upload, {name}: the reason", os.strerror(error), os.strerror(error) in refused and "UNAVAILABLE" in refused)


def upload_meanwhile(server, disk, folder, figures):
    """Writes and syncs fail now and then while lines come in."""
    data = write_scan(folder / "scan.h5", 3000)
    running = start_upload(server, folder / "scan.h5")
    failed = 0
    while running.poll() is None and failed < 40:
        with disk.fails(*((WRITE,), (SYNC,), (WRITE, SYNC))[failed % 3], error=errno.EIO):
            time.sleep(0.02)
        failed += 1
        time.sleep(0.05)
    shown, _ = running.communicate(timeout=120)
    figures.holds(f"upload, writes and syncs fail {failed} times meanwhile: every line is there",
                  f"exit {running.returncode} {shown[-200:] if running.returncode else ''}",
                  running.returncode == 0 and np.array_equal(stored_lines(folder, newest_scan(server)), data))
    figures.holds("the server lives", server.alive(), server.alive())


def newest_scan(server):
    """The number of the newest job's scan."""
    listed = client("list", "--json", server=server).stdout
    jobs = [json.loads(line) for line in listed.splitlines() if line.startswith("{")]
    return max((job for job in jobs if job["name"].startswith("jobs/")), key=lambda job: int(job["name"].split("/")[1]))["spec"]["scan"].split("/")[1]


def checkpoints(server, disk, expected, figures):
    """Files cannot be made while a job runs: what ranks deliver is sent again until they can, and nothing is lost."""
    job = submit(server, SCAN, *JOB, "--checkpoint-every", 0.05)
    wait_until(lambda: state(server, job).get("checkpoint", {}).get("iteration", 0) >= 2, "a checkpoint")
    with disk.fails(OPEN, error=errno.EIO):
        wait_until(lambda: refused(server, "checkpoints/"), "a checkpoint is refused", seconds=30)
        kept = state(server, job)["checkpoint"]["iteration"]
        time.sleep(3)
        figures.holds("no checkpoint counts while its file cannot be made", kept, state(server, job)["checkpoint"]["iteration"] == kept)
    wait_until(lambda: state(server, job)["checkpoint"]["iteration"] > kept, "checkpoints are kept again", seconds=30)
    events(server, job)
    figures.holds("the job ends well, at the first attempt", state(server, job)["attempts"],
                  state(server, job)["state"] == "SUCCEEDED" and state(server, job)["attempts"] == 1)
    figures.at_most("voxels that differ from an undisturbed run", int(np.count_nonzero(expected != volume(server, job))), 0)


def refused(server, what):
    """The server's log says that a file of this kind could not be made, why, and what follows."""
    return any(what in line and "Input/output error" in line and "trying again" in line for line in server.log_text().splitlines())


def held(server, disk, expected, figures):
    """No file can be opened when a job begins: it is tried again after a while."""
    blocker = submit(server, SCAN, *JOB)
    job = submit(server, SCAN, *JOB)  # its scan is there before files cannot be opened
    wait_until(lambda: state(server, blocker).get("lastIteration", {}).get("iteration", 0) >= 1, "the job before iterates")
    with disk.fails(OPEN, error=errno.EMFILE):
        client("cancel", blocker, server=server)
        wait_until(lambda: "to be tried in" in state(server, job).get("statusMessage", ""), "the job is held", seconds=30)
        message = state(server, job)["statusMessage"]
    figures.holds("a job begins, too many open files: it waits", message[:160], "Too many open files" in message)
    events(server, job)
    figures.holds("and goes on", state(server, job)["state"], state(server, job)["state"] == "SUCCEEDED")
    figures.at_most("voxels that differ from an undisturbed run", int(np.count_nonzero(expected != volume(server, job))), 0)


def lost_while_failing(server, disk, expected, figures):
    """A pool dies while the database cannot be written: how its attempt ended is written later."""
    job = submit(server, SCAN, *JOB)
    wait_until(lambda: state(server, job).get("lastIteration", {}).get("iteration", 0) >= 2, "the job iterates")
    with disk.fails(WRITE, SYNC, error=errno.EIO):
        ranks = [pid for pid in server.worker_processes() if "mpirun" not in open(f"/proc/{pid}/comm").read()]
        os.kill(ranks[-1], signal.SIGKILL)
        time.sleep(6)
    events(server, job)
    now = state(server, job)
    figures.holds("a pool is lost while the database cannot be written", f"{now['state']}, attempts {now['attempts']}", now["state"] == "SUCCEEDED")
    figures.at_most("voxels that differ from an undisturbed run", int(np.count_nonzero(expected != volume(server, job))), 0)


def reading(server, disk, job, expected, folder, figures):
    with disk.fails(READ, error=errno.EIO):
        running = subprocess.Popen([str(BIN / "tomoslab"), "fetch", job, "-o", str(folder / "read.h5"), "--server", server.address],
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        time.sleep(2)
        waits = running.poll() is None
    shown, _ = running.communicate(timeout=60)
    same = running.returncode == 0 and np.array_equal(read_volume(folder / "read.h5")[0], expected)
    figures.holds("a volume is read, EIO: it waits and goes on", f"waits {waits}, exit {running.returncode} {shown[-120:].strip()}", waits and same)


def volume(server, job):
    path = server.folder / "volume.h5"
    client("fetch", job, "-o", path, server=server)
    return read_volume(path)[0]


def main():
    figures = Figures("A disk that fails")
    with scratch_folder() as folder:
        disk = Disk(folder)
        with disk.preloaded():
            server = Server(folder, ranks=2, threads=1).start()
        with contextlib.ExitStack() as stack:
            stack.push(server.__exit__)
            undisturbed = submit(server, SCAN, *JOB)
            events(server, undisturbed)
            expected = volume(server, undisturbed)
            reading(server, disk, undisturbed, expected, folder, figures)
            checkpoints(server, disk, expected, figures)
            held(server, disk, expected, figures)
            lost_while_failing(server, disk, expected, figures)
            figures.holds("the first volume is as it was", "", np.array_equal(volume(server, undisturbed), expected))
        with scratch_folder() as other:
            disk = Disk(other)
            with disk.preloaded():
                server = Server(other, ranks=1, threads=1).start()
            with contextlib.ExitStack() as stack:
                stack.push(server.__exit__)
                upload(server, disk, other, figures)
                upload_meanwhile(server, disk, other, figures)
    figures.finish()


if __name__ == "__main__":
    main()
