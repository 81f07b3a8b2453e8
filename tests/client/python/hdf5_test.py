#!/usr/bin/python3
"""Data Exchange files by the Python package: the scan on the server is the one that `tomoslab submit` makes of the same file."""

import unittest

import h5py
import numpy as np

import programs
import python_scans
import tomoslab
from scans import write_data_exchange

DATA = programs.ROOT / "tests/data"


class Hdf5(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = cls.enterClassContext(programs.scratch_folder())
        cls.server = cls.enterClassContext(programs.Server(cls.folder, "--no-local-pool"))
        cls.client = cls.enterClassContext(tomoslab.Client(cls.server.address))

    def by_command_line(self, path):
        done = programs.client("submit", path, "--upload-only", "--algorithm", "bb", server=self.server)
        name = "scans/" + (done.stdout + done.stderr).split("scans/")[-1].split()[0].strip(":,.")
        return self.client.scan(name)

    def assert_same_scan(self, path):
        ours, theirs = self.client.upload_hdf5(path), self.by_command_line(path)
        self.assertTrue(ours.complete and theirs.complete)
        for field in ("data_type", "quantity", "view_count", "flat_count", "dark_count", "flat_after_views", "dark_after_views"):
            self.assertEqual(getattr(ours.message, field), getattr(theirs.message, field), field)
        self.assertEqual((ours.geometry.beam, ours.shape), (theirs.geometry.beam, theirs.shape))
        np.testing.assert_allclose(ours.geometry.vectors(), theirs.geometry.vectors(), atol=1e-9)
        self.assertEqual(type(ours.geometry), type(theirs.geometry))

    def test_files_of_every_convention(self):
        for name in ("tooth_dx.h5", "htc2022_ta_fan.h5"):
            with self.subTest(name), h5py.File(DATA / name) as file:
                if "geometry" in file:
                    self.assert_same_scan(DATA / name)
                else:
                    with self.assertRaisesRegex(tomoslab.InvalidArgument, "has no /geometry; give geometry="):
                        self.client.upload_hdf5(DATA / name)
                    geometry = self.by_command_line(DATA / name).geometry
                    scan = self.client.upload_hdf5(DATA / name, geometry=geometry)
                    self.assertTrue(scan.complete)
                    self.assertEqual(scan.message.flat_count, len(file["exchange/data_white"]))

    def test_all_attributes_of_the_geometry(self):
        projections = np.ones((5, 3, 4), np.float32)
        lengths = {"source_object": 10.0, "source_detector": 16.0, "pixel_size": 0.1, "pixel_height": 0.05, "length_unit": "cm"}
        shifts = {"detector_shift_u": 0.2, "detector_shift_v": -0.1, "rotation_axis_offset": 0.03, "detector_rotation_deg": 2.0}
        for number, attributes in enumerate([{**lengths, **shifts, "beam": "cone", "convention": "tomoslab"},
                                             {**lengths, "beam": "cone", "center_col": 1.0, "center_row": 2.0, "direction": -1.0},
                                             {**lengths, "convention": "tomoslab", "direction": -1.0},
                                             {"beam": "parallel", "pixel_size": 0.5}]):
            with self.subTest(attributes):
                path = self.folder / f"attributes{number}.h5"
                write_data_exchange(path, projections, [0, 50, 100, 200, 300], geometry=attributes)
                self.assert_same_scan(path)

    def test_view_vectors_and_frames_in_between(self):
        geometry = python_scans.ball_geometry(views=6)
        counts = np.full((6, 12, 24), 900, np.uint16)
        path = self.folder / "vectors.h5"
        write_data_exchange(path, counts, geometry.angles_deg, "counts", {"beam": "cone", "pixel_size": 1.6}, flats=counts[:3], darks=counts[:1])
        with h5py.File(path, "a") as file:
            file["geometry/view_vectors"] = geometry.vectors()
            white, dark, view = b"/exchange/data_white", b"/exchange/data_dark", b"/exchange/data"
            file["defaults/HDF5FrameLocation"] = np.array([dark, white, white, *[view] * 4, white, view, view])
        self.assert_same_scan(path)
        self.assertEqual(list(self.client.scans(1)[0].message.flat_after_views), [0, 0, 4])

    def test_a_last_view_that_repeats_the_first_is_left_out(self):
        path = self.folder / "turn.h5"
        write_data_exchange(path, np.ones((9, 3, 4), np.float32), np.linspace(0, 360, 9), geometry={"beam": "parallel", "pixel_size": 1.0})
        self.assert_same_scan(path)
        self.assertEqual(self.client.scans(1)[0].shape, (8, 3, 4))

    def test_what_is_not_understood_is_refused(self):
        path = self.folder / "bad.h5"
        path.write_text("no HDF5")
        with self.assertRaisesRegex(tomoslab.InvalidArgument, "bad.h5: is not an HDF5 file"):
            self.client.upload_hdf5(path)
        geometry = {"beam": "parallel", "pixel_size": 1.0}
        data = np.ones((4, 3, 5), np.float32)
        for words, change in [("has 4 angles for 4 views, or some that are not finite", lambda file: file["exchange/theta"].write_direct(
                                  np.array([0, 1, np.nan, 3.0]))),
                              ("nothing says whether these are counts", lambda file: file["exchange/data"].attrs.pop("kind")),
                              ("'y:theta:x' is not", lambda file: file["exchange/data"].attrs.modify("axes", "y:theta:x")),
                              ("unknown unit of length 'inch'", lambda file: file["geometry"].attrs.modify("length_unit", "inch")),
                              ("'spiral' is none of", lambda file: file["geometry"].attrs.modify("beam", "spiral")),
                              ("data: is missing", lambda file: file["exchange"].pop("data"))]:
            with self.subTest(words):
                write_data_exchange(path, data, [0, 1, 2, 3], geometry=geometry)
                with h5py.File(path, "a") as file:
                    change(file)
                with self.assertRaisesRegex(tomoslab.InvalidArgument, words):
                    self.client.upload_hdf5(path)


if __name__ == "__main__":
    unittest.main()
