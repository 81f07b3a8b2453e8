"""Sends a scan's lines to the server: in chunks with checksums, again and again until all are acknowledged."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import grpc
import numpy as np
import numpy.typing as npt

from tomoslab.calls import Backoff, Calls
from tomoslab.checksum import checksum
from tomoslab.errors import DataLoss, InternalError, TomoslabError, is_transient
from tomoslab.lines import LineRanges, lines_per_chunk
from tomoslab.v1 import reconstruction_pb2, scan_pb2

# Sent, but not acknowledged: kept here to be sent again.
WINDOW_BYTES, WINDOW_CHUNKS = 32 << 20, 1024
Block = npt.NDArray[Any]
Lines = tuple[scan_pb2.FrameKind, int, Block]  # FrameKind, first line, [line][column] of the scan's type
Received = dict[int, LineRanges]  # by FrameKind


def received_lines(scan: scan_pb2.Scan) -> Received:
    """What is on the server's disk."""
    received: Received = {kind: LineRanges() for kind in scan_pb2.FrameKind.values()}
    for one in scan.received:
        received[one.kind].add(one.begin, one.end)
    return received


def chunks(blocks: Iterable[Lines]) -> Iterator[scan_pb2.ProjectionChunk]:
    """Blocks of lines in messages of at most 1 MiB of data."""
    for kind, first_line, block in blocks:
        step = lines_per_chunk(block.shape[1] * block.dtype.itemsize)
        for begin in range(0, len(block), step):
            piece = block[begin : begin + step]
            data = np.ascontiguousarray(piece, piece.dtype.newbyteorder("<")).tobytes()
            yield scan_pb2.ProjectionChunk(kind=kind, first_line=first_line + begin, line_count=len(piece), data=data,
                                           crc32c=checksum(data))


class _Stream:
    """One UploadProjections call: what is put goes out; acknowledgements are noted by a thread of its own."""

    def __init__(self, calls: Calls, scan: str, note: Callable[[Any], None], ended: Callable[[], None]) -> None:
        self.error: TomoslabError | None = None
        self.over = False
        self._outgoing: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._outgoing.put(reconstruction_pb2.UploadProjectionsRequest(scan=scan))
        self._call = calls.stream("UploadProjections", iter(self._outgoing.get, None))
        self._calls, self._note, self._ended = calls, note, ended
        threading.Thread(target=self._read, daemon=True).start()

    def put(self, chunk: scan_pb2.ProjectionChunk) -> None:
        self._outgoing.put(reconstruction_pb2.UploadProjectionsRequest(chunk=chunk))

    def half_close(self) -> None:
        self._outgoing.put(None)

    def cancel(self) -> None:
        self._call.cancel()
        self._outgoing.put(None)

    def _read(self) -> None:
        try:
            for response in self._call:
                self._note(response.acknowledged)
        except grpc.RpcError as error:
            self.error = self._calls.explained(error)
        self._outgoing.put(None)  # lets gRPC's sending thread go
        self.over = True
        self._ended()


class Upload:
    """One upload into the scan `name`. Memory: the window, whatever the scan's size. Nothing acknowledged is sent twice."""

    def __init__(self, calls: Calls, name: str, on_progress: Callable[[int], None] | None = None) -> None:
        self._calls, self._name = calls, name
        self._on_progress = on_progress  # called with the bytes acknowledged since the last call, from any thread
        self._changed = threading.Condition()
        self._pending: dict[tuple[int, int], scan_pb2.ProjectionChunk] = {}  # in the order of sending; guarded by _changed
        self._pending_bytes = 0
        self._received: Received = {kind: LineRanges() for kind in scan_pb2.FrameKind.values()}
        self._backoff = Backoff(calls.patience_seconds)
        self._stream: _Stream | None = None

    def run(self, blocks: Iterable[Lines]) -> None:
        """Sends all blocks and returns when every line of them is on the server's disk. When `blocks` raises, what it gave before is still
        delivered, and the exception goes on to the caller: a later upload continues there."""
        try:
            try:
                for chunk in chunks(blocks):
                    self._send(chunk)
            except Exception:
                if self._stream is not None and not self._stream.over:
                    self._finish()
                raise
            self._finish()
        finally:
            if self._stream is not None:
                self._stream.cancel()

    def _send(self, chunk: scan_pb2.ProjectionChunk) -> None:
        with self._changed:
            stream = self._alive()
            while self._pending_bytes >= WINDOW_BYTES or len(self._pending) >= WINDOW_CHUNKS:
                self._changed.wait()
                stream = self._alive()
            self._pending[chunk.kind, chunk.first_line] = chunk
            self._pending_bytes += len(chunk.data)
            stream.put(chunk)

    def _finish(self) -> None:
        with self._changed:
            while self._pending:
                stream = self._alive()
                stream.half_close()
                while not stream.over:
                    self._changed.wait()
                if stream.error is None and self._pending:
                    raise InternalError(f"the server took all lines of {self._name}, but did not acknowledge {len(self._pending)} chunks")

    def _alive(self) -> _Stream:
        """The stream; a new one, with all that is pending sent again, where the last one broke. Called with _changed held."""
        while self._stream is None or self._stream.over:
            error = self._stream.error if self._stream is not None else None
            if self._stream is not None and error is None:
                raise InternalError(f"the server ended the upload into {self._name} before everything was sent")
            if error is not None and not (is_transient(error) or isinstance(error, DataLoss)):
                raise error
            if error is not None:
                self._wait_after(error)
            self._stream = _Stream(self._calls, self._name, self._acknowledge, self._wake)
            for chunk in self._pending.values():
                self._stream.put(chunk)
        return self._stream

    def _wait_after(self, error: TomoslabError) -> None:
        if not self._backoff.wait_again():
            raise error
        try:
            scan = self._calls.once("GetScan", reconstruction_pb2.GetScanRequest(name=self._name))
        except TomoslabError as still:
            if not is_transient(still):
                raise
            return
        self._note(scan.received)

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _acknowledge(self, lines: Any) -> None:
        with self._changed:
            self._note(lines)
            self._changed.notify_all()

    def _note(self, lines: Any) -> None:
        for one in lines:
            self._received[one.kind].add(one.begin, one.end)
        done = [key for key, chunk in self._pending.items()
                if self._received[chunk.kind].covers(chunk.first_line, chunk.first_line + chunk.line_count)]
        acknowledged = sum(len(self._pending.pop(key).data) for key in done)
        self._pending_bytes -= acknowledged
        if acknowledged:
            self._backoff.progressed()
            if self._on_progress is not None:
                self._on_progress(acknowledged)
