"""A relay between clients and a server that a test can cut, as a network does."""

import socket
import threading


class CuttingProxy:
    """Relays connections to `target` ("HOST:PORT") from `address`. cut() breaks all that are open; while `refusing`, new ones are closed at once.
    `cut_after`: the connections are cut by themselves once this many bytes have gone to the server, None = never."""

    def __init__(self, target):
        host, port = target.rsplit(":", 1)
        self._target = (host, int(port))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sockets, self._lock = [], threading.Lock()
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.refusing = False
        self.cut_after = None
        self.bytes_to_server = 0
        self.cuts = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self):
        with self._lock:
            open_sockets, self._sockets = self._sockets, []
        self.cuts += bool(open_sockets)
        for one in open_sockets:
            end(one)

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
                near = self._listener.accept()[0]
            except OSError:
                return
            if self.refusing:
                near.close()
                continue
            far = socket.create_connection(self._target)
            with self._lock:
                self._sockets += [near, far]
            threading.Thread(target=self._relay, args=(near, far, True), daemon=True).start()
            threading.Thread(target=self._relay, args=(far, near, False), daemon=True).start()

    def _relay(self, source, sink, to_server):
        try:
            while data := source.recv(1 << 16):
                sink.sendall(data)
                self.bytes_to_server += len(data) if to_server else 0
                if to_server and self.cut_after is not None and self.bytes_to_server >= self.cut_after:
                    self.cut_after = None
                    self.cut()
        except OSError:
            pass
        end(source)
        end(sink)


def end(one):
    try:
        one.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    one.close()
