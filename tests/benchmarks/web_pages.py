#!/usr/bin/python3
"""What open web pages cost the server while a job runs: CPU time of tomoslabd as a share of one core, without pages and with.

web_pages.py [PAGES] [SECONDS]

A page here does what the real one does (client/web): it follows the job's events, and gets the three planes of the newest preview, at most
every 1.5 s. Half of the pages show the job, the others the list.
"""

import os
import pathlib
import re
import select
import socket
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/support"), str(ROOT / "tests/web")]

from programs import Server, client, scratch_folder, submit  # noqa: E402
from web_scans import SLOW_GEOMETRY, write_scan  # noqa: E402

REFRESH_SECONDS = 1.5
JOB = [*SLOW_GEOMETRY, "--algorithm", "sirt", "--iterations", 1000000]


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Page:
    """An event stream, and for a job's page a second connection for its images."""

    def __init__(self, address, job):
        host, port = address.rsplit(":", 1)
        self.job, self.address = job, (host, int(port))
        self.stream = self._connect(f"/api/{job}/events" if job else "/api/overview?page_size=50&state=&page_token=")
        self.newest, self.refreshed, self.events, self.images, self.bytes = 0, 0.0, 0, 0, 0
        self.other = socket.create_connection(self.address) if job else None

    def _connect(self, path):
        connection = socket.create_connection(self.address)
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {self.address[0]}\r\n\r\n".encode())
        return connection

    def read_stream(self):
        data = self.stream.recv(1 << 18)
        assert data, "the server ended a stream"
        self.bytes += len(data)
        self.events += data.count(b"\ndata: ")
        for iteration in re.findall(rb'"previewReady":\{"iteration":(\d+)', data):
            self.newest = max(self.newest, int(iteration))

    def refresh(self, now):
        """The three planes, when there are newer ones and it is time."""
        if not self.other or not self.newest or now < self.refreshed + REFRESH_SECONDS:
            return
        self.refreshed = now
        for plane in ("axial", "coronal", "sagittal"):
            self._image(f"/api/{self.job}/previews/{self.newest}/{plane}")
        self.newest = 0

    def _image(self, path):
        request = f"GET {path} HTTP/1.1\r\nHost: {self.address[0]}\r\n\r\n".encode()
        try:
            self.other.sendall(request)
            answer = self.other.recv(1 << 16)
        except OSError:
            answer = b""
        if not answer:  # an idle connection was closed
            self.other = socket.create_connection(self.address)
            self.other.sendall(request)
            answer = self.other.recv(1 << 16)
        wanted = int(re.search(rb"content-length: (\d+)", answer.lower()).group(1)) + answer.index(b"\r\n\r\n") + 4
        got = len(answer)
        while got < wanted:
            got += len(self.other.recv(1 << 16))
        self.images += answer.startswith(b"HTTP/1.1 200")


def measure(server, pages, seconds):
    """Share of one core that the server takes."""
    end, before, begin = time.monotonic() + seconds, cpu_seconds(server.process.pid), time.monotonic()
    poller = select.poll()
    by_number = {page.stream.fileno(): page for page in pages}
    for number in by_number:
        poller.register(number, select.POLLIN)
    while (now := time.monotonic()) < end:
        for number, _ in poller.poll(50):
            by_number[number].read_stream()
        for page in pages:
            page.refresh(now)
    return (cpu_seconds(server.process.pid) - before) / (time.monotonic() - begin)


def main(count=100, seconds=20):
    with scratch_folder() as folder, Server(folder, "--web", "127.0.0.1:0") as server:
        job = submit(server, write_scan(folder / "balls.h5"), *JOB)
        time.sleep(8)
        without = measure(server, [], seconds)
        pages = [Page(server.web_address, job if i % 2 == 0 else "") for i in range(count)]
        measure(server, pages, 5)  # they catch up with what was before them
        for page in pages:
            page.events = page.images = page.bytes = 0
        with_pages = measure(server, pages, seconds)
        followed = [page for page in pages if page.job]
        print(f"tomoslabd, share of one core: {100 * without:.1f} % without pages, {100 * with_pages:.1f} % with {count} of them")
        print(f"the pages alone: {100 * (with_pages - without):.1f} %; a job's page got {followed[0].events / seconds:.1f} events and "
              f"{sum(page.images for page in followed) / len(followed) / seconds:.1f} images a second, all pages {sum(page.bytes for page in pages) / seconds / 1e6:.2f} MB/s of events")
        client("cancel", job, server=server)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
