"""A TCP proxy on the loopback whose connections a test can cut."""

import contextlib
import socket
import threading


class Proxy:
    """Forwards connections to `target` ("host:port"); `address` is where to dial. Counts what goes to the target, and the cuts. While
    `refusing`, new connections are closed at once; once forwarded_bytes reaches `cut_after`, it cuts by itself, once."""

    def __init__(self, target):
        host, port = target.rsplit(":", 1)
        self._target = (host, int(port))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self._listener.getsockname()[1]
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
                far = socket.create_connection(self._target)
            except OSError:
                near.close()
                continue
            with self._lock:
                self._open.add((near, far))
            threading.Thread(target=self._forward, args=(near, far, True), daemon=True).start()
            threading.Thread(target=self._forward, args=(far, near, False), daemon=True).start()

    def _forward(self, source, sink, counted):
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                sink.sendall(data)
                if counted:
                    self.forwarded_bytes += len(data)
                    self._cut_when_due()
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _cut_when_due(self):
        if self.cut_after is not None and self.forwarded_bytes >= self.cut_after:
            self.cut_after = None
            self.cut()
