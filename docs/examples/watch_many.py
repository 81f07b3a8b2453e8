#!/usr/bin/python3
"""Runs several algorithms on one scan, follows all of them at once with asyncio, and says how each converged.

watch_many.py scans/ID             Needs a server (TOMOSLAB_SERVER, or one on this machine).
"""

import asyncio
import sys

import tomoslab


async def follow(job):
    """The relative residual after every iteration."""
    residuals = []
    async for event in job.watch():
        kind = event.WhichOneof("what")
        if kind == "iteration" and event.iteration.iteration > 0:
            residuals.append(event.iteration.relative_residual)
        elif kind == "log":
            print(f"{job.name}: {event.log.text}")
    return residuals


async def main(scan):
    with tomoslab.Client() as client:
        jobs = {name: client.submit(scan, name, iterations=10, preview_every=5) for name in ("bb", "sirt", "cgls")}
        followed = await asyncio.gather(*(follow(job) for job in jobs.values()))
        for (name, job), residuals in zip(jobs.items(), followed):
            await job  # raises JobFailed, with the server's reason, where it did
            preview = job.preview("axial")
            print(f"{name}: residual {residuals[0]:.3f} -> {residuals[-1]:.3f}, slice {preview.index} up to {preview.image.max():.3f} 1/mm")


asyncio.run(main(sys.argv[1]))
