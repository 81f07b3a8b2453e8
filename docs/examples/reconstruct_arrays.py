#!/usr/bin/python3
"""From numpy arrays to a volume: makes line integrals of two rods, reconstructs them by BB, and writes a slice as PNG.

Needs a server (TOMOSLAB_SERVER, or one on this machine). Argument: the picture to write, "slice.png" unless given.
"""

import sys

import numpy as np

import tomoslab

# A fan-beam scan of rods along z: centre x, y and radius in mm, attenuation in 1/mm. A rod's chord is 2 sqrt(r^2 - d^2).
RODS = [(0, 0, 9, 0.05), (3, 2, 2, 0.1)]
geometry = tomoslab.fan_beam(columns=96, pixel_mm=0.4, angles_deg=np.arange(0, 360, 4), source_object_mm=120, source_detector_mm=180)

vectors = geometry.vectors()  # [view][12]: source, detector's centre, step from column to column, step from row to row
source, center, step = vectors[:, None, 0:2], vectors[:, None, 3:5], vectors[:, None, 6:8]
ray = center + (np.arange(96)[:, None] - 95 / 2) * step - source
ray /= np.linalg.norm(ray, axis=-1, keepdims=True)
projections = np.zeros((geometry.view_count, 1, 96), np.float32)  # [view][row][column]
for x, y, radius, per_mm in RODS:
    to_rod = (x, y) - source
    distance = to_rod[..., 0] * ray[..., 1] - to_rod[..., 1] * ray[..., 0]
    projections[:, 0] += 2 * per_mm * np.sqrt(np.maximum(0, radius**2 - distance**2))

with tomoslab.Client() as client:
    scan = client.upload(projections, geometry, "line_integrals", name="two rods", progress=True)
    job = client.submit(scan, "bb", iterations=20, lower=0, volume=tomoslab.Volume(shape=(1, 80, 80), voxel_mm=0.25))
    job.wait(progress=True)
    volume = job.volume()  # [z][y][x], 1/mm

inside = volume[0, 46:50, 50:54].mean()  # at the second rod's centre
print(f"{job.name}: {volume.shape} voxels, {inside:.3f} 1/mm inside the second rod")
tomoslab.Picture(volume[0], low=0, high=0.16, scale=4).save(sys.argv[1] if len(sys.argv) > 1 else "slice.png")
