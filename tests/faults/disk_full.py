#!/usr/bin/python3
"""The disk fills up: a small tmpfs where one can be mounted, else a limit on the size of the server's files. An upload, a checkpoint and a
result meet it. What was stored stays, messages carry figures, a checkpoint that cannot be written costs the job nothing, and everything
goes on once there is space.
"""

import contextlib
import json
import re
import subprocess

import h5py
import numpy as np

from figures import Figures
from programs import ROOT, Server, client, events, messages, scratch_folder, submit, wait_until
from scans import write_data_exchange

SCAN = ROOT / "tests/data/tooth_dx.h5"
MIB = 1 << 20
JOB = ["--algorithm", "bb", "--iterations", 30, "--rotation-axis", 296, "--size", "160,160,2", "--lower", 0]


@contextlib.contextmanager
def small_disk(folder, size_mb):
    """A tmpfs at `folder`; yields whether there is one."""
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size_mb}m", "tmpfs", folder], capture_output=True).returncode == 0
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "-l", folder], check=True)


def free_mb(folder):
    out = subprocess.run(["df", "--output=avail", "-BK", folder], capture_output=True, text=True, check=True).stdout
    return int(re.findall(r"(\d+)K", out)[0]) / 1024


def fill(folder, leave_mb):
    """A file that leaves so much space."""
    ballast = folder / "ballast"
    with open(ballast, "wb") as file:
        file.write(bytes(int((free_mb(folder) - leave_mb) * MIB)))
    return ballast


def write_scan(path, views):
    data = np.random.default_rng(1).integers(1000, 60000, (views, 64, 256), dtype=np.uint16)
    flats = np.full((2, 64, 256), 65000, np.uint16)
    write_data_exchange(path, data, np.arange(views) * 180 / views, kind="counts", flats=flats, darks=np.zeros_like(flats))


def upload(server, folder, disk, figures):
    """A scan that does not fit is refused with figures; it goes in once there is space, and what was there stays."""
    small, large = folder / "small.h5", folder / "large.h5"
    write_scan(small, 20)
    write_scan(large, 1000)
    client("submit", small, "--algorithm", "fdk", server=server)
    ballast = fill(disk, leave_mb=66 + 20)
    refused = client("submit", large, "--algorithm", "fdk", server=server, expect=None)
    figures.holds("an upload on a full disk is refused with figures", refused.stderr.strip()[-160:],
                  refused.returncode != 0 and re.search(r"needs [\d.]+ GiB .* [\d.]+ GiB are free", refused.stderr))
    ballast.unlink()
    done = client("submit", large, "--algorithm", "fdk", server=server, expect=None)
    figures.holds("the same upload once there is space", done.returncode, done.returncode == 0)


def state(server, job):
    listed = client("list", "--json", server=server).stdout
    return next(j for j in map(json.loads, filter(lambda line: line.startswith("{"), listed.splitlines())) if j["name"] == job)


def checkpoint(server, folder, disk, figures):
    expected = submit(server, SCAN, *JOB, "--checkpoint-every", -1)
    events(server, expected)
    job = submit(server, SCAN, *JOB, "--checkpoint-every", 0.05)
    wait_until(lambda: state(server, job).get("checkpoint", {}).get("iteration", 0) >= 2, "a checkpoint")
    ballast = fill(disk, leave_mb=64)
    wait_until(lambda: "was not kept" in server.log_text(), "a checkpoint fails")
    failed_at = state(server, job).get("checkpoint", {}).get("iteration", 0)
    ballast.unlink()
    log = events(server, job)
    warned = [text for severity, text in messages(log) if severity == "WARNING" and "was not kept" in text]
    figures.holds("a checkpoint on a full disk: a warning with figures", warned[:1], bool(warned) and "GiB are free" in warned[0])
    figures.holds("the job goes on and ends well", state(server, job)["attempts"], state(server, job)["state"] == "SUCCEEDED")
    last = max(event["checkpoint"].get("iteration", 0) for event in log if "checkpoint" in event)
    figures.holds("checkpoints are kept again once there is space", f"{failed_at} then {last}", last > failed_at)
    volumes = []
    for name in (expected, job):
        client("fetch", name, "-o", folder / "volume.h5", server=server)
        with h5py.File(folder / "volume.h5") as file:
            volumes.append(file["exchange/data"][:])
    figures.at_most("voxels that differ from an undisturbed run", int(np.count_nonzero(volumes[0] != volumes[1])), 0)


def result(server, disk, figures):
    ballast = fill(disk, leave_mb=64)
    refused = client("submit", SCAN, *JOB, server=server, expect=None)
    text = refused.stderr
    if refused.returncode == 0:  # the scan was there; the volume is laid out when a pool takes the job
        text = " ".join(event.get("stateChange", {}).get("reason", "") for event in events(server, f"jobs/{refused.stdout.split('jobs/')[1].split()[0]}", expect=None))
    figures.holds("a volume that does not fit: figures", text.strip()[-160:], re.search(r"needs [\d.]+ GiB .* [\d.]+ GiB are free", text))
    ballast.unlink()
    job = submit(server, SCAN, *JOB)
    events(server, job)
    figures.holds("the same job once there is space", state(server, job)["state"], state(server, job)["state"] == "SUCCEEDED")


def main():
    figures = Figures("A full disk")
    with scratch_folder() as folder, small_disk(folder / "disk", 256) as mounted:
        if not mounted:
            print("skipped: no tmpfs can be mounted here")
            return
        with Server(folder / "disk", ranks=2, threads=1) as server:
            upload(server, folder, folder / "disk", figures)
            checkpoint(server, folder, folder / "disk", figures)
            result(server, folder / "disk", figures)
    figures.finish()


if __name__ == "__main__":
    main()
