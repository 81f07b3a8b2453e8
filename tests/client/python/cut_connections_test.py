#!/usr/bin/python3
"""The Python package when connections break: uploads go on where they were, watches miss and repeat nothing, volumes come whole."""

import threading
import time
import unittest

import numpy as np

import programs
import python_scans
import tomoslab
from proxy import Proxy

ENDLESS = 1_000_000


class DetectorFailed(Exception):
    pass


class CutConnections(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(programs.scratch_folder())
        self.server = self.enterContext(programs.Server(self.folder))
        self.proxy = self.enterContext(Proxy(self.server.address))
        self.client = self.enterContext(tomoslab.Client(self.proxy.address, patience_seconds=30))
        self.direct = self.enterContext(tomoslab.Client(self.server.address))

    def assert_on_server(self, scan, projections):
        """The server computes with these projections: an FDK of them and of a plain upload are the same."""
        plain = self.direct.upload(projections, scan.geometry)
        grid = tomoslab.Volume((8, 32, 32), 0.5)
        volumes = [self.direct.submit(one.name, "fdk", preview_every=-1, volume=grid).wait().volume() for one in (scan, plain)]
        np.testing.assert_array_equal(volumes[0], volumes[1])

    def test_an_iterator_that_breaks_off_is_resumed_where_it_was(self):
        geometry = python_scans.ball_geometry()
        projections = python_scans.ball_projections(geometry)
        scan = self.client.create_scan(geometry)

        def detector(first, failing_at):
            for view in range(first, len(projections)):
                if view == failing_at:
                    raise DetectorFailed(f"no frame {view}")
                yield projections[view]

        with self.assertRaisesRegex(DetectorFailed, "no frame 11"):
            scan.upload_frames(detector(0, failing_at=11))
        self.assertFalse(scan.refresh().complete)
        again = self.client.scan(scan.name)  # as another program would
        self.assertEqual(again.missing_views(), list(range(11, 36)))
        sent = self.proxy.forwarded_bytes
        with self.assertRaises(DetectorFailed):
            again.upload_frames(detector(0, failing_at=20))  # from the start: what is there is not sent again
        self.assertLess(self.proxy.forwarded_bytes - sent, 15 * projections[0].nbytes)
        self.assertEqual(again.missing_views(), list(range(20, 36)))
        again.upload_frames(detector(20, failing_at=None), first_view=20)
        self.assertTrue(again.complete)
        self.assert_on_server(again, projections)
        with self.assertRaisesRegex(tomoslab.InvalidArgument, "view 36 came; the scan has views 0 to 35"):
            again.upload_frames(projections[:1], first_view=36)
        with self.assertRaisesRegex(tomoslab.InvalidArgument, r"view 3 has the shape \(2, 2\)"):
            again.upload_frames([np.zeros((2, 2), np.float32)], first_view=3)

    def test_uploads_survive_cut_connections(self):
        geometry = python_scans.ball_geometry(views=60, rows=128, columns=512)  # 15.7 MB
        projections = python_scans.ball_projections(geometry)
        for how in ("array", "frames"):
            with self.subTest(how):
                cuts = self.proxy.cuts
                scan = self.client.create_scan(geometry)
                self.proxy.forwarded_bytes, self.proxy.cut_after = 0, 5 << 20
                if how == "array":
                    scan.upload(projections)
                else:
                    scan.upload_frames(iter(projections))
                self.assertEqual(self.proxy.cuts, cuts + 1)
                self.assertTrue(scan.complete)
                self.assert_on_server(scan, projections)

    def test_uploads_survive_a_killed_server(self):
        geometry = python_scans.ball_geometry(views=40)
        projections = python_scans.ball_projections(geometry)

        def frames():
            for view, frame in enumerate(projections):
                if view == 25:
                    self.server.kill()
                    self.server.restart()
                yield frame

        scan = self.client.upload_frames(frames(), geometry)
        self.assertTrue(scan.complete)
        self.assert_on_server(scan, projections)

    def test_an_unreachable_server_ends_the_upload_after_the_patience(self):
        geometry = python_scans.ball_geometry()
        projections = python_scans.ball_projections(geometry)
        with tomoslab.Client(self.proxy.address, patience_seconds=1) as impatient:
            scan = impatient.create_scan(geometry)

            def frames():
                yield from projections[:5]
                self.proxy.refusing = True
                self.proxy.cut()
                yield from projections[5:]

            start = time.monotonic()
            with self.assertRaisesRegex(tomoslab.Unavailable, "does tomoslabd run there"):
                scan.upload_frames(frames())
            self.assertLess(time.monotonic() - start, 20)
            self.proxy.refusing = False

    def test_a_watch_misses_and_repeats_nothing(self):
        geometry = python_scans.ball_geometry()
        scan = self.client.upload(python_scans.ball_projections(geometry), geometry)
        job = self.client.submit(scan, "sirt", iterations=3000)
        seen, cuts = [], 0
        for event in job.watch():
            seen.append(event.sequence)
            if len(seen) in (10, 60, 200):
                self.proxy.cut()
                cuts += 1
        job.refresh()
        self.assertEqual((job.state, cuts), ("SUCCEEDED", 3))
        self.assertEqual(seen, list(range(1, job.message.last_event + 1)))
        self.assertEqual([event.sequence for event in job.watch(after_event=len(seen) - 2)], seen[-2:])

    def test_a_watch_ends_when_it_is_closed_or_the_server_stays_away(self):
        geometry = python_scans.ball_geometry()
        scan = self.client.upload(python_scans.ball_projections(geometry), geometry)
        job = self.client.submit(scan, "sirt", iterations=ENDLESS, preview_every=-1)
        watch = job.watch()
        threading.Timer(0.5, watch.close).start()
        self.assertGreater(len(list(watch)), 0)
        with tomoslab.Client(self.proxy.address, patience_seconds=1) as impatient:
            watch = impatient.job(job.name).watch()
            next(watch)
            self.proxy.refusing = True
            self.proxy.cut()
            with self.assertRaises(tomoslab.Unavailable):
                list(watch)
        self.proxy.refusing = False
        self.direct.job(job.name).cancel()

    def test_a_volume_comes_whole_over_cut_connections(self):
        geometry = python_scans.ball_geometry()
        scan = self.direct.upload(python_scans.ball_projections(geometry), geometry)
        job = self.direct.submit(scan, "fdk", volume=tomoslab.Volume((96, 192, 192), 0.1)).wait()  # 14 MB
        expected = job.volume()
        through = self.client.job(job.name)
        timers = [threading.Timer(delay, self.proxy.cut) for delay in (0.002, 0.01, 0.02)]
        for timer in timers:
            timer.start()
        for _ in range(5):
            np.testing.assert_array_equal(through.volume(), expected)
        for timer in timers:
            timer.join()
        self.assertGreaterEqual(self.proxy.cuts, 1)


if __name__ == "__main__":
    unittest.main()
