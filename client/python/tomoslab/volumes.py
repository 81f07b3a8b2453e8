"""Reads volumes and previews as numpy arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import grpc
import numpy as np
import numpy.typing as npt

from tomoslab.calls import Backoff, Calls
from tomoslab.checksum import checksum
from tomoslab.errors import InternalError, InvalidArgument, TomoslabError, Unavailable, is_transient
from tomoslab.v1 import job_pb2, reconstruction_pb2

Plane = Literal["axial", "coronal", "sagittal"]
PLANES: tuple[Plane, ...] = ("axial", "coronal", "sagittal")


@dataclass(frozen=True)
class Preview:
    """A kept slice of an iterate, 1/mm. image: axial [y][x] at z = index, coronal [z][x] at y, sagittal [z][y] at x."""

    image: npt.NDArray[np.float32]
    plane: Plane
    index: int
    iteration: int


def make_content(labels: bool, energy_kev: float | None, material: str | None) -> job_pb2.VolumeContent:
    """What to read of a volume; at most one of the three."""
    if labels + (energy_kev is not None) + (material is not None) > 1:
        raise InvalidArgument("labels, energy_kev and material exclude one another")
    content = job_pb2.VolumeContent()
    if labels:
        content.labels = True
    elif energy_kev is not None:
        content.virtual_energy_kev = energy_kev
    elif material is not None:
        content.material = material
    return content


class SliceReader:
    """Reads slices [begin, end) of the job's volume of `shape` (z, y, x); goes on after a cut where it was."""

    def __init__(self, calls: Calls, job: str, shape: tuple[int, int, int], content: job_pb2.VolumeContent) -> None:
        self._calls, self._job, self._content = calls, job, content
        _, self._rows, self._columns = shape
        self._type: np.dtype[Any] = np.dtype("u1" if content.labels else "<f4")

    def read(self, begin: int, end: int) -> npt.NDArray[Any]:
        """[z][y][x]; float32, uint8 for labels."""
        lines = np.empty(((end - begin) * self._rows, self._columns), self._type)
        backoff = Backoff(self._calls.patience_seconds)
        done = 0
        while done < len(lines):
            before = done
            try:
                done = self._read_once(begin, end, lines, done)
                if done < len(lines):
                    raise InternalError(f"{self._job}: the server sent {done} lines of {len(lines)}")
            except _Cut as cut:
                done = cut.done
                if done > before:
                    backoff.progressed()
                if not is_transient(cut.error) or not backoff.wait_again():
                    raise cut.error from None
        return lines.reshape(end - begin, self._rows, self._columns)

    def _read_once(self, begin: int, end: int, lines: npt.NDArray[Any], done: int) -> int:
        """One stream, from the slice that line `done` lies in; returns the lines that are there then."""
        first_slice = begin + done // self._rows
        request = reconstruction_pb2.ReadSlicesRequest(job=self._job, first_slice=first_slice, slice_count=end - first_slice,
                                                       content=self._content)
        call = self._calls.stream("ReadSlices", request)
        try:
            for chunk in call:
                if checksum(chunk.data) != chunk.crc32c:
                    raise Unavailable("a chunk of the volume was damaged on the way")
                first = chunk.first_line - begin * self._rows
                if first > done:
                    raise InternalError(f"{self._job}: lines {done} to {first} of the volume did not come")
                block = np.frombuffer(chunk.data, self._type).reshape(chunk.line_count, self._columns)
                lines[first : first + len(block)] = block
                done = max(done, first + len(block))
        except grpc.RpcError as error:
            raise _Cut(self._calls.explained(error), done) from None
        except TomoslabError as error:
            raise _Cut(error, done) from None
        finally:
            call.cancel()
        return done


class _Cut(Exception):
    """A stream that ended early, after `done` lines."""

    def __init__(self, error: TomoslabError, done: int) -> None:
        super().__init__(str(error))
        self.error, self.done = error, done


def read_preview(calls: Calls, request: reconstruction_pb2.ReadPreviewRequest) -> Preview:
    """A kept preview; tried again while the server cannot be reached. NotFound: none of that plane, iteration and index."""
    backoff = Backoff(calls.patience_seconds)
    while True:
        try:
            return _read_preview_once(calls, request)
        except TomoslabError as error:
            if not is_transient(error) or not backoff.wait_again():
                raise


def _read_preview_once(calls: Calls, request: reconstruction_pb2.ReadPreviewRequest) -> Preview:
    ready, data = None, b""
    try:
        for chunk in calls.stream("ReadPreview", request):
            if checksum(chunk.data) != chunk.crc32c:
                raise Unavailable("a chunk of the preview was damaged on the way")
            ready = chunk.preview
            data += chunk.data
    except grpc.RpcError as error:
        raise calls.explained(error) from None
    if ready is None or len(data) != 4 * ready.rows * ready.columns:
        raise InternalError("the server sent an incomplete preview")
    return Preview(np.frombuffer(data, "<f4").reshape(ready.rows, ready.columns), PLANES[ready.plane - 1], ready.index, ready.iteration)
