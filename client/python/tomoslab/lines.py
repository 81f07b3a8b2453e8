"""Which lines have arrived. A line is one detector row of one frame: line = frame * rows + row, over all frames of a kind."""

from __future__ import annotations

import bisect

MAX_CHUNK_BYTES = 1 << 20


def lines_per_chunk(bytes_per_line: int) -> int:
    """As many as fit into a chunk; at least one."""
    return max(1, MAX_CHUNK_BYTES // bytes_per_line)


class LineRanges:
    """A set of lines, as half-open ranges, merged and ascending."""

    def __init__(self) -> None:
        self._ranges: list[tuple[int, int]] = []

    def add(self, begin: int, end: int) -> None:
        if begin >= end:
            return
        first = bisect.bisect_left(self._ranges, begin, key=lambda one: one[1])
        last = bisect.bisect_right(self._ranges, end, key=lambda one: one[0])
        if first < last:
            begin, end = min(begin, self._ranges[first][0]), max(end, self._ranges[last - 1][1])
        self._ranges[first:last] = [(begin, end)]

    def covers(self, begin: int, end: int) -> bool:
        """Whether all lines [begin, end) are in the set."""
        index = bisect.bisect_right(self._ranges, begin, key=lambda one: one[0]) - 1
        return begin >= end or (index >= 0 and self._ranges[index][1] >= end)

    def missing(self, total: int) -> list[tuple[int, int]]:
        """The ranges of [0, total) that are not in the set."""
        gaps, next_line = [], 0
        for begin, end in self._ranges:
            if begin > next_line:
                gaps.append((next_line, begin))
            next_line = max(next_line, end)
        if next_line < total:
            gaps.append((next_line, total))
        return gaps

    def count(self) -> int:
        return sum(end - begin for begin, end in self._ranges)
