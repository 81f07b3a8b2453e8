#!/usr/bin/python3
"""Sends frames while they are measured, and goes on after an interruption: run it again with the scan's name that it printed.

stream_frames.py [scans/ID]        Needs a server (TOMOSLAB_SERVER, or one on this machine).
"""

import sys
import time

import numpy as np

import tomoslab

ROWS, COLUMNS, VIEWS, I0 = 16, 64, 90, 20_000
geometry = tomoslab.parallel_beam(tomoslab.Detector(ROWS, COLUMNS, pixel_width_mm=0.2), np.arange(VIEWS) * 180 / VIEWS)


def measure(view):
    """Stands for the detector: counts [row][column] behind a cylinder of 4 mm radius."""
    time.sleep(0.01)
    across_mm = (np.arange(COLUMNS) - (COLUMNS - 1) / 2) * 0.2
    transmission = np.exp(-0.1 * 2 * np.sqrt(np.maximum(0, 4**2 - across_mm**2)))
    return np.random.default_rng(view).poisson(I0 * np.tile(transmission, (ROWS, 1))).astype(np.uint16)


with tomoslab.Client() as client:
    if len(sys.argv) > 1:
        scan = client.scan(sys.argv[1])
    else:
        scan = client.create_scan(geometry, np.uint16, "counts", reference_counts=I0, name="measured just now")
        print(scan.name, flush=True)
    job = client.submit(scan, "fdk", window="hann")  # starts by itself when the last frame has arrived
    missing = scan.missing_views()
    if missing:
        scan.upload_frames((measure(view) for view in range(missing[0], VIEWS)), first_view=missing[0])
    middle = job.wait().slices(z=ROWS // 2)  # [y][x]
    center = middle[24:40, 24:40]
    print(f"{job.name}: {center.mean():.3f} 1/mm inside, noise {center.std():.3f}")
