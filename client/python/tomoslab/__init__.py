"""Reconstructs tomographic scans on a tomoslab server.

    import tomoslab

    with tomoslab.Client() as client:
        geometry = tomoslab.cone_beam(tomoslab.Detector(rows=256, columns=256, pixel_width_mm=0.2), angles_deg, 500, 900)
        scan = client.upload(projections, geometry)             # [view][row][column], line integrals
        job = client.submit(scan, "bb", iterations=30, lower=0).wait(progress=True)
        volume = job.volume()                                   # [z][y][x], 1/mm

Lengths are in mm, angles in degrees, attenuation in 1/mm; the frame is that of docs/geometry.md. Errors are exceptions derived from
TomoslabError, with the server's words.
"""

from tomoslab.access import Access
from tomoslab.astra import from_astra, to_astra
from tomoslab.client import Client
from tomoslab.errors import (AlreadyExists, Cancelled, DataLoss, DeadlineExceeded, FailedPrecondition, InternalError, InvalidArgument,
                             JobCancelled, JobFailed, NotFound, OutOfRange, PermissionDenied, ResourceExhausted, TomoslabError,
                             TooManyCalls, Unauthenticated, Unavailable)
from tomoslab.geometry import (CircularGeometry, Detector, Geometry, Shifts, VectorGeometry, Volume, cone_beam, fan_beam, parallel_beam)
from tomoslab.job import Job
from tomoslab.picture import Picture
from tomoslab.scan import Scan
from tomoslab.volumes import Preview
from tomoslab.watch import Logs, Watch

__all__ = [
    "Access", "AlreadyExists", "Cancelled", "CircularGeometry", "Client", "DataLoss", "DeadlineExceeded", "Detector", "FailedPrecondition", "Geometry",
    "InternalError", "InvalidArgument", "Job", "JobCancelled", "JobFailed", "Logs", "NotFound", "OutOfRange", "PermissionDenied", "Picture", "Preview",
    "ResourceExhausted", "Scan", "Shifts", "TomoslabError", "TooManyCalls", "Unauthenticated", "Unavailable", "VectorGeometry", "Volume", "Watch", "cone_beam",
    "fan_beam", "from_astra", "parallel_beam", "to_astra",
]
