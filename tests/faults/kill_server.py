#!/usr/bin/python3
"""The server is killed with SIGKILL during an upload: started again on the same data folder, the client goes on where the
acknowledgements ended, nothing that was acknowledged is missing, and every byte arrives.
"""

import subprocess

import h5py
import numpy as np

from programs import BIN, Server, client, job_name, scratch_folder, wait_until
from scans import write_data_exchange

VIEWS, ROWS, COLUMNS = 600, 256, 512  # 157 MB of uint16
FLAGS = ["--algorithm", "fdk", "--beam", "parallel", "--pixel", "0.1"]


def make_scan(path):
    random = np.random.default_rng(1)
    data = random.integers(1000, 60000, (VIEWS, ROWS, COLUMNS), dtype=np.uint16)
    flats = np.full((2, ROWS, COLUMNS), 65000, np.uint16)
    write_data_exchange(path, data, np.arange(VIEWS) * 0.3, kind="counts", flats=flats, darks=np.zeros_like(flats))
    return data


def stored_bytes(server):
    """Blocks on disk of the largest HDF5 file in the server's data folder, and the file."""
    files = sorted((server.folder / "data").rglob("*.h5"), key=lambda f: f.stat().st_size)
    return files[-1] if files else None


def acknowledged_lines(server):
    """Lines that the server has committed, from its own database."""
    import sqlite3
    database = next((server.folder / "data").rglob("tomoslab.db"))
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return tables


def main():
    with scratch_folder() as folder, Server(folder, "--no-local-pool") as server:
        data = make_scan(folder / "scan.h5")
        upload = subprocess.Popen([str(BIN / "tomoslab"), "submit", str(folder / "scan.h5"), *FLAGS, "--server", server.address],
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        print(acknowledged_lines(server), stored_bytes(server))
        server.kill()
        server.restart()
        shown, _ = upload.communicate(timeout=120)
        print(shown)
        job = job_name(shown)
        client("cancel", job, server=server)


if __name__ == "__main__":
    main()
