#!/usr/bin/python3
"""From keyword parameters to the server's JobSpec."""

import json
import tempfile
import unittest

from google.protobuf import json_format

import tomoslab
from tomoslab.job_spec import PARAMETERS, make_spec


def spec(algorithm, volume=None, beam_model=None, **parameters):
    return json_format.MessageToDict(make_spec("scans/1", algorithm, volume, beam_model, parameters))


class JobSpec(unittest.TestCase):
    def test_sets_what_is_said_and_the_clients_iterations(self):
        self.assertEqual(spec("fdk"), {"scan": "scans/1", "algorithm": {"fdk": {}}})
        self.assertEqual(spec("fdk", window="shepp-logan", cutoff=0.5)["algorithm"], {"fdk": {"window": "SHEPP_LOGAN", "cutoff": 0.5}})
        self.assertEqual(spec("bb", lower=0, upper=0.5, stop_residual=0.01)["algorithm"]["bb"], {
            "stopping": {"iterations": 30, "relativeResidual": 0.01}, "bounds": {"lowerPerMm": 0, "upperPerMm": 0.5}})
        self.assertEqual(spec("sirt", iterations=7, relaxation=1.5)["algorithm"]["sirt"], {"stopping": {"iterations": 7}, "relaxation": 1.5})
        self.assertEqual(spec("dart", grey_values=[0.1, 0.2], inner="cgls", seed=4)["algorithm"]["dart"], {
            "loop": {"stopping": {"iterations": 20}, "inner": "CGLS", "seed": "4"}, "greyValuePerMm": [0.1, 0.2]})
        self.assertEqual(spec("poly-bb", misfit="transmissions", weights="statistical")["algorithm"]["polyBb"], {
            "stopping": {"iterations": 40}, "misfit": {"domain": "TRANSMISSIONS", "weights": "STATISTICAL"}})

    def test_sets_what_every_algorithm_has(self):
        message = spec("cgls", volume=tomoslab.Volume((3, 4, 5), 0.5, 0.25, (1, 2, 3)), start="jobs/9", rotation_axis=12.5, name="a",
                       projector="footprint", preview_every=-1, priority=3, pool="p", background_offset=0.1, low_counts="reject")
        self.assertEqual(message["volume"], {"columns": 5, "rows": 4, "slices": 3, "voxelWidthMm": 0.5, "voxelHeightMm": 0.25,
                                             "centerMm": {"x": 1, "y": 2, "z": 3}})
        self.assertEqual((message["start"], message["displayName"], message["projector"]), ({"job": "jobs/9"}, "a", "FOOTPRINT"))
        self.assertEqual(message["preprocessing"], {"rotationAxisColumn": 12.5, "backgroundOffset": 0.1, "lowCounts": "REJECT"})
        self.assertEqual((message["preview"], message["priority"], message["pool"]), ({"everyIterations": -1}, 3, "p"))
        self.assertEqual(spec("fdk", rotation_axis="auto")["preprocessing"], {"findRotationAxis": True})
        self.assertEqual([spec("bb", start=start)["start"] for start in ("zero", "fdk")], [{"zero": True}, {"fdk": {}}])

    def test_every_parameter_leads_to_a_field(self):
        samples = {"window": "hann", "inner": "bb", "step_rule": "bb1", "misfit": "transmissions", "weights": "unit", "grey_values": [0.1],
                   "linear_adjoint": True, "fixed_grey_values": True, "refine_densities": True}
        for algorithm, known in PARAMETERS.items():
            for name in known:
                plain = make_spec("scans/1", algorithm, None, None, {})
                self.assertNotEqual(make_spec("scans/1", algorithm, None, None, {name: samples.get(name, 1)}), plain, (algorithm, name))

    def test_reads_beam_models(self):
        model = {"material": [{"name": "body", "composition": {"formula": "Al"}}]}
        self.assertEqual(spec("poly-bb", beam_model=model)["beamModel"], model)
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(model, file)
            file.flush()
            self.assertEqual(spec("poly-bb", beam_model=file.name)["beamModel"], model)
        with self.assertRaisesRegex(tomoslab.InvalidArgument, "no-such-file"):
            spec("poly-bb", beam_model="no-such-file")
        with self.assertRaisesRegex(tomoslab.InvalidArgument, "materials"):
            spec("poly-bb", beam_model={"materials": []})

    def test_refuses_what_does_not_fit_with_words(self):
        for words, arguments in [("relaxation does not apply to fdk, only to sirt, poly-sirt", {"algorithm": "fdk", "relaxation": 1}),
                                 ("no parameter iteration; bb knows .*iterations", {"algorithm": "bb", "iteration": 3})]:
            with self.assertRaisesRegex(TypeError, words):
                spec(**arguments)
        for words, arguments in [("'mlem' is none of fdk, sirt", {"algorithm": "mlem"}),
                                 ("window = 'box' is none of ram-lak", {"algorithm": "fdk", "window": "box"}),
                                 ("iterations = 'many'", {"algorithm": "bb", "iterations": "many"}),
                                 ("grey_values = 'x'", {"algorithm": "dart", "grey_values": "x"}),
                                 ("start = 'sirt'", {"algorithm": "bb", "start": "sirt"}),
                                 ("rotation_axis = 'middle'", {"algorithm": "bb", "rotation_axis": "middle"})]:
            with self.assertRaisesRegex(tomoslab.InvalidArgument, words):
                spec(**arguments)


if __name__ == "__main__":
    unittest.main()
