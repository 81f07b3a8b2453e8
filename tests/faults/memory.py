#!/usr/bin/python3
"""Memory while scans are uploaded: the client's is bounded however large the file, the server's does not grow with the scan."""

import os
import subprocess

import h5py
import numpy as np

from figures import Figures
from programs import BIN, Server, scratch_folder

ROWS, COLUMNS = 512, 1024
VIEW_BYTES = ROWS * COLUMNS * 2


def sparse_scan(path, megabytes):
    """A scan of uint16 zeros whose file occupies no blocks."""
    views = megabytes * 1_000_000 // VIEW_BYTES
    with h5py.File(path, "w") as file:
        layout = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        layout.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
        layout.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
        space = h5py.h5s.create_simple((views, ROWS, COLUMNS))
        file.create_group("exchange")
        h5py.h5d.create(file.id, b"/exchange/data", h5py.h5t.STD_U16LE, space, dcpl=layout)
        file["exchange/data"].attrs["kind"] = "counts"
        file["exchange/theta"] = np.arange(views) * 180.0 / views
        file["exchange/data_white"] = np.full((1, ROWS, COLUMNS), 60000, np.uint16)
        file["exchange/data_dark"] = np.zeros((1, ROWS, COLUMNS), np.uint16)


def upload_peak_mb(server, scan):
    """Peak resident memory of the client that uploads `scan`, MB."""
    process = subprocess.Popen([BIN / "tomoslab", "submit", scan, "--algorithm", "fdk", "--beam", "parallel", "--pixel", "0.1",
                                "--server", server.address], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, f"submit of {scan} ended with {process.returncode}"
    return usage.ru_maxrss / 1000


def main():
    figures = Figures("Memory during uploads")
    peaks = {}
    with scratch_folder() as folder:
        for megabytes in (64, 1024):
            scan = folder / f"{megabytes}.h5"
            sparse_scan(scan, megabytes)
            with Server(folder / f"server-{megabytes}", "--no-local-pool") as server:
                client_peak = upload_peak_mb(server, scan)
                peaks[megabytes] = server.peak_memory_mb()
            figures.at_most(f"client, {megabytes} MB scan: peak resident MB", client_peak, 200)
    figures.at_most("server: peak resident MB with 1024 MB over that with 64 MB", peaks[1024] - peaks[64], 64)
    figures.at_most("server, 1024 MB scan: peak resident MB", peaks[1024], 300)
    figures.finish()


if __name__ == "__main__":
    main()
