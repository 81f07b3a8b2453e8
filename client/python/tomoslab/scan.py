"""A scan on the server."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from tomoslab.calls import Calls
from tomoslab.errors import InvalidArgument
from tomoslab.geometry import Geometry, geometry_from_proto
from tomoslab.lines import lines_per_chunk
from tomoslab.progress import byte_bar
from tomoslab.upload import Lines, Received, Upload, received_lines
from tomoslab.v1 import reconstruction_pb2, scan_pb2

DATA_TYPES: dict[np.dtype[Any], Any] = {np.dtype(np.uint8): scan_pb2.DATA_TYPE_UINT8, np.dtype(np.uint16): scan_pb2.DATA_TYPE_UINT16,
                                        np.dtype(np.float32): scan_pb2.DATA_TYPE_FLOAT32}
# Small and needed first by whoever looks at the data: darks, flats, then the views.
_ORDER = (scan_pb2.FRAME_KIND_DARK, scan_pb2.FRAME_KIND_FLAT, scan_pb2.FRAME_KIND_PROJECTION)
# Anything that gives lines like an array: numpy's, or a data set of h5py, which is then read piece by piece.
Frames = Any
FramesByKind = Mapping[scan_pb2.FrameKind, Frames]


class Scan:
    """What was measured. `message` is what the server said last (Scan of proto/tomoslab/v1/scan.proto); refresh() asks again."""

    def __init__(self, calls: Calls, message: scan_pb2.Scan) -> None:
        self._calls = calls
        self.message = message

    def __repr__(self) -> str:
        return f"<Scan {self.name} {self.shape}{'' if self.complete else ' incomplete'}>"

    @property
    def name(self) -> str:
        """ "scans/ID" """
        return self.message.name

    @property
    def shape(self) -> tuple[int, int, int]:
        """(views, rows, columns)"""
        detector = self.message.geometry.detector
        return self.message.view_count, detector.rows, detector.columns

    @property
    def dtype(self) -> np.dtype[Any]:
        """What a pixel is sent as."""
        return next(dtype for dtype, data_type in DATA_TYPES.items() if data_type == self.message.data_type)

    @property
    def complete(self) -> bool:
        """Every line of every frame is on the server's disk, as of the last refresh."""
        return self.message.complete

    @property
    def geometry(self) -> Geometry:
        if self.message.geometry.WhichOneof("trajectory") is None or _has_no_views(self.message):
            self.refresh()  # lists come without angles and vectors
        return geometry_from_proto(self.message.geometry)

    def refresh(self) -> Scan:
        self.message = self._calls.call("GetScan", reconstruction_pb2.GetScanRequest(name=self.name))
        return self

    def delete(self) -> None:
        """Removes it. FailedPrecondition while a job that is not over uses it."""
        self._calls.call("DeleteScan", reconstruction_pb2.DeleteScanRequest(name=self.name))

    def missing_views(self) -> list[int]:
        """Indices of the views of which something has not arrived yet; asks the server."""
        received = received_lines(self.refresh().message)[scan_pb2.FRAME_KIND_PROJECTION]
        views, rows, _ = self.shape
        return [view for view in range(views) if not received.covers(view * rows, (view + 1) * rows)]

    def upload(self, projections: Frames, flats: Frames | None = None, darks: Frames | None = None, progress: bool = False) -> Scan:
        """Sends what the server lacks of the arrays [frame][row][column] (numpy's, or h5py's data sets, which are read piece by piece). Called
        again after it was cut off, it goes on there. progress: draws a bar of bytes (needs tqdm)."""
        frames = {scan_pb2.FRAME_KIND_PROJECTION: projections, scan_pb2.FRAME_KIND_FLAT: flats, scan_pb2.FRAME_KIND_DARK: darks}
        given = {kind: array for kind, array in frames.items() if array is not None}
        for kind, array in given.items():
            self._check_shape(kind, tuple(array.shape))
        received = received_lines(self.refresh().message)
        return self._send(self._missing_blocks(given, received), progress, received)

    def upload_frames(self, frames: Iterable[npt.ArrayLike], first_view: int = 0, progress: bool = False) -> Scan:
        """Sends views, [row][column] each, one after the other as they come, from index `first_view` on. Views that are there already are
        taken from `frames` and not sent again; when the iterator raises or the program ends, a later call goes on (missing_views() says
        where). At most 32 MiB wait for the server; then the iterator does."""
        received = received_lines(self.refresh().message)
        return self._send(self._frame_blocks(frames, first_view, received), progress, received)

    def _send(self, blocks: Iterator[Lines], progress: bool, received: Received) -> Scan:
        _, rows, columns = self.shape
        frames = self.message.view_count + self.message.flat_count + self.message.dark_count
        missing = frames * rows - sum(received[kind].count() for kind in _ORDER)
        with byte_bar(progress, self.name, missing * columns * self.dtype.itemsize) as on_progress:
            Upload(self._calls, self.name, on_progress).run(blocks)
        return self.refresh()

    def _missing_blocks(self, frames: FramesByKind, received: Received) -> Iterator[Lines]:
        _, rows, columns = self.shape
        step = lines_per_chunk(columns * self.dtype.itemsize)
        for kind in _ORDER:
            if kind not in frames:
                continue
            for begin, end in received[kind].missing(len(frames[kind]) * rows):
                while begin < end:
                    frame, row = divmod(begin, rows)
                    if row == 0 and rows < step and end - begin >= rows:  # several whole frames at once
                        count = min(step // rows, (end - begin) // rows)
                        block = self._convert(frames[kind][frame : frame + count]).reshape(-1, columns)
                    else:
                        block = self._convert(frames[kind][frame, row : min(rows, row + min(step, end - begin))])
                    yield kind, begin, block
                    begin += len(block)

    def _frame_blocks(self, frames: Iterable[npt.ArrayLike], first_view: int, received: Received) -> Iterator[Lines]:
        views, rows, columns = self.shape
        kind = scan_pb2.FRAME_KIND_PROJECTION
        for view, frame in enumerate(frames, first_view):
            if not 0 <= view < views:
                raise InvalidArgument(f"view {view} came; the scan has views 0 to {views - 1}")
            image = np.asarray(frame)
            if image.shape != (rows, columns):
                raise InvalidArgument(f"view {view} has the shape {image.shape}; the detector has {rows} x {columns} pixels (rows x columns)")
            if not received[kind].covers(view * rows, (view + 1) * rows):
                yield kind, view * rows, self._convert(image)

    def _convert(self, block: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """In the scan's type; another type is taken only where no number can change but by rounding to float32."""
        target = self.dtype
        if not (np.can_cast(block.dtype, target, "safe") or target == np.float32 and block.dtype.kind in "iuf"):
            raise InvalidArgument(f"the frames are {block.dtype}, the scan is {target}; create it with a type that holds them")
        return block.astype(target, copy=False)

    def _check_shape(self, kind: scan_pb2.FrameKind, shape: tuple[int, ...]) -> None:
        count = {scan_pb2.FRAME_KIND_PROJECTION: self.message.view_count, scan_pb2.FRAME_KIND_FLAT: self.message.flat_count,
                 scan_pb2.FRAME_KIND_DARK: self.message.dark_count}[kind]
        wanted = (count, *self.shape[1:])
        if shape != wanted:
            what = scan_pb2.FrameKind.Name(kind).removeprefix("FRAME_KIND_").lower()
            raise InvalidArgument(f"the array of kind {what} has the shape {shape}; the scan's is {wanted}, [frame][row][column]")


def _has_no_views(message: scan_pb2.Scan) -> bool:
    return not message.geometry.circular.angle_deg and not message.geometry.vectors.value
