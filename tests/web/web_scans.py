"""A scan for the page's tests: three balls in a cone beam, exact line integrals, small enough for quick iterations."""

import numpy as np

from scans import write_data_exchange

VIEWS, ROWS, COLUMNS, PIXEL_MM = 60, 40, 64, 0.5
SOURCE_AXIS_MM, SOURCE_DETECTOR_MM = 120.0, 180.0
BALLS = [((0, 0, 0), 8.0, 0.05), ((3, -2, 2), 3.0, 0.07), ((-3, 3, -2), 2.0, -0.05)]  # centre, radius in mm; attenuations add, 1/mm
ORBIT = ["--beam", "cone", "--sod", SOURCE_AXIS_MM, "--sdd", SOURCE_DETECTOR_MM, "--pixel", PIXEL_MM]
GEOMETRY = [*ORBIT, "--voxel", 0.5, "--size", "40,40,24"]
SLOW_GEOMETRY = [*ORBIT, "--voxel", 0.2, "--size", "100,100,60"]  # tens of iterations a second, not hundreds


def chords(source, pixels, centre, radius):
    """Lengths inside a ball along the rays from the source to each pixel."""
    direction = pixels - source
    direction /= np.linalg.norm(direction, axis=-1, keepdims=True)
    towards = np.asarray(centre, float) - source
    along = direction @ towards
    distance_squared = towards @ towards - along**2
    return 2 * np.sqrt(np.maximum(radius**2 - distance_squared, 0))


def view(angle):
    source = SOURCE_AXIS_MM * np.array([np.sin(angle), -np.cos(angle), 0])
    centre = source * (1 - SOURCE_DETECTOR_MM / SOURCE_AXIS_MM)
    u = (np.arange(COLUMNS) - (COLUMNS - 1) / 2) * PIXEL_MM
    v = (np.arange(ROWS) - (ROWS - 1) / 2) * PIXEL_MM
    pixels = centre + u[None, :, None] * np.array([np.cos(angle), np.sin(angle), 0]) + v[:, None, None] * np.array([0, 0, 1.0])
    return sum(attenuation * chords(source, pixels, ball, radius) for ball, radius, attenuation in BALLS)


def write_scan(path):
    angles = np.arange(VIEWS) * 360 / VIEWS
    data = np.stack([view(angle) for angle in np.deg2rad(angles)]).astype(np.float32)
    write_data_exchange(path, data, angles)
    return path
