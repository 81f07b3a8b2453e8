"""Calls to the server, tried again while it cannot be reached."""

from __future__ import annotations

import threading
import time
from typing import Any

import grpc

from tomoslab.connection import Connection
from tomoslab.errors import TomoslabError, Unavailable, from_rpc, is_transient
from tomoslab.v1 import access_pb2_grpc, reconstruction_pb2_grpc

CALL_SECONDS = 30.0
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 0.2, 5.0


class Backoff:
    """Waits that double from one failure to the next, until there is progress or `patience_seconds` have passed without any."""

    def __init__(self, patience_seconds: float) -> None:
        self._patience = patience_seconds
        self._ended = threading.Event()
        self.progressed()

    def progressed(self) -> None:
        self._wait = FIRST_WAIT_SECONDS
        self._last_progress = time.monotonic()

    def end(self) -> None:
        """Wakes whoever waits, and lets nobody wait again."""
        self._ended.set()

    def wait_again(self) -> bool:
        """Waits; False when it is time to give up."""
        if time.monotonic() - self._last_progress + self._wait > self._patience or self._ended.wait(self._wait):
            return False
        self._wait = min(2 * self._wait, LONGEST_WAIT_SECONDS)
        return True


class Calls:
    """The services' methods over one channel."""

    def __init__(self, connection: Connection, patience_seconds: float) -> None:
        self.connection = connection
        self.patience_seconds = patience_seconds
        self._channel = connection.channel()
        services: Any = (reconstruction_pb2_grpc.ReconstructionStub, access_pb2_grpc.AccessStub)  # generated without types
        self._stubs = [service(self._channel) for service in services]

    def close(self) -> None:
        self._channel.close()

    def once(self, method: str, request: Any, seconds: float = CALL_SECONDS) -> Any:
        """The answer to one call."""
        try:
            return self._method(method)(request, timeout=seconds, metadata=self.connection.metadata(), wait_for_ready=False)
        except grpc.RpcError as error:
            raise self.explained(error) from None

    def call(self, method: str, request: Any) -> Any:
        """The answer, tried again until the server can be reached."""
        backoff = Backoff(self.patience_seconds)
        while True:
            try:
                return self.once(method, request)
            except TomoslabError as error:
                if not is_transient(error) or not backoff.wait_again():
                    raise

    def stream(self, method: str, request: Any) -> Any:
        """An open stream of answers; `request` is a message, or an iterator of them."""
        return self._method(method)(request, metadata=self.connection.metadata())

    def _method(self, name: str) -> Any:
        """Methods' names are unique over the services."""
        return next(getattr(stub, name) for stub in self._stubs if hasattr(stub, name))

    def explained(self, error: grpc.RpcError) -> TomoslabError:
        """As from_rpc; when no server answers, says where and what to look at."""
        translated = from_rpc(error)
        if not isinstance(translated, Unavailable):
            return translated
        words, address = str(translated), self.connection.address
        if self.connection.tls_ca is None:
            hint = "does tomoslabd run there? If it uses TLS, name its CA: tls_ca or TOMOSLAB_TLS_CA"
        else:
            hint = f"does tomoslabd run there, with a certificate for this name that the CA in {self.connection.tls_ca} issued?"
        return Unavailable(f"{address}: {words} ({hint})")
