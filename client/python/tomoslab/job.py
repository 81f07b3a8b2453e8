"""A job on the server."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np
import numpy.typing as npt

from tomoslab import volumes
from tomoslab.calls import Calls
from tomoslab.errors import FailedPrecondition, InvalidArgument, JobCancelled, JobFailed
from tomoslab.geometry import Volume, volume_from_proto
from tomoslab.progress import iteration_bar
from tomoslab.v1 import job_pb2, reconstruction_pb2
from tomoslab.volumes import Plane, Preview
from tomoslab.watch import Logs, Watch

_OVER = (job_pb2.SUCCEEDED, job_pb2.FAILED, job_pb2.CANCELLED)


class Job:
    """One reconstruction. `message` is what the server said last (Job of proto/tomoslab/v1/job.proto); refresh() asks again. `await job`
    waits for its end, as wait() does."""

    def __init__(self, calls: Calls, message: job_pb2.Job) -> None:
        self._calls = calls
        self.message = message

    def __repr__(self) -> str:
        return f"<Job {self.name} {self.state}>"

    @property
    def name(self) -> str:
        """ "jobs/ID" """
        return self.message.name

    @property
    def state(self) -> str:
        """QUEUED, LOADING, RUNNING, WRITING, SUCCEEDED, FAILED or CANCELLED, as of the last refresh."""
        return str(job_pb2.JobState.Name(self.message.state))

    @property
    def is_over(self) -> bool:
        return self.message.state in _OVER

    @property
    def geometry(self) -> Volume:
        """The volume's voxels."""
        return volume_from_proto(self.message.spec.volume)

    @property
    def materials(self) -> job_pb2.MaterialReport:
        """What the labels mean, voxels and mm3 of each material; of DART and the polychromatic algorithms, else empty."""
        return self.message.materials

    def refresh(self) -> Job:
        """Asks the server how it stands."""
        self.message = self._calls.call("GetJob", reconstruction_pb2.GetJobRequest(name=self.name))
        return self

    def cancel(self) -> Job:
        """Ends the job within one iteration; no error when it is over."""
        self.message = self._calls.call("CancelJob", reconstruction_pb2.CancelJobRequest(name=self.name))
        return self

    def delete(self) -> None:
        """Removes it and its volume. FailedPrecondition while it is not over."""
        self._calls.call("DeleteJob", reconstruction_pb2.DeleteJobRequest(name=self.name))

    def watch(self, after_event: int = 0) -> Watch:
        """Its events as they happen: `for event in job.watch()` or `async for`. event.WhichOneof("what") says which of state_change,
        iteration, slices_ready, preview_ready, log, pool, materials, checkpoint one is."""
        return Watch(self._calls, self.name, after_event)

    def logs(self, follow: bool = False, *, last: int = 0, severity: str = "info") -> Logs:
        """What the server and the ranks wrote about it, line by line (LogLine of proto/tomoslab/v1/job.proto): `for line in job.logs()`. follow:
        then new lines as they come, to the job's end. last: only the newest so many; 0: all. severity: the least, info, warning or error."""
        if severity not in ("info", "warning", "error"):
            raise InvalidArgument(f"severity = {severity!r} is none of info, warning, error")
        least = job_pb2.Severity.Value(severity.upper())
        return Logs(self._calls, reconstruction_pb2.ReadLogRequest(job=self.name, follow=follow, last_lines=last, least_severity=least))

    def wait(self, progress: bool = False) -> Job:
        """Waits for its end. JobFailed, JobCancelled: the server's reason. progress: draws a bar of iterations (needs tqdm)."""
        with iteration_bar(progress, self.name) as show, self.watch() as events:
            for event in events:
                if show is not None:
                    show(event, self.message.iterations_planned or self.refresh().message.iterations_planned)
        return self._ended()

    def __await__(self) -> Generator[Any, None, Job]:
        return self._wait().__await__()

    async def _wait(self) -> Job:
        async for _ in self.watch():
            pass
        return self._ended()

    def _ended(self) -> Job:
        self.refresh()
        if self.message.state == job_pb2.SUCCEEDED:
            return self
        error = JobCancelled if self.message.state == job_pb2.CANCELLED else JobFailed
        raise error(f"{self.name} ended as {self.state}: {self.message.status_message}".rstrip(": "))

    def slices(self, z: int | slice | range | None = None, *, labels: bool = False, energy_kev: float | None = None,
               material: str | None = None) -> npt.NDArray[Any]:
        """Slices of the volume: one index gives [y][x], a slice or range without steps (None: all) [z][y][x]. float32, 1/mm: the attenuation
        (of polychromatic jobs at the reference energy), or at `energy_kev`. labels: uint8, which material, 0 = air. material: float32, how
        much of this one, as a fraction of its density. FailedPrecondition: not there yet, or the job has no materials."""
        content = volumes.make_content(labels, energy_kev, material)
        shape = self._shape()
        begin, end = _range(z, shape[0])
        read = volumes.SliceReader(self._calls, self.name, shape, content).read(begin, end)
        return read.reshape(shape[1:]) if isinstance(z, (int, np.integer)) else read

    def volume(self, *, labels: bool = False, energy_kev: float | None = None, material: str | None = None) -> npt.NDArray[Any]:
        """All slices, [z][y][x]."""
        return self.slices(labels=labels, energy_kev=energy_kev, material=material)

    def preview(self, plane: Plane = "axial", iteration: int = 0, index: int | None = None) -> Preview:
        """A slice of the newest iterate (iteration = 0) or of a kept one, while the job runs and after. NotFound: there is none."""
        if plane not in volumes.PLANES:
            raise InvalidArgument(f"plane = {plane!r} is none of {', '.join(volumes.PLANES)}")
        request = reconstruction_pb2.ReadPreviewRequest(job=self.name, iteration=iteration, plane=job_pb2.Plane.Value(plane.upper()),
                                                        index=index)
        return volumes.read_preview(self._calls, request)

    def _shape(self) -> tuple[int, int, int]:
        if self.geometry.shape[0] == 0:
            self.refresh()
        if self.geometry.shape[0] == 0:
            raise FailedPrecondition(f"{self.name}: its volume is not known yet")
        return self.geometry.shape


def _range(z: int | slice | range | None, count: int) -> tuple[int, int]:
    """The half-open range of slices; negative indices count from the end, as numpy's do."""
    if z is None:
        return 0, count
    if isinstance(z, (int, np.integer)):
        if not -count <= z < count:
            raise InvalidArgument(f"z = {z}: the volume has slices 0 to {count - 1}")
        return int(z) % count, int(z) % count + 1
    if isinstance(z, slice):
        z = range(*z.indices(count))
    if z.step != 1 or len(z) == 0 or z.start < 0 or z.stop > count:
        raise InvalidArgument(f"z = {z}: it must be a part of 0 to {count} without steps; the volume has {count} slices")
    return z.start, z.stop
