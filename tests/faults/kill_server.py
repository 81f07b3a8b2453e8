#!/usr/bin/python3
"""The server is killed with SIGKILL during an upload. What it had acknowledged is on disk, bit for bit; started again on the same data
folder, the client goes on by itself, into the same scan, and in the end every byte is there.
"""

import contextlib
import sqlite3
import subprocess

import h5py
import numpy as np

from programs import BIN, Server, client, job_name, scratch_folder, wait_until
from scans import write_data_exchange

VIEWS, ROWS, COLUMNS = 1000, 256, 512  # 262 MB of uint16
PROJECTION = 1  # FrameKind


def make_scan(path):
    random = np.random.default_rng(1)
    data = random.integers(1000, 60000, (VIEWS, ROWS, COLUMNS), dtype=np.uint16)
    flats = np.full((2, ROWS, COLUMNS), 65000, np.uint16)
    write_data_exchange(path, data, np.arange(VIEWS) * 0.18, kind="counts", flats=flats, darks=np.zeros_like(flats))
    return data


class DataFolder:
    """What the server keeps, read behind its back."""

    def __init__(self, server):
        self.folder = server.folder / "data"

    def _select(self, statement):
        with contextlib.closing(sqlite3.connect(f"file:{self.folder / 'tomoslab.db'}?mode=ro", uri=True)) as database:
            return database.execute(statement).fetchall()

    def acknowledged(self):
        """[begin, end) of the lines of views that are committed."""
        try:
            return self._select(f"SELECT begin, end FROM received WHERE kind = {PROJECTION} ORDER BY begin")
        except sqlite3.OperationalError:  # not laid out yet
            return []

    def scans(self):
        return self._select("SELECT COUNT(*) FROM scans")[0][0]

    def lines(self):
        """All lines of views as they are on disk."""
        (file,) = [path for path in self.folder.rglob("*.h5") if path.stat().st_size > 1000]
        with h5py.File(file) as scan:
            return scan["exchange/data"][:].reshape(VIEWS * ROWS, COLUMNS)


def main():
    with scratch_folder() as folder, Server(folder, "--no-local-pool") as server:
        data = make_scan(folder / "scan.h5").reshape(VIEWS * ROWS, COLUMNS)
        kept = DataFolder(server)
        upload = subprocess.Popen([str(BIN / "tomoslab"), "submit", str(folder / "scan.h5"), "--algorithm", "fdk",
                                   "--server", server.address],
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

        def acknowledged_count():
            return sum(end - begin for begin, end in kept.acknowledged())

        wait_until(lambda: acknowledged_count() > 0.1 * len(data), "a tenth of the scan is acknowledged")
        server.kill()
        ranges = kept.acknowledged()
        count = acknowledged_count()
        print(f"killed with {count} of {len(data)} lines acknowledged, in ranges {ranges[:5]}")
        assert count < len(data), "the upload was over before the kill; the test needs a larger scan"
        on_disk = kept.lines()
        for begin, end in ranges:
            assert np.array_equal(on_disk[begin:end], data[begin:end]), f"lines {begin} .. {end} were acknowledged but differ"

        server.restart()
        shown, _ = upload.communicate(timeout=120)
        assert upload.returncode == 0, f"submit ended with {upload.returncode}:\n{shown}"
        client("cancel", job_name(shown), server=server)
        assert kept.scans() == 1, "the client began another scan instead of going on"
        assert kept.acknowledged() == [(0, len(data))], kept.acknowledged()
        assert np.array_equal(kept.lines(), data), "the scan on disk differs from the file"
    print("ok")


if __name__ == "__main__":
    main()
