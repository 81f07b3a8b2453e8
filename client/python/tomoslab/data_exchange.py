"""Data Exchange HDF5 files (docs/use.md, Scan files): /exchange/data with its flats, darks and angles; geometry from /geometry."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from tomoslab.errors import InvalidArgument
from tomoslab.geometry import Beam, CircularGeometry, Detector, Geometry, VectorGeometry

_MM = {"mm": 1.0, "millimeter": 1.0, "millimetre": 1.0, "m": 1e3, "meter": 1e3, "metre": 1e3, "cm": 10.0, "um": 1e-3, "µm": 1e-3, "μm": 1e-3,
       "micron": 1e-3, "microns": 1e-3, "micrometer": 1e-3, "nm": 1e-6}
_SHIFTS = {"detector_shift_u": "detector_shift_u_mm", "detector_shift_v": "detector_shift_v_mm",
           "rotation_axis_offset": "rotation_axis_offset_mm"}


@dataclass(frozen=True)
class DataExchange:
    """An open file's scan. projections, flats, darks: data sets [frame][row][column], read when they are sliced; None: none, or not needed.
    after_views: for each flat and dark, how many views had been taken before it; empty: all before the scan."""

    title: str
    geometry: Geometry
    quantity: str
    projections: Any
    flats: Any = None
    darks: Any = None
    flat_after_views: list[int] = field(default_factory=list)
    dark_after_views: list[int] = field(default_factory=list)


class _Repeated:
    """The views of a data set without its last one, which repeats the first."""

    def __init__(self, dataset: Any) -> None:
        self._dataset = dataset
        self.shape = (dataset.shape[0] - 1, *dataset.shape[1:])
        self.dtype = dataset.dtype

    def __len__(self) -> int:
        return int(self.shape[0])

    def __getitem__(self, key: Any) -> Any:
        return self._dataset[key]


@contextmanager
def open_data_exchange(path: str | pathlib.Path, geometry: Geometry | None, quantity: str | None) -> Iterator[DataExchange]:
    """geometry, quantity: instead of what the file says. What is not understood is refused and never guessed: sinograms, angles that do not fit
    the views, /exchange/data_shift_x. `tomoslab submit` reads more kinds of files."""
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise InvalidArgument(f"{path}: is not an HDF5 file that can be read: {error}") from None
    with file:
        yield _read(file, str(path), geometry, quantity)


def _read(file: Any, path: str, geometry: Geometry | None, quantity: str | None) -> DataExchange:
    data = _frames(file, path, "/exchange/data")
    if data is None:
        raise InvalidArgument(f"{path}, /exchange/data: is missing; this is no Data Exchange file (tomoslab submit reads NXtomo too)")
    if "/exchange/data_shift_x" in file or "/exchange/data_shift_y" in file:
        raise InvalidArgument(f"{path}: holds a shift per view (/exchange/data_shift_x, _y), which is not applied; move the views first")
    flats, darks = _frames(file, path, "/exchange/data_white"), _frames(file, path, "/exchange/data_dark")
    quantity = quantity or _text(data.attrs.get("kind")) or ("counts" if flats is not None else "")
    if not quantity:
        raise InvalidArgument(f"{path}, /exchange/data: nothing says whether these are counts, transmission or line integrals (no attribute "
                              "'kind', no flats); give quantity=")
    views, rows, columns = data.shape
    if quantity != "counts":
        flats = darks = None
    if geometry is None:
        geometry = _geometry(file, path, (views, rows, columns))
    frames = data if geometry.view_count == views else _Repeated(data)
    log = _frame_log(file)
    after = [_after_views(log, key, frames) for key in ("/exchange/data_white", "/exchange/data_dark")]
    return DataExchange(_text(_scalar(file, "/exchange/title")), geometry, quantity.replace("-", "_"), frames, flats, darks,
                        after[0] if flats is not None else [], after[1] if darks is not None else [])


def _frames(file: Any, path: str, key: str) -> Any:
    """[frame][row][column]; None: not there. A single image counts as one frame."""
    if key not in file:
        return None
    dataset = file[key]
    axes = _text(dataset.attrs.get("axes"))
    if axes and not (axes.startswith("theta") and axes.endswith(":y:x")):
        raise InvalidArgument(f"{path}, {key}@axes: '{axes}' is not 'theta:y:x'; tomoslab submit reads sinograms")
    return dataset[()][np.newaxis] if dataset.ndim == 2 else dataset


def _geometry(file: Any, path: str, shape: tuple[int, int, int]) -> Geometry:
    if "/geometry" not in file:
        raise InvalidArgument(f"{path}: has no /geometry; give geometry= (for instance tomoslab.parallel_beam)")
    views, rows, columns = shape
    group = file["/geometry"]
    attributes = group.attrs
    unit = _length_unit(path, _text(attributes.get("length_unit")) or "mm")
    if _text(attributes.get("detector") or "flat") != "flat":
        raise InvalidArgument(f"{path}, /geometry@detector: only flat detectors are supported")
    name = _text(attributes.get("beam")) or ("cone" if "source_object" in attributes else "parallel")
    if name not in ("parallel", "fan", "cone"):
        raise InvalidArgument(f"{path}, /geometry@beam: '{name}' is none of parallel, fan, cone")
    beam: Beam = "parallel" if name == "parallel" else "cone"
    width = float(attributes.get("pixel_size", 1.0 / unit)) * unit
    detector = Detector(rows, columns, width, float(attributes.get("pixel_height", width / unit)) * unit)
    if "view_vectors" in group:
        return VectorGeometry(beam, detector, np.reshape(group["view_vectors"][()], (-1, 12)))
    values = {ours: float(attributes.get(theirs, 0)) * unit for theirs, ours in _SHIFTS.items()}
    if "center_col" in attributes:
        values["detector_shift_u_mm"] = ((columns - 1) / 2 - float(attributes["center_col"])) * width
    if "center_row" in attributes:
        values["detector_shift_v_mm"] = ((rows - 1) / 2 - float(attributes["center_row"])) * detector.height_mm
    ours = _text(attributes.get("convention")).startswith("tomoslab")
    sense = float(attributes.get("direction", 1)) * (1 if ours else -1)  # docs/geometry.md, Files of another convention
    if abs(sense) != 1:
        raise InvalidArgument(f"{path}, /geometry@direction: {abs(sense):g} is neither 1 nor -1")
    return CircularGeometry(beam, detector, tuple((sense * _angles_deg(file, path, views)).tolist()),
                            float(attributes.get("source_object", 0)) * unit, float(attributes.get("source_detector", 0)) * unit,
                            **values, detector_rotation_deg=float(attributes.get("detector_rotation_deg", 0)))


def _angles_deg(file: Any, path: str, views: int) -> npt.NDArray[np.float64]:
    """One per view; without a last one that repeats the first, full turns later."""
    if "/exchange/theta" not in file:
        raise InvalidArgument(f"{path}, /exchange/theta: is missing; give geometry=")
    theta = file["/exchange/theta"]
    angles = np.asarray(theta[()], float)
    if _text(theta.attrs.get("units")).lower().startswith("rad"):
        angles = np.rad2deg(angles)
    if angles.shape != (views,) or not np.isfinite(angles).all():
        raise InvalidArgument(f"{path}, /exchange/theta: has {angles.size} angles for {views} views, or some that are not finite; were frames "
                              "lost, or is the scan still running?")
    span = abs(angles[-1] - angles[0])
    turns = round(span / 360)
    repeats = views > 2 and turns >= 1 and abs(span - 360 * turns) < 0.01 * span / (views - 1)
    return angles[:-1] if repeats else angles


def _frame_log(file: Any) -> list[str]:
    """In which data set each frame was put, in the order of acquisition."""
    key = "/defaults/HDF5FrameLocation"
    return [_text(one) for one in file[key][()].ravel()] if key in file else []


def _after_views(log: list[str], key: str, views: Any) -> list[int]:
    before, seen = [], 0
    for location in log:
        if location == key:
            before.append(min(seen, len(views)))
        seen += location == "/exchange/data"
    return before


def _length_unit(path: str, unit: str) -> float:
    if unit.startswith("detector pixel"):
        return 1.0  # lengths and attenuation are per detector pixel
    if unit.lower() not in _MM:
        raise InvalidArgument(f"{path}, /geometry@length_unit: unknown unit of length '{unit}'")
    return _MM[unit.lower()]


def _scalar(file: Any, key: str) -> Any:
    return np.ravel(file[key][()])[0] if key in file else None


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, np.ndarray):
        value = value.ravel()[0] if value.size else ""
    return value.decode(errors="replace").rstrip("\0") if isinstance(value, bytes) else str(value)
