#!/usr/bin/python3
"""How long the web page waits for a slice of a finished volume, in each plane, and what the server's memory grows by meanwhile.

web_slices.py [SIDE]: of a volume of SIDE³ voxels (512)
"""

import pathlib
import statistics
import sys
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/support"), str(ROOT / "tests/web")]

from programs import Server, events, memory_mb, scratch_folder, submit  # noqa: E402
from web_scans import ORBIT, write_scan  # noqa: E402

ROUNDS = 5


def seconds_for(address, job, plane, index):
    begin = time.monotonic()
    with urllib.request.urlopen(f"http://{address}/api/{job}/slices/{plane}/{index}", timeout=300) as answer:
        size = len(answer.read())
    return time.monotonic() - begin, size


def main(side=512):
    with scratch_folder() as folder, Server(folder, "--web", "127.0.0.1:0") as server:
        job = submit(server, write_scan(folder / "balls.h5"), *ORBIT, "--voxel", 20 / side, "--size", f"{side},{side},{side}", "--algorithm", "fdk")
        events(server, job)
        before = memory_mb(server.process.pid)
        for plane in ("axial", "coronal", "sagittal"):
            times = []
            for i in range(ROUNDS):
                seconds, size = seconds_for(server.web_address, job, plane, side // 4 + i * side // 10)
                assert size == 4 * side * side, size
                times.append(seconds)
            print(f"{plane} slice of {side}³ voxels: {1000 * statistics.median(times):.1f} ms (median of {ROUNDS}, the file in the page cache)")
        print(f"memory of tomoslabd grew by {memory_mb(server.process.pid) - before:.0f} MB")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
