#!/usr/bin/python3
"""The Python package against a real server: upload, reconstruct, watch, read; errors with the server's words; asynchronous use."""

import asyncio
import time
import unittest

import numpy as np

import programs
import python_scans
import tomoslab
from scans import read_volume

BEAM_MODEL = {"source": {"tube": {"voltageKv": 100}, "filter": [{"composition": {"formula": "Al"}, "thicknessMm": 2}]},
              "detector": {"energyIntegrating": True},
              "material": [{"name": "plastic", "composition": {"formula": "C5H8O2", "densityGPerCm3": 1.18}},
                           {"name": "body", "composition": {"formula": "Al"}}]}
ENDLESS = 1_000_000


class ClientTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = cls.enterClassContext(programs.scratch_folder())
        cls.server = cls.enterClassContext(programs.Server(cls.folder))
        cls.client = cls.enterClassContext(tomoslab.Client(cls.server.address, patience_seconds=20))
        cls.geometry = python_scans.ball_geometry()
        cls.projections = python_scans.ball_projections(cls.geometry)
        cls.scan = cls.client.upload(cls.projections, cls.geometry, name="ball")

    def fetched(self, job, *flags):
        path = self.folder / "fetched.h5"
        programs.client("fetch", job.name, "-o", path, *flags, server=self.server)
        return read_volume(path)[0]

    def assert_same_bits(self, ours, theirs):
        self.assertEqual(ours.dtype, theirs.dtype)
        np.testing.assert_array_equal(ours.view(np.uint8), theirs.view(np.uint8))

    def test_the_volume_is_what_fetch_writes_bit_for_bit(self):
        self.assertTrue(self.scan.complete)
        self.assertEqual(self.scan.shape, self.projections.shape)
        job = self.client.submit(self.scan, "bb", iterations=12, lower=0, name="from Python", preview_every=4)
        log = list(job.watch())
        self.assertEqual([event.sequence for event in log], list(range(1, len(log) + 1)))
        iterations = [event.iteration for event in log if event.HasField("iteration") and event.iteration.iteration > 0]
        self.assertEqual([one.iteration for one in iterations], list(range(1, 13)))
        self.assertEqual(job.refresh().state, "SUCCEEDED")
        volume = job.volume()
        self.assertEqual(volume.shape, job.geometry.shape)
        self.assert_same_bits(volume, self.fetched(job))
        # It is the ball: its attenuation at its centre, nothing beside it.
        at = [round(c / job.geometry.voxel_mm + (n - 1) / 2) for c, n in zip(python_scans.CENTER_MM[::-1], volume.shape)]
        self.assertAlmostEqual(volume[tuple(at)], python_scans.PER_MM, delta=0.02)
        self.assertLess(volume[at[0], at[1], at[2] - 9], 0.02)
        # Parts of it.
        self.assert_same_bits(job.slices(3), volume[3])
        self.assert_same_bits(job.slices(-1), volume[-1])
        self.assert_same_bits(job.slices(slice(2, 5)), volume[2:5])
        # The previews of the last iteration are its middle slices.
        last = {plane: job.preview(plane) for plane in ("axial", "coronal", "sagittal")}
        self.assertEqual({one.iteration for one in last.values()}, {12})
        np.testing.assert_allclose(last["axial"].image, volume[last["axial"].index], atol=1e-6)
        np.testing.assert_allclose(last["coronal"].image, volume[:, last["coronal"].index], atol=1e-6)
        np.testing.assert_allclose(last["sagittal"].image, volume[:, :, last["sagittal"].index], atol=1e-6)
        self.assertEqual(job.preview("axial", iteration=4).iteration, 4)

    def test_logs_come_from_the_server_and_from_every_rank(self):
        job = self.client.submit(self.scan, "sirt", iterations=3)
        followed = list(job.logs(follow=True))
        self.assertTrue(any(line.text.startswith("SUCCEEDED") for line in followed[-8:]), followed)
        self.assertEqual(job.refresh().state, "SUCCEEDED")
        programs.wait_until(lambda: {line.rank for line in job.logs()} == {-1, 0, 1}, "every rank's lines are there")
        lines = list(job.logs())
        self.assertEqual([line.sequence for line in lines], list(range(1, len(lines) + 1)))
        self.assertEqual(lines[0].text, "QUEUED")
        self.assertEqual([line.text for line in job.logs(last=2)], [line.text for line in lines[-2:]])
        self.assertEqual(list(job.logs(severity="error")), [])
        self.assertEqual(list(job.logs(follow=True))[-1].sequence, lines[-1].sequence)
        for error, call in ((tomoslab.InvalidArgument, lambda: job.logs(severity="loud")),
                            (tomoslab.NotFound, lambda: list(tomoslab.Job(self.client._calls, type(job.message)(name="jobs/99")).logs()))):
            with self.assertRaises(error):
                call()

    def test_contents_are_what_fetch_writes_bit_for_bit(self):
        job = self.client.submit(self.scan, "poly-bb", iterations=3, beam_model=BEAM_MODEL).wait()
        self.assertEqual([entry.name for entry in job.materials.entry][0], "air")
        labels = job.volume(labels=True)
        self.assert_same_bits(labels, self.fetched(job, "--labels"))
        self.assertEqual([entry.voxels for entry in job.materials.entry], np.bincount(labels.ravel(), minlength=3).tolist())
        self.assert_same_bits(job.volume(energy_kev=60), self.fetched(job, "--energy", 60))
        self.assert_same_bits(job.slices(2, material="body"), self.fetched(job, "--material", "body")[2])
        with self.assertRaisesRegex(tomoslab.InvalidArgument, "exclude one another"):
            job.volume(labels=True, energy_kev=60)
        with self.assertRaisesRegex(tomoslab.TomoslabError, "gold"):
            job.volume(material="gold")

    def test_vectors_reconstruct_as_the_circle_does(self):
        vectors = tomoslab.from_astra(tomoslab.to_astra(self.geometry, 0.3), 0.3)
        by_vectors = self.client.upload(self.projections, vectors)
        grid = tomoslab.Volume((10, 20, 20), 1.0)
        volumes = [self.client.submit(scan, "sirt", iterations=5, volume=grid).wait().volume() for scan in (self.scan, by_vectors)]
        np.testing.assert_allclose(volumes[1], volumes[0], atol=1e-5 * volumes[0].max())

    def test_counts_with_flats_and_darks_reconstruct_as_line_integrals_do(self):
        counts = np.round(100 + 50_000 * np.exp(-self.projections)).astype(np.uint16)
        flats, darks = np.full((2, *counts.shape[1:]), 50_100, np.uint16), np.full((1, *counts.shape[1:]), 100, np.uint16)
        scan = self.client.upload(counts, self.geometry, "counts", flats=flats, darks=darks)
        self.assertEqual((scan.dtype, scan.message.flat_count, scan.message.dark_count), (np.uint16, 2, 1))
        volumes = [self.client.submit(one, "fdk").wait().volume() for one in (scan, self.scan)]
        np.testing.assert_allclose(volumes[0], volumes[1], atol=0.01 * volumes[1].max())  # counts are rounded to 1 in 50,000

    def test_many_jobs_are_awaited_at_once(self):
        async def both():
            jobs = [self.client.submit(self.scan, "cgls", iterations=3, priority=priority) for priority in (0, 1)]
            seen = []

            async def follow(job):
                async for event in job.watch():
                    seen.append((job.name, event.sequence))

            watching = asyncio.create_task(follow(jobs[0]))
            ended = await asyncio.wait_for(asyncio.gather(*jobs), 60)
            await asyncio.wait_for(watching, 20)
            return jobs, ended, seen

        jobs, ended, seen = asyncio.run(both())
        self.assertEqual([job.state for job in ended], ["SUCCEEDED", "SUCCEEDED"])
        self.assertEqual(seen, [(jobs[0].name, sequence) for sequence in range(1, jobs[0].message.last_event + 1)])
        self.assertGreater(len(seen), 3)

    def test_an_awaited_job_that_is_cancelled_raises(self):
        async def cancelled():
            job = self.client.submit(self.scan, "sirt", iterations=ENDLESS)
            async for event in job.watch():
                if event.HasField("iteration"):
                    job.cancel()
                    break
            with self.assertRaisesRegex(tomoslab.JobCancelled, f"{job.name} ended as CANCELLED"):
                await asyncio.wait_for(job, 60)

        asyncio.run(cancelled())

    def test_a_cancelled_task_stops_waiting(self):
        job = self.client.submit(self.scan, "sirt", iterations=ENDLESS)

        async def wait_a_little():
            await asyncio.wait_for(job, 0.5)

        start = time.monotonic()
        with self.assertRaises(TimeoutError):
            asyncio.run(wait_a_little())
        self.assertLess(time.monotonic() - start, 10)
        job.cancel()

    def test_a_job_is_deleted_when_it_is_over_and_a_scan_when_it_is_free(self):
        scan = self.client.upload(self.projections, self.geometry)
        job = self.client.submit(scan.name, "sirt", iterations=ENDLESS)
        with self.assertRaises(tomoslab.FailedPrecondition):
            job.delete()
        with self.assertRaises(tomoslab.FailedPrecondition):
            scan.delete()
        with self.assertRaises(tomoslab.JobCancelled):
            job.cancel().wait()
        self.assertTrue(job.is_over)
        self.assertIn(job.name, [one.name for one in self.client.jobs()])
        self.assertIn(scan.name, [one.name for one in self.client.scans()])
        job.delete()
        scan.delete()
        for forget in (lambda: self.client.job(job.name), lambda: self.client.scan(scan.name)):
            with self.assertRaises(tomoslab.NotFound):
                forget()

    def test_lists_all_pages_newest_first(self):
        jobs = [self.client.submit(self.scan, "fdk", name=str(i)) for i in range(3)]
        self.assertEqual([job.name for job in self.client.jobs(limit=2)], [jobs[2].name, jobs[1].name])
        scan = next(one for one in self.client.scans() if one.name == self.scan.name)
        self.assertEqual(scan.geometry, self.geometry)  # lists come without angles; it asks

    def test_plans_without_a_job(self):
        before = len(self.client.jobs())
        plan = self.client.plan(self.scan, "bb", volume=tomoslab.Volume((10, 20, 30), 0.5))
        self.assertTrue(plan.fits, plan.explanation)
        self.assertEqual((plan.volume_bytes, plan.projection_bytes), (4 * 10 * 20 * 30, self.projections.nbytes))
        self.assertEqual(len(self.client.jobs()), before)

    def test_errors_are_exceptions_with_the_servers_words(self):
        done = self.client.submit(self.scan, "fdk").wait()
        for error, words, call in [
                (tomoslab.NotFound, "jobs/none", lambda: self.client.job("jobs/none")),
                (tomoslab.NotFound, "jobs/none", lambda: list(tomoslab.Watch(self.client._calls, "jobs/none"))),
                (tomoslab.InvalidArgument, "iterations = -1 must be between", lambda: self.client.submit(self.scan, "bb", iterations=-1)),
                (tomoslab.InvalidArgument, "are the two swapped", lambda: self.client.create_scan(
                    tomoslab.cone_beam(tomoslab.Detector(4, 4, 1), [0], 300, 200))),
                (tomoslab.FailedPrecondition, "has no materials", lambda: done.volume(labels=True)),
                (tomoslab.NotFound, "preview", lambda: done.preview("axial", iteration=77)),
                (TypeError, "relaxation does not apply to fdk", lambda: self.client.submit(self.scan, "fdk", relaxation=1)),
                (tomoslab.InvalidArgument, "slices 0 to", lambda: done.slices(999)),
                (tomoslab.InvalidArgument, "float64", lambda: self.client.create_scan(self.geometry, float)),
                (tomoslab.InvalidArgument, r"\(35, 12, 24\).*\(36, 12, 24\)", lambda: self.client.create_scan(self.geometry).upload(
                    self.projections[:35])),
                (tomoslab.InvalidArgument, "float32, the scan is uint16", lambda: self.client.create_scan(
                    self.geometry, np.uint16, "counts", reference_counts=1000).upload(self.projections))]:
            with self.subTest(words), self.assertRaisesRegex(error, words):
                call()
        self.assertTrue(issubclass(tomoslab.NotFound, tomoslab.TomoslabError))

    def test_no_server_is_said_at_once(self):
        start = time.monotonic()
        with self.assertRaisesRegex(tomoslab.Unavailable, "127.0.0.1:9: .*does tomoslabd run there"):
            tomoslab.Client("127.0.0.1:9")
        self.assertLess(time.monotonic() - start, 12)

    def test_a_failed_job_says_why(self):
        # Every transmission is below 0, and the job refuses to make something of that.
        scan = self.client.upload(np.full_like(self.projections, -1), self.geometry, "transmission")
        job = self.client.submit(scan, "fdk", low_counts="reject")
        with self.assertRaisesRegex(tomoslab.JobFailed, f"{job.name} ended as FAILED: .+"):
            job.wait()


if __name__ == "__main__":
    unittest.main()
