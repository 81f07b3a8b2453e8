#!/usr/bin/python3
"""--device: auto finishes a job whatever is there and says what ranks computed on; cuda without a GPU says so at once."""

import subprocess

from programs import BIN, ROOT, client, scratch_folder

TOOTH = ROOT / "tests/data/tooth_dx.h5"
JOB = ["--algorithm", "bb", "--iterations", 2, "--rotation-axis", 296, "--ranks", 2, "--threads", 1]


def main():
    with scratch_folder() as folder:
        said = client("reconstruct", TOOTH, *JOB, "--device", "auto", "-o", folder / "auto.h5")
        ranks = [line for line in (said.stdout + said.stderr).splitlines() if " rank 0 on " in line]
        assert ranks and ("(cpu, " in ranks[0] or "(cuda " in ranks[0]), said
        if "(cuda " in ranks[0]:
            client("reconstruct", TOOTH, *JOB, "--device", "cuda", "-o", folder / "cuda.h5")
            return
        said = client("reconstruct", TOOTH, *JOB, "--device", "cuda", "-o", folder / "cuda.h5", expect=None, timeout=30)
        assert said.returncode not in (0, None) and "--device=cuda" in said.stderr, said
        assert "driver" in said.stderr or "GPU" in said.stderr or "without CUDA" in said.stderr, said
        rank = subprocess.run([BIN / "tomoslab-worker", "--server", "localhost:1", "--pool", "p", "--device", "cuda"],
                              capture_output=True, text=True, timeout=30)
        assert rank.returncode != 0 and "--device=cuda" in rank.stderr + rank.stdout, rank


if __name__ == "__main__":
    main()
