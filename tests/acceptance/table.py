#!/usr/bin/python3
"""Every acceptance figure in one table: measured | required | ok.

table.py [--build FOLDER] [--without-minutes] [--only REGEX]: runs the tests labelled `acceptance` (C++ and Python alike: ctest
knows them) one after another and gathers the lines `figure | measured | required | ok` that they print. Of figures of one name (many
geometries, seeds) the worst is shown. Ends with 1 when a figure is missed or a test failed.
"""

import argparse
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
HEADER = ("figure", "measured", "required", "ok")
LINE = re.compile(r"^(?:\d+: )?\s*(\S.*?)\s+\| (\S.*?)\s+\| (\S.*?)\s+\| (ok|MISSED)\s*$")
FAILED = re.compile(r"Test +#\d+: (\S+) \.*\**(?:Failed|Timeout|Not Run|Exception|Subprocess aborted)")
START = re.compile(r"^ +Start +\d+: (\S+)")
PASSED = re.compile(r"Test +#\d+: (\S+) \.* +Passed +([\d.]+) sec")


def commands(options):
    test = ["ctest", "--test-dir", str(options.build), "-L", "acceptance", "-V"]
    if options.without_minutes:
        test += ["-LE", "minutes"]
    return test + (["-R", options.only] if options.only else [])


def worse(a, b):
    """The one of two lines of the same figure that is missed, or further from its requirement."""
    if "MISSED" in (a[3], b[3]):
        return a if a[3] == "MISSED" else b
    try:
        larger = a if float(a[1]) >= float(b[1]) else b
    except ValueError:
        return a
    return larger if not a[2].startswith(">=") else (b if larger is a else a)


def order(name):
    """A1 .. A11, B1 .. , C .. D8 in this order; what has no letter comes last."""
    identity = re.match(r"([A-D])(\d*)\b", name)
    return (0, identity[1], int(identity[2] or 0)) if identity else (1, "", 0)


def gather(lines, echo):
    """({(figure, required): line}, [tests that failed], [(test, seconds)]) of ctest's output."""
    figures, failed, passed, running = {}, [], [], ""
    for text in lines:
        if echo:
            print(text, end="", file=sys.stderr, flush=True)
        if start := START.match(text):
            running = start[1].removeprefix("acceptance_")
        if (line := LINE.match(text)) and line.groups() != HEADER:
            name, *others = line.groups()
            cells = (name if order(name)[1] else f"{running}: {name}", *others)
            key = (cells[0], cells[2])
            figures[key] = worse(figures[key], cells) if key in figures else cells
        if test := FAILED.search(text):
            failed.append(test[1])
        if test := PASSED.search(text):
            passed.append((test[1], float(test[2])))
            print(f"{test[1]}: {test[2]} s", file=sys.stderr, flush=True)
    return figures, failed, passed


def show(figures):
    rows = [HEADER, *sorted(figures, key=lambda cells: order(cells[0]))]
    widths = [max(len(row[i]) for row in rows) for i in range(4)]
    rows.insert(1, ["-" * width for width in widths])
    for row in rows:
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build", help="the build folder (default: build)")
    parser.add_argument("--without-minutes", action="store_true", help="leave out what takes minutes each")
    parser.add_argument("--only", help="tests whose name matches this")
    parser.add_argument("--verbose", action="store_true", help="also what the tests print")
    options = parser.parse_args()
    started = time.monotonic()
    with subprocess.Popen(commands(options), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as test:
        figures, failed, passed = gather(test.stdout, options.verbose)
    show(figures.values())
    missed = [cells[0] for cells in figures.values() if cells[3] != "ok"]
    print(f"\n{len(figures)} figures of {len(passed) + len(failed)} tests, {len(missed)} missed, {time.monotonic() - started:.0f} s")
    if missed or failed or not figures:
        sys.exit(f"missed: {', '.join(missed) or 'none'}; tests that failed: {', '.join(failed) or 'none'}")


if __name__ == "__main__":
    main()
