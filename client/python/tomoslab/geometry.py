"""Geometry of scans and volumes, in the server's frame (docs/geometry.md): right-handed, lengths in mm, angles in degrees, the rotation
axis is z. At angle t the source of a circular scan stands at SOD (sin t, -cos t, 0), the detector's columns run along
u = (cos t, sin t, 0) and its rows along +z. Projections are [view][row][column], volumes [z][y][x]."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

from tomoslab.errors import InvalidArgument
from tomoslab.v1 import geometry_pb2

Beam = Literal["parallel", "cone"]
Vectors = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Detector:
    """A flat detector; pixel pitch in mm along its columns and rows (None: square pixels)."""

    rows: int
    columns: int
    pixel_width_mm: float
    pixel_height_mm: float | None = None

    @property
    def height_mm(self) -> float:
        """Pitch along the rows."""
        return self.pixel_width_mm if self.pixel_height_mm is None else self.pixel_height_mm

    def to_proto(self) -> geometry_pb2.Detector:
        return geometry_pb2.Detector(rows=self.rows, columns=self.columns, pixel_width_mm=self.pixel_width_mm,
                                     pixel_height_mm=self.pixel_height_mm or 0)


@dataclass(frozen=True)
class CircularGeometry:
    """Source and detector on a circle around z; made by cone_beam, fan_beam and parallel_beam. Distances are ignored for parallel beams."""

    beam: Beam
    detector: Detector
    angles_deg: tuple[float, ...]
    source_object_mm: float = 0
    source_detector_mm: float = 0
    detector_shift_u_mm: float = 0
    detector_shift_v_mm: float = 0
    rotation_axis_offset_mm: float = 0
    detector_rotation_deg: float = 0

    @property
    def view_count(self) -> int:
        return len(self.angles_deg)

    def vectors(self) -> Vectors:
        """The same views as rows of ASTRA's cone_vec or parallel3d_vec, [view][12]; as worker/geometry's MakeCircularScan and ToAstra."""
        angle = np.deg2rad(np.asarray(self.angles_deg, float))
        zero = np.zeros_like(angle)
        u = np.stack([np.cos(angle), np.sin(angle), zero], axis=1)
        toward_source = np.stack([np.sin(angle), -np.cos(angle), zero], axis=1)
        v = np.array([0.0, 0.0, 1.0])
        cone = self.beam == "cone"
        behind_mm = self.source_detector_mm - self.source_object_mm if cone else 0.0
        source = self.source_object_mm * toward_source - self.rotation_axis_offset_mm * u if cone else toward_source
        center = -behind_mm * toward_source + (self.detector_shift_u_mm - self.rotation_axis_offset_mm) * u + self.detector_shift_v_mm * v
        rotation = np.deg2rad(self.detector_rotation_deg)
        column_step = self.detector.pixel_width_mm * (np.cos(rotation) * u + np.sin(rotation) * v)
        row_step = self.detector.height_mm * (np.cos(rotation) * v - np.sin(rotation) * u)
        return np.concatenate([source if cone else -source, center, column_step, row_step], axis=1)

    def to_vectors(self) -> VectorGeometry:
        """The same scan, view by view."""
        return VectorGeometry(self.beam, self.detector, self.vectors())

    def to_proto(self) -> geometry_pb2.ScanGeometry:
        orbit = geometry_pb2.CircularOrbit(
            beam=_beam_to_proto(self.beam), source_object_distance_mm=self.source_object_mm,
            source_detector_distance_mm=self.source_detector_mm, angle_deg=self.angles_deg,
            detector_shift_u_mm=self.detector_shift_u_mm, detector_shift_v_mm=self.detector_shift_v_mm,
            rotation_axis_offset_mm=self.rotation_axis_offset_mm, detector_rotation_deg=self.detector_rotation_deg)
        return geometry_pb2.ScanGeometry(detector=self.detector.to_proto(), circular=orbit)


@dataclass(frozen=True)
class VectorGeometry:
    """One source and detector per view. `views`: [view][12] as ASTRA's cone_vec or parallel3d_vec: source (parallel: ray direction),
    detector's centre, step from column to column, step from row to row; mm."""

    beam: Beam
    detector: Detector
    views: Vectors = field(repr=False, compare=False)

    def __post_init__(self) -> None:
        vectors = np.array(self.views, float)
        if vectors.ndim != 2 or vectors.shape[1] != 12 or len(vectors) == 0:
            raise InvalidArgument(f"views has the shape {vectors.shape}; it must be [view][12]")
        vectors.setflags(write=False)
        object.__setattr__(self, "views", vectors)

    @property
    def view_count(self) -> int:
        return len(self.views)

    def vectors(self) -> Vectors:
        """[view][12]"""
        return self.views

    def to_proto(self) -> geometry_pb2.ScanGeometry:
        vectors = geometry_pb2.ViewVectors(beam=_beam_to_proto(self.beam), value=self.views.ravel())
        return geometry_pb2.ScanGeometry(detector=self.detector.to_proto(), vectors=vectors)


