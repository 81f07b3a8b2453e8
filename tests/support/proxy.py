"""A TCP proxy whose connections a test can cut, slow down and delay.

proxy.py HOST TARGET [--upload-rate B/S] [--download-rate B/S] [--free-bytes N] [--delay SECONDS]: one as a process of its own, on HOST, which prints its
address and serves until it is killed.
"""

import argparse
import contextlib
import queue
import socket
import threading
import time

PIECE = 1 << 16  # bytes


def split_address(address):
    host, port = address.rsplit(":", 1)
    return host, int(port)


class Proxy:
    """Forwards connections to `target` ("host:port"); `address` is where to dial. Counts what goes to the target, and the cuts. While
    `refusing`, new connections are closed at once; once forwarded_bytes reaches `cut_after`, it cuts by itself, once.
    upload_rate, download_rate: bytes/s to and from the target at most, of each connection, after its first free_bytes. delay: seconds that every byte is late, each way."""

    def __init__(self, target, host="127.0.0.1", upload_rate=None, download_rate=None, delay=0, free_bytes=0):
        self._target = split_address(target)
        self._listener = socket.create_server((host, 0))
        self.address = "%s:%d" % (host, self._listener.getsockname()[1])
        self.upload_rate, self.download_rate, self.free_bytes, self.delay = upload_rate, download_rate, free_bytes, delay
        self.forwarded_bytes = self.cuts = 0
        self.refusing, self.cut_after = False, None
        self._open, self._lock = set(), threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self):
        """Breaks every connection that is open now; new ones are taken. How many there were."""
        with self._lock:
            pairs, self._open = self._open, set()
        for pair in pairs:
            for end in pair:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
        self.cuts += bool(pairs)
        return len(pairs)

    def close(self):
        self._listener.close()
        self.cut()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _accept(self):
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if self.refusing:
                near.close()
                continue
            try:
                far = self._dial()
            except OSError:
                near.close()
                continue
            with self._lock:
                self._open.add((near, far))
            threading.Thread(target=self._serve, args=(near, far), daemon=True).start()

    def _dial(self):
        far = socket.socket()
        if self.download_rate:  # else the kernel would take megabytes at once
            far.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 14)
        try:
            far.connect(self._target)
        except OSError:
            far.close()
            raise
        return far

    def _serve(self, near, far):
        """Both ways of one connection, until it is over."""
        with near, far:
            threads = []
            for source, sink, upload in ((near, far, True), (far, near, False)):
                late = queue.Queue(64)  # (when it is due, what); b"" is the end
                threads.append(threading.Thread(target=self._take, args=(source, late, upload), daemon=True))
                threads.append(threading.Thread(target=self._give, args=(late, (sink, source), upload), daemon=True))
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        with self._lock:
            self._open.discard((near, far))

    def _take(self, source, late, upload):
        data = b"?"
        while data:
            try:
                data = source.recv(self._piece(upload))
            except OSError:
                data = b""
            late.put((time.monotonic() + self.delay, data))

    def _give(self, late, ends, upload):
        data, sent = b"?", 0
        with contextlib.suppress(OSError):
            while data:
                due, data = late.get()
                time.sleep(max(0, due - time.monotonic()))
                self._send(ends[0], data, upload)
                sent += len(data)
                rate = self.upload_rate if upload else self.download_rate
                if rate and sent > self.free_bytes:
                    time.sleep(len(data) / rate)
        for end in ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        while data:  # whoever takes must not wait for room
            data = late.get()[1]

    def _send(self, sink, data, upload):
        sink.sendall(data)
        if upload:
            self.forwarded_bytes += len(data)
            self._cut_when_due()

    def _piece(self, upload):
        """Small enough that a slow connection moves several times a second."""
        rate = self.upload_rate if upload else self.download_rate
        return PIECE if not rate else max(1, min(PIECE, int(rate / 10)))

    def _cut_when_due(self):
        if self.cut_after is not None and self.forwarded_bytes >= self.cut_after:
            self.cut_after = None
            self.cut()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("host")
    parser.add_argument("target")
    parser.add_argument("--upload-rate", type=float)
    parser.add_argument("--download-rate", type=float)
    parser.add_argument("--free-bytes", type=int, default=0)
    parser.add_argument("--delay", type=float, default=0)
    options = parser.parse_args()
    proxy = Proxy(options.target, options.host, options.upload_rate, options.download_rate, options.delay, options.free_bytes)
    print(proxy.address, flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
