#!/usr/bin/python3
"""The examples of docs/examples run: three scripts as programs, and the notebook's code cells in order."""

import json
import os
import re
import subprocess
import sys
import unittest
import unittest.mock

import numpy as np

import programs

EXAMPLES = programs.ROOT / "docs/examples"


class Examples(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = cls.enterClassContext(programs.scratch_folder())
        cls.server = cls.enterClassContext(programs.Server(cls.folder))

    def run_script(self, name, *arguments):
        done = subprocess.run([sys.executable, EXAMPLES / name, *map(str, arguments)], capture_output=True, text=True, timeout=120,
                              env={**os.environ, "TOMOSLAB_SERVER": self.server.address})
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_arrays(self):
        said = self.run_script("reconstruct_arrays.py", self.folder / "slice.png")
        self.assertAlmostEqual(float(re.search(r"([\d.]+) 1/mm inside", said)[1]), 0.15, delta=0.015)
        self.assertTrue((self.folder / "slice.png").read_bytes().startswith(b"\x89PNG"))

    def test_frames_and_many_jobs(self):
        said = self.run_script("stream_frames.py")
        self.assertAlmostEqual(float(re.search(r"([\d.]+) 1/mm inside", said)[1]), 0.1, delta=0.01)
        scan = said.split()[0]
        self.assertIn("1/mm inside", self.run_script("stream_frames.py", scan))  # all there: it goes on with the job
        said = self.run_script("watch_many.py", scan)
        for algorithm in ("bb", "sirt", "cgls"):
            first, last = map(float, re.search(rf"{algorithm}: residual ([\d.]+) -> ([\d.]+)", said).groups())
            self.assertLess(last, first)

    def test_notebook(self):
        notebook = json.loads((EXAMPLES / "first_reconstruction.ipynb").read_text())
        names = {}
        with unittest.mock.patch.dict(os.environ, TOMOSLAB_SERVER=self.server.address):
            for cell in notebook["cells"]:
                if cell["cell_type"] == "code":
                    self.assertEqual(cell["outputs"], [], "notebooks are kept without their outputs")
                    exec("".join(cell["source"]), names)  # pylint: disable=exec-used
        self.assertAlmostEqual(names["measured_mm3"] / names["expected_mm3"], 1, delta=0.05)
        self.assertAlmostEqual(float(np.median(names["volume"][names["labels"] == 1])), 0.1, delta=0.01)


if __name__ == "__main__":
    unittest.main()
