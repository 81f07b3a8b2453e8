"""From and to ASTRA's three-dimensional projection geometries (the dictionaries of astra.create_proj_geom). ASTRA's frame is ours; its unit
of length is whatever its user chose, often a voxel's side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from tomoslab.errors import InvalidArgument
from tomoslab.geometry import Beam, CircularGeometry, Detector, Geometry, VectorGeometry, Vectors


class Views(NamedTuple):
    """The server's normal form of views (worker/geometry/view.h), each [view][3]. source: in cone beam a position, mm; in parallel beam the
    direction towards the source. corner: centre of pixel (row 0, column 0), mm. The steps lead from pixel to pixel, mm."""

    source: Vectors
    corner: Vectors
    column_step: Vectors
    row_step: Vectors


def from_vectors(beam: Beam, vectors: Vectors, detector: Detector) -> Views:
    """The normal form of rows of ASTRA's cone_vec or parallel3d_vec, [view][12]; as FromAstra of worker/geometry/view.cc."""
    first, center, column_step, row_step = np.split(np.asarray(vectors, float), 4, axis=1)
    corner = center - (detector.columns - 1) / 2 * column_step - (detector.rows - 1) / 2 * row_step
    return Views(first if beam == "cone" else -first, corner, column_step, row_step)


def to_vectors(beam: Beam, views: Views, detector: Detector) -> Vectors:
    """Rows of ASTRA's cone_vec or parallel3d_vec, [view][12]; as ToAstra of worker/geometry/view.cc."""
    center = views.corner + (detector.rows - 1) / 2 * views.row_step + (detector.columns - 1) / 2 * views.column_step
    first = views.source if beam == "cone" else -views.source
    return np.concatenate([first, center, views.column_step, views.row_step], axis=1)


def from_astra(geometry: Mapping[str, Any], mm_per_unit: float = 1.0) -> Geometry:
    """The scan of ASTRA's "parallel3d", "parallel3d_vec", "cone" or "cone_vec". mm_per_unit: of ASTRA's lengths."""
    kind = geometry["type"]
    rows, columns = int(geometry["DetectorRowCount"]), int(geometry["DetectorColCount"])
    if kind in ("parallel3d_vec", "cone_vec"):
        vectors = np.array(geometry["Vectors"], float)
        if vectors.ndim != 2 or vectors.shape[1] != 12:
            raise InvalidArgument(f"Vectors has the shape {vectors.shape}; it must be [view][12]")
        lengths = slice(0, 12) if kind == "cone_vec" else slice(3, 12)  # a ray's direction has no unit
        vectors[:, lengths] *= mm_per_unit
        width, height = (float(np.linalg.norm(vectors[0, part])) for part in (slice(6, 9), slice(9, 12)))
        return VectorGeometry("cone" if kind == "cone_vec" else "parallel", Detector(rows, columns, width, height), vectors)
    if kind not in ("parallel3d", "cone"):
        raise InvalidArgument(f"ASTRA's geometry {kind!r} is none of parallel3d, parallel3d_vec, cone, cone_vec; for fans and slices make "
                              "one with a single detector row")
    detector = Detector(rows, columns, float(geometry["DetectorSpacingX"]) * mm_per_unit, float(geometry["DetectorSpacingY"]) * mm_per_unit)
    angles = tuple(np.rad2deg(np.asarray(geometry["ProjectionAngles"], float)).tolist())
    if kind == "parallel3d":
        return CircularGeometry("parallel", detector, angles)
    source, behind = (float(geometry[key]) * mm_per_unit for key in ("DistanceOriginSource", "DistanceOriginDetector"))
    return CircularGeometry("cone", detector, angles, source, source + behind)


def to_astra(geometry: Geometry, mm_per_unit: float = 1.0) -> dict[str, Any]:
    """ASTRA's "cone_vec" or "parallel3d_vec" of a scan; every view stands for itself, so shifts and rotations are kept."""
    vectors = geometry.vectors().copy()
    vectors[:, slice(0, 12) if geometry.beam == "cone" else slice(3, 12)] /= mm_per_unit
    return {"type": "cone_vec" if geometry.beam == "cone" else "parallel3d_vec", "DetectorRowCount": geometry.detector.rows,
            "DetectorColCount": geometry.detector.columns, "Vectors": vectors}
