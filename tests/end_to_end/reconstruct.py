#!/usr/bin/python3
"""`tomoslab reconstruct`: a measured scan in, a volume out, with a private server and pool that leave nothing behind."""

import json
import os
import signal
import subprocess

import h5py
import numpy as np

from programs import BIN, ROOT, client, processes, scratch_folder, wait_until
from scans import read_volume

TOOTH = ROOT / "tests/data/tooth_dx.h5"
NXTOMO = ROOT / "tests/data/tooth_nxtomo.nxs"
FDK = ["--algorithm", "fdk", "--rotation-axis", 296]


def our_processes(mark):
    """Programs of this build that run with `mark` (a folder) in their temporary files' path."""
    return [pid for pid, command in processes()
            if command[0].startswith(str(BIN)) and any(mark in word for word in command) and pid != os.getpid()]


def check_formats_agree(folder):
    """The same frames as Data Exchange and as NXtomo give the same volume; so does the job as a file."""
    job = folder / "job.json"
    job.write_text(json.dumps({"algorithm": {"fdk": {}}, "preprocessing": {"rotationAxisColumn": 296}}))
    client("reconstruct", TOOTH, *FDK, "--ranks", 2, "--threads", 1, "-o", folder / "dx.h5")
    client("reconstruct", NXTOMO, "--job", job, "--ranks", 2, "--threads", 1, "-o", folder / "nx.h5")
    dx, attributes = read_volume(folder / "dx.h5")
    nx, _ = read_volume(folder / "nx.h5")
    assert dx.shape[0] == 2, dx.shape
    assert np.array_equal(dx, nx), "Data Exchange and NXtomo give different volumes"
    assert dx.dtype == np.float32 and np.isfinite(dx).all() and dx.max() > 5 * abs(np.median(dx))
    assert attributes["axes"] == "z:y:x" and attributes["units"] == "1/mm", attributes
    assert list(attributes["voxel_size_mm"]) == [1, 1, 1] and len(attributes["center_mm"]) == 3, attributes


def check_provenance(path):
    with h5py.File(path) as file:
        process = dict(file["process/tomoslab"].attrs)
    assert process["algorithm"] == "fdk" and process["ranks"] == 2, process
    spec = json.loads(process["job_spec_json"])
    assert spec["preprocessing"]["rotationAxisColumn"] == 296, spec
    assert spec["volume"]["slices"] == 2, spec


def check_series_and_pictures(folder):
    """A TIFF series and pictures of the three middle planes."""
    client("reconstruct", TOOTH, *FDK, "--ranks", 1, "-o", f"{folder}/series/", "--png", folder / "pictures")
    slices = sorted((folder / "series").glob("*.tif*"))
    assert len(slices) == 2 and all(path.stat().st_size >= 4 * 640 * 640 for path in slices), slices
    pictures = list((folder / "pictures").glob("*.png"))
    assert len(pictures) == 3 and all(path.read_bytes().startswith(b"\x89PNG") for path in pictures), pictures


def check_interrupt(folder):
    """Ctrl-C: exit code 130, and no process and no file stays."""
    private = folder / "tmp"
    private.mkdir()
    command = [BIN / "tomoslab", "reconstruct", TOOTH, "--algorithm", "sirt", "--iterations", "5000", "-o", folder / "never.h5"]
    running = subprocess.Popen(list(map(str, command)), env={**os.environ, "TMPDIR": str(private)},
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    mark = str(private)
    wait_until(lambda: len(our_processes(mark)) >= 1, "its server runs")
    ranks = wait_until(lambda: [pid for pid, command in processes() if command[0] == str(BIN / "tomoslab-worker")
                                and is_descendant(pid, running.pid)], "its ranks run")
    running.send_signal(signal.SIGINT)
    assert running.wait(timeout=30) == 130, f"ended with {running.returncode}"
    wait_until(lambda: not our_processes(mark) and not any(os.path.exists(f"/proc/{pid}") for pid in ranks), "all are gone", 20)
    assert not (folder / "never.h5").exists() and not list(private.iterdir()), list(private.iterdir())


def is_descendant(pid, ancestor):
    while pid > 1:
        if pid == ancestor:
            return True
        try:
            with open(f"/proc/{pid}/stat") as stat:
                pid = int(stat.read().rsplit(")", 1)[1].split()[1])
        except OSError:
            return False
    return False


def main():
    with scratch_folder() as folder:
        check_formats_agree(folder)
        check_provenance(folder / "dx.h5")
        check_series_and_pictures(folder)
        check_interrupt(folder)
    print("ok")


if __name__ == "__main__":
    main()
