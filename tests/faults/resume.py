#!/usr/bin/python3
"""Jobs are disturbed while they iterate and go on from their checkpoints: a rank is killed (for every algorithm), the server is killed, the
server is shut down, the newest checkpoint is damaged, the pool comes back with another number of ranks. Where the ranks are as many as
before, the result equals an undisturbed run's bit for bit.

resume.py [CASE ...]: only these: killed, drained, damaged, other, or algorithms for which a rank is killed.
"""

import json
import os
import pathlib
import signal
import sys
import time

import numpy as np

from figures import Figures
from programs import ROOT, Server, client, events, job_name, messages, scratch_folder, wait_until
from scans import read_volume

SCAN = ROOT / "tests/data/tooth_dx.h5"
PREPROCESSING = ["--rotation-axis", 296, "--size", "128,128,2"]
GREY_VALUES = [0.4, 1.2]  # 1/mm, of the tooth: near enough for labels that move
BEAM_MODEL = {
    "source": {"spectrum": {"energyKev": [40, 60, 80], "value": [1, 2, 1]}},
    "material": [{"name": "light", "attenuationPerMm": {"energyKev": [40, 60, 80], "value": [0.6, 0.4, 0.3]}},
                 {"name": "dense", "attenuationPerMm": {"energyKev": [40, 60, 80], "value": [2.4, 1.2, 0.8]}}],
    "referenceEnergyKev": 60,
}


def stopping(count):
    return {"stopping": {"iterations": count}}


def loop(inner, count):
    return {"loop": {**stopping(count), "inner": inner, "innerIterations": 3, "startIterations": 8, "freeFraction": 0.5}}


ALGORITHMS = {
    "sirt": {"sirt": {**stopping(24), "relaxation": 1.5}},
    "cgls": {"cgls": stopping(24)},
    "bb": {"bb": {**stopping(40), "bounds": {"lowerPerMm": 0}}},
    "poly-bb": {"polyBb": stopping(16)},
    "poly-sirt": {"polySirt": stopping(16)},
    "dart": {"dart": {**loop("SIRT", 10), "greyValuePerMm": GREY_VALUES}},
    "dart with bb": {"dart": {**loop("BB", 10), "greyValuePerMm": GREY_VALUES}},
    "poly-dart": {"polyDart": {**loop("SIRT", 6), "refineDensities": True}},
    "poly-dart with poly-bb": {"polyDart": loop("BB", 6)},
}


class Jobs:
    """Submits jobs of one server, and disturbs them."""

    def __init__(self, server, folder, figures):
        self.server, self.folder, self.figures = server, folder, figures

    def submit(self, algorithm, every):
        spec = {"algorithm": ALGORITHMS[algorithm], "checkpointEverySeconds": every, "preview": {"everyIterations": -1}}
        if algorithm.startswith("poly"):
            spec["beamModel"] = BEAM_MODEL
        job_file = self.folder / "job.json"
        job_file.write_text(json.dumps(spec))
        done = client("submit", SCAN, "--job", job_file, *PREPROCESSING, server=self.server)
        return job_name(done.stdout + done.stderr)

    def state(self, job):
        listed = client("list", "--json", server=self.server).stdout
        return next(j for j in map(json.loads, filter(lambda line: line.startswith("{"), listed.splitlines())) if j["name"] == job)

    def result(self, job):
        """The volume, once the job is over."""
        log = events(self.server, job)
        assert any(event.get("stateChange", {}).get("state") == "SUCCEEDED" for event in log), log[-3:]
        client("fetch", job, "-o", self.folder / "volume.h5", server=self.server)
        return read_volume(self.folder / "volume.h5")[0], log

    def checkpoint(self, job, at_least=1):
        """Waits for one; its iteration."""
        def kept():
            report = self.state(job).get("checkpoint", {})
            return report.get("iteration", 0) if report.get("iteration", 0) >= at_least else 0
        return wait_until(kept, f"{job} has kept a checkpoint of iteration {at_least} or later")

    def resumed(self, log):
        """The iterations from which the job went on."""
        return [event["checkpoint"].get("iteration", 0) for event in log if event.get("checkpoint", {}).get("kind") == "RESUMED"]

    def judge(self, name, log, result, expected, at_least=1):
        resumed = self.resumed(log)
        self.figures.holds(f"{name}: goes on from a checkpoint", f"iteration {resumed}", bool(resumed) and resumed[-1] >= at_least)
        different = int(np.count_nonzero(result != expected))
        self.figures.at_most(f"{name}: voxels that differ from an undisturbed run", different, 0)


def kill_rank(server):
    ranks = [pid for pid in server.worker_processes() if "mpirun" not in pathlib.Path(f"/proc/{pid}/comm").read_text()]
    os.kill(ranks[-1], signal.SIGKILL)


