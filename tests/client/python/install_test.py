#!/usr/bin/python3
"""pip installs the package from a checkout, with the modules made of proto/ and py.typed; without network, by Debian's setuptools."""

import os
import shutil
import subprocess
import sys

from programs import ROOT, scratch_folder


def main():
    with scratch_folder() as folder:
        for name in ("client/python", "proto"):  # pip builds within the tree
            shutil.copytree(ROOT / name, folder / "tree" / name, ignore=shutil.ignore_patterns("__pycache__"))
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--no-build-isolation", "--no-warn-script-location",
                   "--disable-pip-version-check", "--root-user-action=ignore", "--target", folder / "site", folder / "tree/client/python"]
        environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "PYTHONDONTWRITEBYTECODE")}
        subprocess.run(list(map(str, command)), check=True, env=environment)
        assert (folder / "site/tomoslab/py.typed").exists()
        script = "import tomoslab, pathlib, tomoslab.v1.job_pb2 as job; print(pathlib.Path(tomoslab.__file__).parent, job.JobSpec(scan='s').scan)"
        done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True, cwd=folder,
                              env={**environment, "PYTHONPATH": str(folder / "site")})
        assert done.stdout.split() == [str(folder / "site/tomoslab"), "s"], done.stdout
    print("ok")


if __name__ == "__main__":
    main()
