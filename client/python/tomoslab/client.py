"""The connection to a server, and everything that begins there."""

from __future__ import annotations

import pathlib
import uuid
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from tomoslab import connection
from tomoslab.access import Access
from tomoslab.calls import Calls
from tomoslab.data_exchange import open_data_exchange
from tomoslab.errors import InvalidArgument
from tomoslab.geometry import Geometry, Volume
from tomoslab.job import Job
from tomoslab.job_spec import BeamModel, Parameter, make_spec
from tomoslab.scan import DATA_TYPES, Scan
from tomoslab.v1 import job_pb2, reconstruction_pb2, scan_pb2

Quantity = Literal["counts", "transmission", "line_integrals"]
PING_SECONDS = 10.0


class Client:
    """A server. What is not given comes from TOMOSLAB_SERVER, TOMOSLAB_TOKEN (or TOMOSLAB_TOKEN_FILE), TOMOSLAB_TLS_CA, TOMOSLAB_TLS_CERT and
    TOMOSLAB_TLS_KEY, then from ~/.config/tomoslab/client.conf; without any: localhost:50177, unencrypted.

    address: "HOST:PORT". tls_ca: the CA of the server's certificate, a PEM file, or "system"; switches TLS on. tls_cert, tls_key: your own, for
    mutual TLS. patience_seconds: how long calls are tried again while no server answers. Raises Unavailable at once when none does now.
    Threads may share a client. Use it in a `with` statement, or close() it."""

    def __init__(self, address: str | None = None, *, token: str | None = None, token_file: str | None = None, tls_ca: str | None = None,
                 tls_cert: str | None = None, tls_key: str | None = None, patience_seconds: float = 120) -> None:
        self._calls = Calls(connection.choose(address, token, token_file, (tls_ca, tls_cert, tls_key)), patience_seconds)
        try:
            self.server_info()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Client {self.address}>"

    @property
    def address(self) -> str:
        return self._calls.connection.address

    @property
    def access(self) -> Access:
        """Who may do what: tokens, groups, what is kept."""
        return Access(self._calls)

    def close(self) -> None:
        """Ends the connection; open watches end with an error."""
        self._calls.close()

    def server_info(self) -> reconstruction_pb2.ServerInfo:
        """Version, pools, queue and room on the disk."""
        info: reconstruction_pb2.ServerInfo = self._calls.once("GetServerInfo", reconstruction_pb2.GetServerInfoRequest(), PING_SECONDS)
        return info

    # Scans

    def create_scan(self, geometry: Geometry, dtype: npt.DTypeLike = np.float32, quantity: Quantity = "line_integrals", *, flats: int = 0,
                    darks: int = 0, reference_counts: float = 0, flat_after_views: Sequence[int] = (),
                    dark_after_views: Sequence[int] = (), name: str = "") -> Scan:
        """An empty scan, to be filled by Scan.upload or Scan.upload_frames. dtype: uint8, uint16 or float32. quantity: "counts" need flats or
        `reference_counts` (I0); "transmission" is I / I0; "line_integrals" are -ln(I / I0). flats, darks: how many frames of each;
        flat_after_views: for each flat, how many views had been taken before it (none: all were taken before the scan)."""
        if np.dtype(dtype) not in DATA_TYPES:
            raise InvalidArgument(f"dtype = {np.dtype(dtype)} is none of uint8, uint16, float32")
        scan = scan_pb2.Scan(
            display_name=name, geometry=geometry.to_proto(), data_type=DATA_TYPES[np.dtype(dtype)], quantity=_quantity(quantity),
            view_count=geometry.view_count, flat_count=flats, dark_count=darks, flat_after_views=flat_after_views,
            dark_after_views=dark_after_views, reference_counts=reference_counts)
        return Scan(self._calls, self._calls.call("CreateScan", reconstruction_pb2.CreateScanRequest(scan=scan, request_id=uuid.uuid4().hex)))

    def upload(self, projections: npt.NDArray[Any], geometry: Geometry, quantity: Quantity = "line_integrals", *,
               flats: npt.NDArray[Any] | None = None, darks: npt.NDArray[Any] | None = None, reference_counts: float = 0, name: str = "",
               progress: bool = False) -> Scan:
        """A new scan of the arrays [frame][row][column]; of uint8 or uint16 as they are, else sent as float32. What quantity and
        reference_counts mean: create_scan. progress: draws a bar of bytes (needs tqdm)."""
        dtype = _common_type(projections, flats, darks)
        scan = self.create_scan(geometry, dtype, quantity, flats=_count(flats), darks=_count(darks), reference_counts=reference_counts,
                                name=name)
        return scan.upload(projections, flats, darks, progress)

    def upload_hdf5(self, path: str | pathlib.Path, *, geometry: Geometry | None = None, quantity: Quantity | None = None,
                    reference_counts: float = 0, resume: Scan | None = None, progress: bool = False) -> Scan:
        """A new scan of a Data Exchange file, read piece by piece. geometry, quantity: instead of what the file says. resume: goes on with an
        upload of the same file that was cut off."""
        with open_data_exchange(path, geometry, quantity) as file:
            scan = resume
            if scan is None:
                scan = self.create_scan(
                    file.geometry, _common_type(file.projections, file.flats, file.darks), file.quantity,  # type: ignore[arg-type]
                    flats=_count(file.flats), darks=_count(file.darks), reference_counts=reference_counts,
                    flat_after_views=file.flat_after_views, dark_after_views=file.dark_after_views,
                    name=(file.title or pathlib.Path(path).name)[:200])
            return scan.upload(file.projections, file.flats, file.darks, progress)

    def upload_frames(self, frames: Iterable[npt.ArrayLike], geometry: Geometry, dtype: npt.DTypeLike = np.float32,
                      quantity: Quantity = "line_integrals", *, reference_counts: float = 0, name: str = "", progress: bool = False) -> Scan:
        """A new scan of views [row][column] as they come, for instance from a detector; create_scan and Scan.upload_frames in one. For one that
        can be resumed by another program, call these two."""
        scan = self.create_scan(geometry, dtype, quantity, reference_counts=reference_counts, name=name)
        return scan.upload_frames(frames, progress=progress)

    def scan(self, name: str) -> Scan:
        """The scan of this name. NotFound."""
        return Scan(self._calls, self._calls.call("GetScan", reconstruction_pb2.GetScanRequest(name=name)))

    def scans(self, limit: int = 100) -> list[Scan]:
        """The newest scans."""
        return [Scan(self._calls, message) for message in self._list("ListScans", reconstruction_pb2.ListScansRequest(), "scan", limit)]

    # Jobs

    def submit(self, scan: Scan | str, algorithm: str = "fdk", *, volume: Volume | None = None, beam_model: BeamModel | None = None,
               **parameters: Parameter) -> Job:
        """Queues a job; it starts when its scan is complete and a pool is free.

        algorithm: fdk, sirt, cgls, bb, poly-bb, poly-sirt, dart, poly-dart (docs/algorithms.md). volume: the voxels; None: the field of view at
        the detector's resolution. beam_model: spectrum, detector and materials of the polychromatic algorithms, as a BeamModel, a dictionary
        in protobuf's JSON mapping or such a file. parameters, as the command line's flags (docs/use.md): iterations, lower, upper (1/mm),
        relaxation, stop_residual, stop_update, window, cutoff, step_rule, misfit, weights, linear_adjoint, grey_values (1/mm),
        fixed_grey_values, refine_densities, inner, inner_iterations, start_iterations, free_fraction, smoothing, seed; for every algorithm
        name, projector, start, rotation_axis, background_offset, low_counts, preview_every, priority, pool, checkpoint_every_seconds.
        TypeError: the algorithm has no such parameter. ResourceExhausted: it does not fit, with the figures."""
        request = reconstruction_pb2.CreateJobRequest(spec=self._spec(scan, algorithm, volume, beam_model, parameters),
                                                      request_id=uuid.uuid4().hex)
        return Job(self._calls, self._calls.call("CreateJob", request).job)

    def plan(self, scan: Scan | str, algorithm: str = "fdk", *, volume: Volume | None = None, beam_model: BeamModel | None = None,
             **parameters: Parameter) -> job_pb2.JobPlan:
        """What the job would need (JobPlan of proto/tomoslab/v1/job.proto): bytes per rank, whether it `fits`, an `explanation`; queues
        nothing."""
        request = reconstruction_pb2.CreateJobRequest(spec=self._spec(scan, algorithm, volume, beam_model, parameters), validate_only=True)
        plan: job_pb2.JobPlan = self._calls.call("CreateJob", request).plan
        return plan

    def job(self, name: str) -> Job:
        """The job of this name. NotFound."""
        return Job(self._calls, self._calls.call("GetJob", reconstruction_pb2.GetJobRequest(name=name)))

    def jobs(self, limit: int = 100) -> list[Job]:
        """The newest jobs."""
        return [Job(self._calls, message) for message in self._list("ListJobs", reconstruction_pb2.ListJobsRequest(), "job", limit)]

    @staticmethod
    def _spec(scan: Scan | str, algorithm: str, volume: Volume | None, beam_model: BeamModel | None,
              parameters: dict[str, Parameter]) -> job_pb2.JobSpec:
        return make_spec(scan if isinstance(scan, str) else scan.name, algorithm, volume, beam_model, parameters)

    def _list(self, method: str, request: Any, field: str, limit: int) -> Iterator[Any]:
        while limit > 0:
            request.page_size = min(limit, 1000)
            page = self._calls.call(method, request)
            found = getattr(page, field)[:limit]
            yield from found
            limit -= len(found)
            request.page_token = page.next_page_token
            if not page.next_page_token:
                return


def _quantity(quantity: str) -> scan_pb2.Quantity:
    try:
        number: scan_pb2.Quantity = scan_pb2.Quantity.Value(f"QUANTITY_{quantity.upper()}")
        return number
    except ValueError:
        raise InvalidArgument(f"quantity = {quantity!r} is none of counts, transmission, line_integrals") from None


def _count(frames: Any) -> int:
    return 0 if frames is None else len(frames)


def _common_type(*frames: Any) -> np.dtype[Any]:
    """The smallest of uint8, uint16 and float32 that holds all of them; other types become float32."""
    types = [np.dtype(one.dtype) for one in frames if one is not None]
    integers: list[np.dtype[Any]] = [np.dtype(np.uint8), np.dtype(np.uint16)]
    return next((small for small in integers if all(np.can_cast(one, small, "safe") for one in types)), np.dtype(np.float32))