def rank_killed(jobs, algorithms):
    for algorithm in algorithms:
        expected, _ = jobs.result(jobs.submit(algorithm, -1))
        job = jobs.submit(algorithm, 0.01)
        jobs.checkpoint(job, at_least=3)
        begun = time.monotonic()
        kill_rank(jobs.server)
        wait_until(lambda: jobs.state(job).get("checkpoint", {}).get("kind") == "RESUMED" or jobs.state(job)["state"] == "SUCCEEDED",
                   "the job goes on")
        seconds = time.monotonic() - begun
        result, log = jobs.result(job)
        print(f"{algorithm}: {seconds:.1f} s", flush=True)
        jobs.judge(f"{algorithm}, a rank is killed", log, result, expected, at_least=3)
        jobs.figures.at_most(f"{algorithm}, a rank is killed: seconds until the job goes on", round(seconds, 1), 60)


def server_killed(jobs):
    expected, _ = jobs.result(jobs.submit("bb", -1))
    job = jobs.submit("bb", 0.01)
    jobs.checkpoint(job, at_least=3)
    jobs.server.kill()
    jobs.server.restart()
    result, log = jobs.result(job)
    jobs.judge("bb, the server is killed", log, result, expected, at_least=3)
    left = list((jobs.server.folder / "data/checkpoints").iterdir())
    jobs.figures.at_most("checkpoints left behind by jobs that are over", len(left), 0)


def server_drained(jobs):
    """No checkpoint is due: the one that the job goes on from was left because the server ended."""
    expected, _ = jobs.result(jobs.submit("bb", -1))
    job = jobs.submit("bb", 3600)
    before = wait_until(lambda: jobs.state(job).get("lastIteration", {}).get("iteration", 0) >= 5, "the job iterates")
    begun = time.monotonic()
    assert jobs.server.stop() == 0
    seconds = time.monotonic() - begun
    jobs.server.restart()
    result, log = jobs.result(job)
    jobs.judge("bb, the server is shut down", log, result, expected, at_least=5)
    jobs.figures.at_most("bb, the server is shut down: seconds", round(seconds, 1), 30)
    assert before and not [text for severity, text in messages(log) if severity == "WARNING"], messages(log)


def damaged(jobs):
    expected, _ = jobs.result(jobs.submit("bb", -1))
    job = jobs.submit("bb", 0.01)
    jobs.checkpoint(job, at_least=8)
    jobs.server.kill()
    files = sorted((jobs.server.folder / "data/checkpoints").glob("*.h5"), key=lambda file: int(file.stem.split("-")[2]))
    newest = [file for file in files][-1]
    with open(newest, "r+b") as file:
        file.seek(newest.stat().st_size // 2)
        bits = file.read(1)
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([bits[0] ^ 4]))
    jobs.server.restart()
    result, log = jobs.result(job)
    jobs.judge("bb, the newest checkpoint is damaged", log, result, expected)
    warned = [text for severity, text in messages(log) if severity == "WARNING" and "crc32c" in text]
    jobs.figures.holds("bb, the newest checkpoint is damaged: the log says so", warned[:1], len(warned) == 1)


def other_ranks(jobs, folder):
    """SIRT: the other methods amplify the rounding of another number of ranks by themselves."""
    expected, _ = jobs.result(jobs.submit("sirt", -1))
    job = jobs.submit("sirt", 0.01)
    jobs.checkpoint(job, at_least=5)
    jobs.server.kill()
    with Server(folder, ranks=1, threads=1) as server:
        result, log = Jobs(server, folder, jobs.figures).result(job)
    jobs.figures.holds("sirt, 2 ranks and then 1: goes on from a checkpoint", jobs.resumed(log), bool(jobs.resumed(log)))
    difference = np.linalg.norm(result - expected) / np.linalg.norm(expected)
    jobs.figures.at_most("sirt, 2 ranks and then 1: rms difference from 2 ranks", float(difference), 1e-5)


def main():
    chosen = sys.argv[1:] or [*ALGORITHMS, "killed", "drained", "damaged", "other"]
    figures = Figures("Jobs that go on from checkpoints")
    cases = {"killed": server_killed, "drained": server_drained, "damaged": damaged}
    with scratch_folder() as folder:
        with Server(folder, ranks=2, threads=1) as server:
            rank_killed(Jobs(server, folder, figures), [name for name in ALGORITHMS if name in chosen])
            for name, case in cases.items():
                if name in chosen:
                    case(Jobs(server, folder, figures))
        if "other" in chosen:
            with Server(folder, ranks=2, threads=1) as server:
                other_ranks(Jobs(server, folder, figures), folder)
    figures.finish()


if __name__ == "__main__":
    main()
