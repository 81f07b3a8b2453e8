"""Slices as grey pictures, without an imaging library; notebooks show them by themselves."""

from __future__ import annotations

import pathlib
import struct
import zlib

import numpy as np
import numpy.typing as npt

from tomoslab.errors import InvalidArgument


class Picture:
    """image: [row][column], row 0 on top. low is black and high white; None: the image's least and greatest value. scale: each pixel becomes
    scale x scale."""

    def __init__(self, image: npt.ArrayLike, low: float | None = None, high: float | None = None, scale: int = 1) -> None:
        pixels = np.asarray(image, float)
        if pixels.ndim != 2 or pixels.size == 0 or scale < 1:
            raise InvalidArgument(f"the image has the shape {pixels.shape} and scale = {scale}; it must be [row][column] and at least 1")
        self.low = float(np.nanmin(pixels)) if low is None else low
        self.high = float(np.nanmax(pixels)) if high is None else high
        share = (pixels - self.low) / (self.high - self.low) if self.high > self.low else np.zeros_like(pixels)
        grey = (255 * np.clip(np.nan_to_num(share), 0, 1) + 0.5).astype(np.uint8)
        self._grey = grey.repeat(scale, axis=0).repeat(scale, axis=1)

    def png(self) -> bytes:
        """The picture as a PNG file's bytes."""
        rows, columns = self._grey.shape
        header = struct.pack(">IIBBBBB", columns, rows, 8, 0, 0, 0, 0)
        lines = b"".join(b"\0" + row.tobytes() for row in self._grey)
        return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(lines, 9)) + _chunk(b"IEND", b"")

    def save(self, path: str | pathlib.Path) -> None:
        pathlib.Path(path).write_bytes(self.png())

    def _repr_png_(self) -> bytes:
        return self.png()


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
