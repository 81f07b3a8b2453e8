"""Grey pictures from arrays, without an imaging library."""

import struct
import zlib

import numpy as np


def write_png(path, image, low, high):
    """image: [row][column]; low is black, high white."""
    grey = (255 * np.clip((image - low) / (high - low), 0, 1) + 0.5).astype(np.uint8)
    # Filter 1 (Sub): every byte as its difference from the one to its left.
    rows = np.diff(grey, axis=1, prepend=np.zeros((len(grey), 1), np.uint8))
    lines = b"".join(b"\1" + row.tobytes() for row in rows)
    header = struct.pack(">IIBBBBB", grey.shape[1], grey.shape[0], 8, 0, 0, 0, 0)
    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(lines, 9)) + chunk(b"IEND", b""))


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
