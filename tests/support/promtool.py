"""Prometheus' promtool: from PATH, or unpacked from Debian's package beside the built programs; the service is not installed."""

import pathlib
import shutil
import subprocess
import tempfile

import programs

FOLDER = programs.BIN.parent / "promtool"


def promtool(*arguments, text=None):
    """Runs `promtool ARGUMENT ...` with `text` as its input; returns the completed process."""
    return subprocess.run([_program(), *map(str, arguments)], input=text, capture_output=True, text=True, timeout=120)


def _program():
    found = shutil.which("promtool")
    if found:
        return found
    program = FOLDER / "usr/bin/promtool"
    if not program.exists():
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(["apt-get", "-q", "download", "prometheus"], cwd=folder, check=True, capture_output=True, timeout=300)
            package = next(pathlib.Path(folder).glob("prometheus_*.deb"))
            unpacked = pathlib.Path(folder) / "unpacked"
            subprocess.run(["dpkg-deb", "-x", package, unpacked], check=True)
            program.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(unpacked / "usr/bin/promtool", program)
    return str(program)
