"""What can go wrong, as exceptions. Every one is a TomoslabError and carries the server's own words."""

from __future__ import annotations

import grpc


class TomoslabError(Exception):
    """Base of all errors of this package."""


class InvalidArgument(TomoslabError, ValueError):
    """A value is wrong; the message names the field, the value and the likely mistake."""


class NotFound(TomoslabError, LookupError):
    """There is no such scan, job, material or preview, or it is another user's."""


class AlreadyExists(TomoslabError):
    """The name is taken."""


class FailedPrecondition(TomoslabError):
    """Not now: the slices are not there yet, the scan is in use, the job has no materials, ..."""


class OutOfRange(TomoslabError):
    """Lines or slices beyond those there are."""


class ResourceExhausted(TomoslabError):
    """The disk, the memory, a quota or the rate of calls: the message has the figures."""


class TooManyCalls(ResourceExhausted):
    """More calls or streams than the server allows; it asks to be called again later, which the package has done for `patience_seconds`."""


class Unauthenticated(TomoslabError):
    """No token, or one that is unknown, expired or revoked."""


class PermissionDenied(TomoslabError):
    """The token's role does not allow it, or the scan or job is another user's."""


class Unavailable(TomoslabError):
    """No server answers, or it starts or drains; the package has tried again for as long as Client's `patience_seconds`."""


class DeadlineExceeded(TomoslabError):
    """The server did not answer in time."""


class DataLoss(TomoslabError):
    """Data were damaged, on the way or in the store."""


class Cancelled(TomoslabError):
    """The call was cancelled on this side."""


class InternalError(TomoslabError):
    """A bug of the server's or this package's."""


class JobFailed(TomoslabError):
    """The job ended without a volume; the message says why."""


class JobCancelled(JobFailed):
    """Somebody cancelled the job."""


_BY_STATUS: dict[grpc.StatusCode, type[TomoslabError]] = {
    grpc.StatusCode.INVALID_ARGUMENT: InvalidArgument,
    grpc.StatusCode.NOT_FOUND: NotFound,
    grpc.StatusCode.ALREADY_EXISTS: AlreadyExists,
    grpc.StatusCode.FAILED_PRECONDITION: FailedPrecondition,
    grpc.StatusCode.OUT_OF_RANGE: OutOfRange,
    grpc.StatusCode.RESOURCE_EXHAUSTED: ResourceExhausted,
    grpc.StatusCode.UNAUTHENTICATED: Unauthenticated,
    grpc.StatusCode.PERMISSION_DENIED: PermissionDenied,
    grpc.StatusCode.UNAVAILABLE: Unavailable,
    grpc.StatusCode.DEADLINE_EXCEEDED: DeadlineExceeded,
    grpc.StatusCode.DATA_LOSS: DataLoss,
    grpc.StatusCode.CANCELLED: Cancelled,
}


def from_rpc(error: grpc.RpcError) -> TomoslabError:
    """The exception for a gRPC status, with the status's message."""
    if error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED and _asks_for_another_try(error):
        return TooManyCalls(error.details())
    return _BY_STATUS.get(error.code(), InternalError)(error.details() or error.code().name)


def is_transient(error: TomoslabError) -> bool:
    """The server cannot be reached, or asks to be called again."""
    return isinstance(error, (Unavailable, DeadlineExceeded, TooManyCalls))


def _asks_for_another_try(error: grpc.RpcError) -> bool:
    """Whether the status has google.rpc.RetryInfo among its details (access.proto)."""
    metadata = error.trailing_metadata() or ()
    return any(key == "grpc-status-details-bin" and b"google.rpc.RetryInfo" in value for key, value in metadata)
