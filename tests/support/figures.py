"""Figures of acceptance tests: collected, printed as a table, and judged together."""

import sys


class Figures:
    """measured | required | ok, one line a figure; `finish` exits with 1 if one is missed."""

    def __init__(self, title):
        self._title = title
        self._lines = []

    def at_most(self, name, measured, limit):
        self._add(name, f"{measured:.5g}", f"<= {limit:g}", measured <= limit)

    def at_least(self, name, measured, limit):
        self._add(name, f"{measured:.5g}", f">= {limit:g}", measured >= limit)

    def less_than(self, name, measured, other_name, other):
        self._add(name, f"{measured:.5g}", f"< {other_name} = {other:.5g}", measured < other)

    def holds(self, name, measured, condition):
        self._add(name, str(measured), "yes", bool(condition))

    def _add(self, name, measured, required, ok):
        # A NaN compares false with everything, so it is never ok.
        self._lines.append((name, measured, required, "ok" if ok else "MISSED"))

    def print(self):
        table = [("figure", "measured", "required", "ok"), *self._lines]
        widths = [max(len(line[i]) for line in table) for i in range(4)]
        print(f"\n{self._title}")
        for line in table:
            print("  " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths)))
        sys.stdout.flush()

    def finish(self):
        self.print()
        missed = [line[0] for line in self._lines if line[3] != "ok"]
        if missed or not self._lines:
            sys.exit(f"missed: {', '.join(missed)}" if missed else "no figures were measured")
