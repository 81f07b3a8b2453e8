#!/usr/bin/python3
"""A rank that computes for seconds without a call to the server keeps its connection: its slices arrive at the first attempt.

gRPC looks after a connection without calls only now and then (every 5 s, here every minute), so a ping of the server is not answered in
time; the server must not take such a rank for dead.
"""

import os

from programs import ROOT, Server, client, events, iterations, scratch_folder, submit

CASE = ROOT / "tests/acceptance/cases/P7_ti3d.json"
SILENCE = 6  # seconds: three times the server's interval of pings, and thrice its patience


def main():
    os.environ["GRPC_CLIENT_CHANNEL_BACKUP_POLL_INTERVAL_MS"] = "60000"  # the pool's ranks inherit it
    with scratch_folder() as folder, Server(folder, ranks=2) as server:
        client("simulate", CASE, "-o", folder / "scan.h5", "--views", 20, "--i0", 0)
        seconds, count = 0, 200
        while seconds < SILENCE:
            log = events(server, submit(server, folder / "scan.h5", "--algorithm", "sirt", "--iterations", count, "--preview-every", -1))
            states = [event["stateChange"]["state"] for event in log if "stateChange" in event]
            assert states == ["QUEUED", "LOADING", "RUNNING", "WRITING", "SUCCEEDED"], states
            seconds = iterations(log)[-1]["elapsedSeconds"]
            count = int(count * max(2, 1.3 * SILENCE / seconds))
    print(f"ok: {seconds:.1f} s")


if __name__ == "__main__":
    main()
