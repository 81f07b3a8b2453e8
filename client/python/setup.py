"""Adds the modules made of proto/ to what is installed; everything else is in pyproject.toml."""

import pathlib
import sys

from setuptools import setup
from setuptools.command.build_py import build_py

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import generate_messages  # noqa: E402


class BuildWithMessages(build_py):
    def run(self):
        super().run()
        generate_messages.generate(self.build_lib)


setup(cmdclass={"build_py": BuildWithMessages})
