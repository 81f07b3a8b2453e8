#!/usr/bin/python3
"""A rank that never reaches MPI's start ends the pool, so that its launcher starts it again: the others would wait for it for ever."""

import os
import subprocess
import time

from programs import BIN, ROOT, scratch_folder

HANGS = """#!/bin/sh
if [ "$OMPI_COMM_WORLD_RANK" = 1 ]; then exec sleep 600; fi
exec "$TOMOSLAB_WORKER" "$@"
"""
START = 2  # seconds


def main():
    with scratch_folder() as folder:
        program = folder / "worker"
        program.write_text(HANGS)
        program.chmod(0o755)
        settings = {"TOMOSLAB_SERVER": "127.0.0.1:1", "TOMOSLAB_POOL": "slow", "TOMOSLAB_RANKS": "3", "TOMOSLAB_WORKER": str(BIN / "tomoslab-worker")}
        begun = time.monotonic()
        done = subprocess.run([ROOT / "deploy/pool.sh", program, "--start-seconds", str(START)], env=os.environ | settings,
                              capture_output=True, text=True, timeout=120)
    assert done.returncode != 0, done
    assert f"not all ranks of the pool have started within {START} s" in done.stderr, done.stderr
    assert "--start-seconds" in done.stderr, done.stderr
    print(f"ok: the pool ended after {time.monotonic() - begun:.1f} s")


if __name__ == "__main__":
    main()