Geometry = CircularGeometry | VectorGeometry


@dataclass(frozen=True)
class Shifts:
    """Where the detector and the axis are off the ideal circle, mm and degrees (docs/geometry.md). u: the detector's centre from the foot of
    the ray through the axis, along the columns; v: along the rows. axis: the rotation axis from the line source to detector's centre."""

    u_mm: float = 0
    v_mm: float = 0
    axis_mm: float = 0
    rotation_deg: float = 0


def cone_beam(detector: Detector, angles_deg: npt.ArrayLike, source_object_mm: float, source_detector_mm: float,
              shifts: Shifts = Shifts()) -> CircularGeometry:
    """A circular cone-beam scan: distances from the source to the axis and to the detector's plane."""
    return CircularGeometry("cone", detector, _angles(angles_deg), source_object_mm, source_detector_mm,
                            shifts.u_mm, shifts.v_mm, shifts.axis_mm, shifts.rotation_deg)


def fan_beam(columns: int, pixel_mm: float, angles_deg: npt.ArrayLike, source_object_mm: float, source_detector_mm: float,
             shifts: Shifts = Shifts()) -> CircularGeometry:
    """A fan-beam scan: a cone beam whose detector has one row. Projections are [view][1][column]."""
    return cone_beam(Detector(1, columns, pixel_mm), angles_deg, source_object_mm, source_detector_mm, shifts)


def parallel_beam(detector: Detector, angles_deg: npt.ArrayLike, shifts: Shifts = Shifts()) -> CircularGeometry:
    """A parallel-beam scan around the axis."""
    return CircularGeometry("parallel", detector, _angles(angles_deg), 0, 0,
                            shifts.u_mm, shifts.v_mm, shifts.axis_mm, shifts.rotation_deg)


@dataclass(frozen=True)
class Volume:
    """A box of voxels: shape (z, y, x), pitch in mm in x and y, and in z (None: the same); center (x, y, z) in mm."""

    shape: tuple[int, int, int]
    voxel_mm: float
    voxel_height_mm: float | None = None
    center_mm: tuple[float, float, float] = (0, 0, 0)

    def to_proto(self) -> geometry_pb2.VolumeGeometry:
        slices, rows, columns = self.shape
        x, y, z = self.center_mm
        return geometry_pb2.VolumeGeometry(columns=columns, rows=rows, slices=slices, voxel_width_mm=self.voxel_mm,
                                           voxel_height_mm=self.voxel_height_mm or 0, center_mm=geometry_pb2.Vector3(x=x, y=y, z=z))


def volume_from_proto(volume: geometry_pb2.VolumeGeometry) -> Volume:
    center = volume.center_mm
    return Volume((volume.slices, volume.rows, volume.columns), volume.voxel_width_mm, volume.voxel_height_mm or None,
                  (center.x, center.y, center.z))


def geometry_from_proto(geometry: geometry_pb2.ScanGeometry) -> Geometry:
    """What to_proto gave."""
    message = geometry.detector
    detector = Detector(message.rows, message.columns, message.pixel_width_mm, message.pixel_height_mm or None)
    if geometry.HasField("vectors"):
        vectors = np.reshape(np.array(geometry.vectors.value, float), (-1, 12))
        return VectorGeometry(_beam_from_proto(geometry.vectors.beam), detector, vectors)
    orbit = geometry.circular
    return CircularGeometry(_beam_from_proto(orbit.beam), detector, tuple(orbit.angle_deg), orbit.source_object_distance_mm,
                            orbit.source_detector_distance_mm, orbit.detector_shift_u_mm, orbit.detector_shift_v_mm,
                            orbit.rotation_axis_offset_mm, orbit.detector_rotation_deg)


def _angles(angles_deg: npt.ArrayLike) -> tuple[float, ...]:
    angles = np.atleast_1d(np.asarray(angles_deg, float))
    if angles.ndim != 1 or len(angles) == 0:
        raise InvalidArgument(f"angles_deg has the shape {angles.shape}; it must be one angle per view")
    return tuple(angles.tolist())


def _beam_to_proto(beam: Beam) -> geometry_pb2.Beam:
    if beam not in ("parallel", "cone"):
        raise InvalidArgument(f"beam = {beam!r} is neither \"parallel\" nor \"cone\" (a fan beam is a cone beam whose detector has one row)")
    return geometry_pb2.BEAM_PARALLEL if beam == "parallel" else geometry_pb2.BEAM_CONE


def _beam_from_proto(beam: geometry_pb2.Beam) -> Beam:
    return "parallel" if beam == geometry_pb2.BEAM_PARALLEL else "cone"
