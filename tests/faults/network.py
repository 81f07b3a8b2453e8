#!/usr/bin/python3
"""Links are cut between a server, two worker hosts and a client (network namespaces, TLS and tokens, mpirun across the worker hosts) and come
back. Nothing is lost, jobs go on, and their results are those of the undisturbed run, bit for bit.

network.py [CASE ...]: server-briefly, server-long, workers, upload, watch, fetch (default: all of them). Skipped, with the reason, where no
namespaces can be made.
"""

import sys
import time

import numpy as np

from figures import Figures
from namespaces import skip_unless_possible
from network_world import NetworkWorld, json_lines, make_scan, timed
from programs import client, events, job_name, messages, scratch_folder, wait_until
from scans import read_volume

BRIEFLY, LONG = 3, 10  # seconds that a link is cut: less and more than the server waits for a rank (7 s)
LEASE = 10  # seconds after a cut until nobody holds the job
HANG = 30  # seconds that nothing may take longer than the cut
RESUME = 60  # seconds from the end of the cut until a job that was lost goes on


class Cases:
    def __init__(self, world, scan, figures):
        self.world, self.scan, self.figures = world, scan, figures
        self.expected, _ = world.result(world.submit(scan))

    def _running_job(self):
        job = self.world.submit(self.scan)
        self.world.wait_for_iteration(job, 20)
        return job

    def _cut(self, pairs, seconds):
        for one, other in pairs:
            self.world.network[one].cut(self.world.network[other])
        time.sleep(seconds)
        for one, other in pairs:
            self.world.network[one].heal(self.world.network[other])

    def _judge(self, name, job, attempts):
        result, log = self.world.result(job)
        states = [event["stateChange"]["state"] for event in log if "stateChange" in event]
        self.figures.at_most(f"{name}: attempts", self.world.state(job)["attempts"], attempts)
        self.figures.holds(f"{name}: run to the end once", states[-1], states.count("SUCCEEDED") == 1 and states[-1] == "SUCCEEDED")
        self.figures.at_most(f"{name}: voxels that differ from the undisturbed run", int(np.count_nonzero(result != self.expected)), 0)
        return log

    def _seconds_until_further(self, job, before):
        """Until the job iterates beyond what it had reached, or is over."""
        begun = time.monotonic()
        wait_until(lambda: self.world.iteration(job) > before or self.world.state(job)["state"] == "SUCCEEDED", "the job goes on", 2 * RESUME)
        return round(time.monotonic() - begun, 1)

    def server_briefly(self):
        job = self._running_job()
        self._cut([("server", "node1"), ("server", "node2")], BRIEFLY)
        seconds = self._seconds_until_further(job, self.world.iteration(job))
        self.figures.at_most(f"server and workers cut for {BRIEFLY} s: seconds until the job goes on", seconds, HANG)
        self._judge(f"server and workers cut for {BRIEFLY} s", job, attempts=1)

    def server_long(self):
        name = f"server and workers cut for {LONG} s"
        job = self._running_job()
        begun = time.monotonic()
        for node in ("node1", "node2"):
            self.world.network["server"].cut(self.world.network[node])
        wait_until(lambda: self.world.state(job)["state"] == "QUEUED", "the lease ends", HANG)
        self.figures.at_most(f"{name}: seconds until the lease ends", round(time.monotonic() - begun, 1), LEASE)
        before = self.world.iteration(job)
        time.sleep(max(0, LONG - (time.monotonic() - begun)))
        for node in ("node1", "node2"):
            self.world.network["server"].heal(self.world.network[node])
        self.figures.at_most(f"{name}: seconds after it until the job goes on", self._seconds_until_further(job, before), RESUME)
        log = self._judge(name, job, attempts=3)
        warned = [text for severity, text in messages(log) if severity == "WARNING"]
        self.figures.holds(f"{name}: the log says why", warned[:1], bool(warned))

    def workers(self):
        """MPI itself is cut: mpirun ends by its keepalive, and its launcher starts it again."""
        name = f"the two workers cut from each other for {LONG} s"
        job, ends = self._running_job(), self.world.pool_ends()
        begun = time.monotonic()
        self.world.network["node1"].cut(self.world.network["node2"])
        wait_until(lambda: self.world.pool_ends() > ends, "the pool ends", 2 * HANG)
        self.figures.at_most(f"{name}: seconds until the pool ends", round(time.monotonic() - begun, 1), LEASE)
        wait_until(lambda: self.world.state(job)["state"] == "QUEUED", "the lease ends", HANG)
        self.figures.at_most(f"{name}: seconds until the lease ends", round(time.monotonic() - begun, 1), LEASE)
        before = self.world.iteration(job)
        time.sleep(max(0, LONG - (time.monotonic() - begun)))
        self.world.network["node1"].heal(self.world.network["node2"])
        self.figures.at_most(f"{name}: seconds after it until the job goes on", self._seconds_until_further(job, before), RESUME)
        self._judge(name, job, attempts=4)

    def upload(self):
        """A scan of 50 MB, over a link of 60 Mbit/s."""
        host, server = self.world.network["client"], self.world.network["server"]
        scan = make_scan(self.world.folder / "large.h5", 400, 64, 512)
        host.limit(60)
        process = self.world.start_client("submit", scan, "--algorithm", "fdk", "--pool", "nobody")
        time.sleep(3)
        _, seconds = timed(self._cut, [("client", "server")], BRIEFLY + 2)
        shown, more = timed(process.communicate, timeout=120)
        host.limit(0)
        self.figures.holds("client cut from the server in an upload: it ends well", process.returncode, process.returncode == 0)
        self.figures.at_most("client cut from the server in an upload: seconds after the cut", round(more, 1), HANG + 15)
        job = job_name(shown[0])
        wanted, kept = (read_lines(path) for path in (scan, self._stored_scan()))
        self.figures.at_most("client cut from the server in an upload: samples that differ", int(np.count_nonzero(wanted != kept)), 0)
        client("cancel", job, server=self.world.server)
        assert seconds >= BRIEFLY and server is not None

    def _stored_scan(self):
        return max((self.world.folder / "data/scans").glob("*.h5"), key=lambda path: int(path.stem))

    def watch(self):
        job = self._running_job()
        process = self.world.start_client("watch", job, "--json")
        time.sleep(2)
        self._cut([("client", "server")], BRIEFLY + 2)
        shown, more = timed(process.communicate, timeout=180)
        counts = [event["iteration"].get("iteration", 0) for event in json_lines(shown[0]) if "iteration" in event]
        self.figures.holds("client cut from the server while it watches: it ends well", process.returncode, process.returncode == 0)
        self.figures.holds("client cut from the server while it watches: every event once", len(counts), counts == sorted(set(counts)))
        self.figures.holds("client cut from the server while it watches: as the log", len(counts), json_lines(shown[0]) == events(self.world.server, job))
        self.figures.at_most("client cut from the server while it watches: seconds after the cut", round(more, 1), 180)

    def fetch(self):
        """A volume of 2 MB, over a link of 4 Mbit/s."""
        job = self.world.submit(self.scan, iterations=3)
        events(self.world.server, job)
        whole, cut = self.world.folder / "whole.h5", self.world.folder / "cut.h5"
        client("fetch", job, "-o", whole, server=self.world.server)
        self.world.network["client"].limit(4)
        process = self.world.start_client("fetch", job, "-o", cut)
        time.sleep(2)
        running = process.poll() is None
        self._cut([("client", "server")], BRIEFLY + 2)
        _, more = timed(process.communicate, timeout=120)
        self.world.network["client"].limit(0)
        self.figures.holds("client cut from the server in a fetch: it ends well", process.returncode, running and process.returncode == 0)
        self.figures.at_most("client cut from the server in a fetch: seconds after the cut", round(more, 1), HANG)
        different = int(np.count_nonzero(read_volume(whole)[0] != read_volume(cut)[0]))
        self.figures.at_most("client cut from the server in a fetch: voxels that differ", different, 0)


def read_lines(path):
    return read_volume(path)[0]


def main():
    skip_unless_possible()
    cases = ["server-briefly", "server-long", "workers", "upload", "watch", "fetch"]
    chosen = sys.argv[1:] or cases
    if unknown := set(chosen) - set(cases):
        sys.exit(f"no such case: {', '.join(unknown)}; there are {', '.join(cases)}")
    figures = Figures("Links cut between hosts")
    with scratch_folder() as folder:
        scan = make_scan(folder / "scan.h5")
        with NetworkWorld(folder / "world") as world:
            runner = Cases(world, scan, figures)
            for name in chosen:
                _, seconds = timed(getattr(runner, name.replace("-", "_")))
                print(f"{name}: {seconds:.0f} s", flush=True)
    figures.finish()


if __name__ == "__main__":
    main()
