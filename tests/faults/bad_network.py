#!/usr/bin/python3
"""Networks that lose packets and are slow, and readers that take 1 kB/s, between a server, two worker hosts and a client (namespaces): results
are those of the undisturbed run, bit for bit; slow readers are cut, take little of the server's memory, and slow nobody else.

bad_network.py [CASE ...]: loss, delay, slow-readers (default: all). Packets are delayed by tc netem where the kernel has it, else the client's
connections by a proxy; which of them ran is printed. Skipped, with the reason, where no namespaces can be made.
"""

import sys
import time

import numpy as np

from figures import Figures
from namespaces import skip_unless_possible
from network_world import NetworkWorld, make_scan, timed
from programs import client, events, job_name, scratch_folder, wait_until
from scans import read_volume

LOSS = 0.03  # of the packets that come to any host
DELAY_MS = 40
READERS, READER_RATE = 8, 1000  # bytes/s
IDLE_SECONDS = 10  # after which the server cuts what does not move
BUFFERED_MB = 8  # of the server's memory that a slow reader may hold


class Cases:
    def __init__(self, world, scan, figures):
        self.world, self.scan, self.figures = world, scan, figures
        self.hosts = [world.network[name] for name in ("server", "node1", "node2", "client")]
        (self.expected, _), self.seconds = timed(self._loop)

    def _loop(self):
        return self.world.result(self.world.submit(self.scan, iterations=60))

    def _judge(self, name):
        (result, log), seconds = timed(self._loop)
        states = [event["stateChange"]["state"] for event in log if "stateChange" in event]
        self.figures.holds(f"{name}: states", states, states == ["QUEUED", "LOADING", "RUNNING", "WRITING", "SUCCEEDED"])
        self.figures.at_most(f"{name}: voxels that differ from the undisturbed run", int(np.count_nonzero(result != self.expected)), 0)
        self.figures.at_most(f"{name}: seconds (undisturbed: {self.seconds:.1f})", round(seconds, 1), self.seconds + 120)

    def loss(self):
        for host in self.hosts:
            host.lose(LOSS)
        self._judge(f"{100 * LOSS:g} % of packets lost everywhere (iptables)")
        for host in self.hosts:
            host.lose(0)

    def delay(self):
        if all(host.delay(DELAY_MS) for host in self.hosts):
            self._judge(f"every packet {DELAY_MS} ms late (netem)")
            for host in self.hosts:
                host.delay(0)
            return
        process, address = self.world.proxy("--delay", DELAY_MS / 1000)
        direct, self.world.server.address = self.world.server.address, address
        self._judge(f"the client's bytes {DELAY_MS} ms late each way (proxy; the kernel has no netem)")
        self.world.server.address = direct
        process.kill()

    def slow_readers(self):
        """Of a volume of 17 MB."""
        scan = make_scan(self.world.folder / "tall.h5", 20, 256, 128)
        job = job_name(client("submit", scan, "--algorithm", "fdk", server=self.world.server).stdout)
        events(self.world.server, job)
        self._fetch(job)
        alone, before = min(self._fetch(job) for _ in range(3)), self.world.server.peak_memory_mb()
        proxy, address = self.world.proxy("--download-rate", READER_RATE, "--free-bytes", 100_000)
        readers = [self.world.start_client("fetch", job, "-o", self.world.folder / f"slow{i}.h5", address=address) for i in range(READERS)]
        wait_until(lambda: self._open_streams() >= READERS, "all slow readers are served", 30)
        beside = min(self._fetch(job) for _ in range(3))
        grown = self.world.server.peak_memory_mb() - before
        self.figures.at_most(f"{READERS} readers of 1 kB/s: MB that the server grew by", round(grown), READERS * BUFFERED_MB)
        self.figures.at_most(f"{READERS} readers of 1 kB/s: seconds of another client's fetch ({alone:.2f} alone)", round(beside, 2), 2 * alone + 1)
        wait_until(lambda: self._open_streams() == 0, "the slow readers are cut", IDLE_SECONDS + 30)
        self.figures.holds(f"{READERS} readers of 1 kB/s: cut", f"after --idle-seconds {IDLE_SECONDS}", True)
        for reader in readers:
            reader.kill()
        proxy.kill()

    def _open_streams(self):
        """Volumes that the server holds open."""
        return sum(str(path).endswith("volumes/%s.h5" % self._number) for path in self.world.open_files())

    def _fetch(self, job):
        self._number = job.split("/")[1]
        path = self.world.folder / "fetched.h5"
        _, seconds = timed(client, "fetch", job, "-o", path, server=self.world.server)
        assert read_volume(path)[0].size > 0
        return seconds


def main():
    skip_unless_possible()
    cases = ["loss", "delay", "slow-readers"]
    chosen = sys.argv[1:] or cases
    if unknown := set(chosen) - set(cases):
        sys.exit(f"no such case: {', '.join(unknown)}; there are {', '.join(cases)}")
    figures = Figures("Bad networks and slow readers")
    with scratch_folder() as folder:
        scan = make_scan(folder / "scan.h5")
        with NetworkWorld(folder / "world", "--idle-seconds", IDLE_SECONDS) as world:
            runner = Cases(world, scan, figures)
            for name in chosen:
                _, seconds = timed(getattr(runner, name.replace("-", "_")))
                print(f"{name}: {seconds:.0f} s", flush=True)
    figures.finish()


if __name__ == "__main__":
    main()
