#!/usr/bin/python3
"""Geometry of the Python package: by hand, against numbers that the C++ conversions gave, and round trips to ASTRA."""

import unittest

import numpy as np

import tomoslab
from tomoslab import astra
from tomoslab.geometry import geometry_from_proto

DETECTOR = tomoslab.Detector(rows=5, columns=7, pixel_width_mm=0.5, pixel_height_mm=0.25)
ANGLES = [0, 37, 250]
SHIFTS = tomoslab.Shifts(u_mm=1.5, v_mm=-0.75, axis_mm=0.4, rotation_deg=3)
CONE = tomoslab.cone_beam(DETECTOR, ANGLES, 100, 160, SHIFTS)
PARALLEL = tomoslab.parallel_beam(DETECTOR, ANGLES, SHIFTS)
# MakeCircularScan of worker/geometry/scan.cc for these two, each view: ToAstra's 12 numbers, then the view's source and corner.
OF_CPP = {
    "cone": [
        [-0.4, -100, 0, 1.1, 60, -0.75, 0.499314767377, 0, 0.0261679781215, -0.0130839890607, 0, 0.249657383689,
         -0.4, -100, 0, -0.37177632401, 60, -1.32781870174],
        [59.8620481112, -80.104277014, 0, -35.2304023281, 48.5801271283, -0.75, 0.398770503919, 0.300495128289, 0.0261679781215,
         -0.010449338277, -0.00787414117951, 0.249657383689, 59.8620481112, -80.104277014, 0, -36.4058151633, 47.6943900258, -1.32781870174],
        [-93.8324540213, 34.5778913809, 0, 56.0053350895, -21.5548704824, -0.75, -0.170775708303, -0.469202402354, 0.0261679781215,
         0.00447498781382, 0.0122949279708, 0.249657383689, -93.8324540213, 34.5778913809, 0, 56.5087122388, -20.1718531313, -1.32781870174]],
    "parallel": [
        [0, 1, 0, 1.1, 0, -0.75, 0.499314767377, 0, 0.0261679781215, -0.0130839890607, 0, 0.249657383689,
         0, -1, 0, -0.37177632401, 0, -1.32781870174],
        [-0.601815023152, 0.798635510047, 0, 0.878499061052, 0.661996525467, -0.75, 0.398770503919, 0.300495128289, 0.0261679781215,
         -0.010449338277, -0.00787414117951, 0.249657383689, 0.601815023152, -0.798635510047, 0, -0.29691377415, -0.223740577042,
         -1.32781870174],
        [0.939692620786, -0.342020143326, 0, -0.376222157658, -1.03366188286, -0.75, -0.170775708303, -0.469202402354, 0.0261679781215,
         0.00447498781382, 0.0122949279708, 0.249657383689, -0.939692620786, 0.342020143326, 0, 0.127154991623, 0.349355468255,
         -1.32781870174]],
}
TOLERANCE = 1e-9  # the numbers above have 12 digits


class Geometry(unittest.TestCase):
    def test_follows_the_convention_by_hand(self):
        # At 0: source at (0, -100, 0), detector's centre at (0, 100, 0), columns along +x, rows along +z. At 90: turned counter-clockwise.
        at_0, at_90 = tomoslab.cone_beam(tomoslab.Detector(3, 5, 2, 1), [0, 90], 100, 200).vectors()
        np.testing.assert_allclose(at_0, [0, -100, 0, 0, 100, 0, 2, 0, 0, 0, 0, 1], atol=1e-12)
        np.testing.assert_allclose(at_90, [100, 0, 0, -100, 0, 0, 0, 2, 0, 0, 0, 1], atol=1e-12)

    def test_gives_the_vectors_of_the_cpp_code(self):
        for geometry in (CONE, PARALLEL):
            expected = np.array(OF_CPP[geometry.beam])
            np.testing.assert_allclose(geometry.vectors(), expected[:, :12], atol=TOLERANCE)
            views = astra.from_vectors(geometry.beam, geometry.vectors(), DETECTOR)
            np.testing.assert_allclose(np.hstack([views.source, views.corner]), expected[:, 12:], atol=TOLERANCE)
            np.testing.assert_allclose(astra.to_vectors(geometry.beam, views, DETECTOR), geometry.vectors(), atol=1e-12)

    def test_comes_back_from_astra(self):
        for geometry in (CONE, PARALLEL):
            there = tomoslab.to_astra(geometry, mm_per_unit=0.2)
            self.assertEqual((there["DetectorRowCount"], there["DetectorColCount"]), (5, 7))
            back = tomoslab.from_astra(there, mm_per_unit=0.2)
            self.assertEqual(back.beam, geometry.beam)
            np.testing.assert_allclose(back.vectors(), geometry.vectors(), atol=1e-12)
            np.testing.assert_allclose([back.detector.pixel_width_mm, back.detector.pixel_height_mm], [0.5, 0.25], rtol=1e-12)
        # A length in ASTRA's unit of 0.2 mm is five times as many; a parallel ray's direction has no unit.
        self.assertAlmostEqual(tomoslab.to_astra(CONE, 0.2)["Vectors"][0, 1], -500)
        self.assertAlmostEqual(tomoslab.to_astra(PARALLEL, 0.2)["Vectors"][0, 1], 1)

    def test_takes_astras_circles(self):
        # What astra.create_proj_geom('cone', 0.5, 0.25, 5, 7, angles, 100, 60) and ('parallel3d', ...) return.
        circle = {"DetectorSpacingX": 0.5, "DetectorSpacingY": 0.25, "DetectorRowCount": 5, "DetectorColCount": 7,
                  "ProjectionAngles": np.deg2rad(ANGLES)}
        cone = tomoslab.from_astra({"type": "cone", **circle, "DistanceOriginSource": 100, "DistanceOriginDetector": 60})
        np.testing.assert_allclose(cone.vectors(), tomoslab.cone_beam(DETECTOR, ANGLES, 100, 160).vectors(), atol=1e-12)
        parallel = tomoslab.from_astra({"type": "parallel3d", **circle})
        np.testing.assert_allclose(parallel.vectors(), tomoslab.parallel_beam(DETECTOR, ANGLES).vectors(), atol=1e-12)
        with self.assertRaisesRegex(tomoslab.InvalidArgument, "fanflat"):
            tomoslab.from_astra({"type": "fanflat", **circle})

    def test_comes_back_from_messages(self):
        self.assertEqual(geometry_from_proto(CONE.to_proto()), CONE)
        vectors = PARALLEL.to_vectors()
        back = geometry_from_proto(vectors.to_proto())
        self.assertEqual(back, vectors)
        np.testing.assert_array_equal(back.views, vectors.views)

    def test_refuses_wrong_shapes(self):
        with self.assertRaisesRegex(tomoslab.InvalidArgument, r"\(2, 6\)"):
            tomoslab.VectorGeometry("cone", DETECTOR, np.zeros((2, 6)))
        with self.assertRaisesRegex(tomoslab.InvalidArgument, "angles_deg"):
            tomoslab.parallel_beam(DETECTOR, np.zeros((3, 2)))


if __name__ == "__main__":
    unittest.main()
