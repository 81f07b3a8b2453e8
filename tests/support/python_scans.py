"""A small scan for tests of the Python package: an off-centre ball in a cone beam, by the formula of its chords."""

import numpy as np

import tomoslab

BALL_MM, CENTER_MM, PER_MM = 6.0, np.array([2.0, -1.0, 0.5]), 0.1


def ball_geometry(views=36, rows=12, columns=24):
    return tomoslab.cone_beam(tomoslab.Detector(rows, columns, 38.4 / columns), np.arange(views) * 360 / views, 120, 180)


def ball_projections(geometry):
    """Line integrals, float32 [view][row][column]."""
    vectors = geometry.vectors()
    source, center, column_step, row_step = (vectors[:, None, None, 3 * i : 3 * i + 3] for i in range(4))
    detector = geometry.detector
    rows = np.arange(detector.rows)[:, None, None] - (detector.rows - 1) / 2
    columns = np.arange(detector.columns)[None, :, None] - (detector.columns - 1) / 2
    ray = center + columns * column_step + rows * row_step - source
    ray /= np.linalg.norm(ray, axis=-1, keepdims=True)
    to_ball = CENTER_MM - source
    squared = np.sum(to_ball**2, axis=-1) - np.sum(to_ball * ray, axis=-1) ** 2  # of the ray's distance from the centre
    return (2 * PER_MM * np.sqrt(np.maximum(0, BALL_MM**2 - squared))).astype(np.float32)
