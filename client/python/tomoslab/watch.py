"""A job's events and log lines, as iterators and as asynchronous ones."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any, Generic, TypeVar

import grpc

from tomoslab.calls import Backoff, Calls
from tomoslab.errors import TomoslabError, is_transient
from tomoslab.v1 import job_pb2, reconstruction_pb2


Message = TypeVar("Message", job_pb2.JobEvent, job_pb2.LogLine)


class Follow(Iterator[Message], AsyncIterator[Message], Generic[Message]):
    """Messages with sequences, in order, none twice; ends after the last one. A cut connection is opened again where it was, until the server
    has been unreachable for Client's `patience_seconds`."""

    def __init__(self, calls: Calls, job: str, after: int) -> None:
        self._last = after
        self._calls, self._job = calls, job
        self._backoff = Backoff(calls.patience_seconds)
        self._call: Any = None
        self._closed = False
        self._queue: asyncio.Queue[Message | BaseException | None] | None = None

    def close(self) -> None:
        """Ends the iteration, also one that waits in another thread."""
        self._closed = True
        self._backoff.end()
        if self._call is not None:
            self._call.cancel()

    def __enter__(self) -> Follow[Message]:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __iter__(self) -> Follow[Message]:
        return self

    def __next__(self) -> Message:
        while not self._closed:
            try:
                event = self._next_of_stream()
            except grpc.RpcError as error:
                self._call = None
                self._wait_after(self._calls.explained(error))
                continue
            self._backoff.progressed()
            if event is None:
                self._closed = True
            elif event.sequence > self._last:
                self._last = event.sequence
                return event
        raise StopIteration

    def __aiter__(self) -> Follow[Message]:
        return self

    async def __anext__(self) -> Message:
        if self._queue is None:
            self._queue = asyncio.Queue()
            threading.Thread(target=self._pass_on, args=(asyncio.get_running_loop(), self._queue), daemon=True).start()
        try:
            event = await self._queue.get()
        except asyncio.CancelledError:
            self.close()
            raise
        if event is None:
            raise StopAsyncIteration
        if isinstance(event, BaseException):
            raise event
        return event

    def _open(self) -> Any:
        """The stream of what comes after self._last."""
        raise NotImplementedError

    def _next_of_stream(self) -> Message | None:
        """None at the stream's regular end."""
        if self._call is None:
            self._call = self._open()
            if self._closed:  # closed from another thread meanwhile
                self._call.cancel()
        message: Message | None = next(self._call, None)
        return message

    def _wait_after(self, error: TomoslabError) -> None:
        if not self._closed and (not is_transient(error) or not self._backoff.wait_again()) and not self._closed:
            raise error

    def _pass_on(self, loop: asyncio.AbstractEventLoop, events: asyncio.Queue[Any]) -> None:
        """Of the thread behind an asynchronous iteration."""
        last: BaseException | None = None
        try:
            try:
                for event in self:
                    loop.call_soon_threadsafe(events.put_nowait, event)
            except TomoslabError as error:
                last = error
            loop.call_soon_threadsafe(events.put_nowait, last)
        except RuntimeError:  # the loop was closed
            self.close()


class Watch(Follow[job_pb2.JobEvent]):
    """Every event of a job after `after_event`, then new ones as they happen, to the job's end.

        for event in job.watch(): ...
        async for event in job.watch(): ...
    """

    def __init__(self, calls: Calls, job: str, after_event: int = 0) -> None:
        super().__init__(calls, job, after_event)

    def __enter__(self) -> Watch:
        return self

    @property
    def last_event(self) -> int:
        """Sequence of the newest event that was given out."""
        return self._last

    def _open(self) -> Any:
        return self._calls.stream("WatchJob", reconstruction_pb2.WatchJobRequest(name=self._job, after_event=self._last))


class Logs(Follow[job_pb2.LogLine]):
    """The lines of a job's log that `request` wants (ReadLogRequest of proto/tomoslab/v1/reconstruction.proto)."""

    def __init__(self, calls: Calls, request: reconstruction_pb2.ReadLogRequest) -> None:
        super().__init__(calls, request.job, request.after_line)
        self._request = request

    def _open(self) -> Any:
        if self._last > self._request.after_line:
            self._request.after_line, self._request.last_lines = self._last, 0
        return self._calls.stream("ReadLog", self._request)
