#!/usr/bin/python3
"""Bad input: a clear error and the right exit code each, the server stays up, and another job runs through unharmed."""

import shutil

import h5py
import numpy as np

from programs import ROOT, Server, client, events, scratch_folder, submit
from scans import write_data_exchange

TOOTH = ROOT / "tests/data/tooth_dx.h5"
FAN = ROOT / "tests/data/htc2022_ta_fan.h5"
BAD_INPUT, REFUSED, UNREACHABLE = 2, 1, 3
UGLY = ["terminate called", "what():", "HDF5-DIAG", "Segmentation", "core dumped", "Traceback", "Assertion"]


def truncated(path):
    content = TOOTH.read_bytes()
    path.write_bytes(content[: len(content) * 6 // 10])


def text_file(path):
    path.write_text("not a scan\n")


def edited(source, edit):
    """A maker of copies of `source` changed by edit(file)."""

    def make(path):
        shutil.copyfile(source, path)
        with h5py.File(path, "a") as file:
            edit(file)

    return make


def nan_angle(file):
    file["exchange/theta"][7] = np.nan


def too_few_angles(file):
    angles = file["exchange/theta"][:-5]
    del file["exchange/theta"]
    file["exchange/theta"] = angles


def other_flats(file):
    del file["exchange/data_white"]
    file["exchange/data_white"] = np.ones((10, 3, 640), np.float32)


def no_data(file):
    del file["exchange/data"]


def flat_data(file):
    del file["exchange/data"]
    file["exchange/data"] = np.ones((181, 640), np.float32)


def detector_before_object(file):
    file["geometry"].attrs["source_detector"] = 300.0


def zero_pixel(file):
    file["geometry"].attrs["pixel_size"] = 0.0


# name, maker of the file, flags, exit code, words that the message must hold
FILES = [
    ("truncated HDF5", truncated, [], BAD_INPUT, ["truncated"]),
    ("text instead of HDF5", text_file, [], BAD_INPUT, ["HDF5"]),
    ("no projections", edited(TOOTH, no_data), [], BAD_INPUT, ["/exchange/data"]),
    ("two-dimensional data", edited(TOOTH, flat_data), [], BAD_INPUT, ["/exchange/data"]),
    ("NaN angle", edited(TOOTH, nan_angle), [], BAD_INPUT, ["nan", "angle"]),
    ("fewer angles than views", edited(TOOTH, too_few_angles), [], BAD_INPUT, ["176", "181"]),
    ("flats of another shape", edited(TOOTH, other_flats), [], BAD_INPUT, ["data_white"]),
    ("detector in front of the object", edited(FAN, detector_before_object), [], BAD_INPUT, ["300", "410.66"]),
    ("pixel size 0", edited(FAN, zero_pixel), [], BAD_INPUT, ["pixel"]),
    ("volume that does not fit", lambda path: shutil.copyfile(TOOTH, path), ["--size", "60000,60000,2"], REFUSED, ["fit"]),
    ("0 iterations", lambda path: shutil.copyfile(TOOTH, path), ["--iterations", 0], BAD_INPUT, ["iterations"]),
    ("bounds the wrong way", lambda path: shutil.copyfile(TOOTH, path), ["--lower", 2, "--upper", 1], BAD_INPUT, ["lower"]),
    ("unknown algorithm", lambda path: shutil.copyfile(TOOTH, path), ["--algorithm", "magic"], BAD_INPUT, ["magic"]),
    ("start from an unknown job", lambda path: shutil.copyfile(TOOTH, path), ["--start", "jobs/999"], REFUSED, ["jobs/999"]),
]

COMMANDS = [
    ("watch an unknown job", ["watch", "jobs/999"], REFUSED, ["jobs/999"]),
    ("watch what is no job", ["watch", "jobs/none"], REFUSED, ["jobs/none"]),
    ("fetch an unknown job", ["fetch", "jobs/999", "-o", "volume-of-nothing.h5"], REFUSED, ["jobs/999"]),
    ("fetch into a folder that is not there", ["fetch", "jobs/1", "-o", "/nowhere/volume.h5"], BAD_INPUT, ["/nowhere"]),
    ("cancel an unknown job", ["cancel", "jobs/999"], REFUSED, ["jobs/999"]),
    ("a file that is not there", ["submit", "nowhere.h5", "--algorithm", "fdk"], BAD_INPUT, ["nowhere.h5"]),
    ("an unknown flag", ["submit", str(TOOTH), "--bogus"], BAD_INPUT, ["--bogus"]),
    ("a server that is not there", ["list", "--server", "127.0.0.1:1"], UNREACHABLE, ["127.0.0.1:1"]),
]


def check(name, arguments, exit_code, words, server):
    done = client(*arguments, server=server, expect=None, timeout=60)
    shown = done.stdout + done.stderr
    problems = [f"message lacks '{word}'" for word in words if word.lower() not in shown.lower()]
    problems += [f"message holds '{word}'" for word in UGLY if word in shown]
    if done.returncode != exit_code:
        problems.append(f"exit code {done.returncode}, expected {exit_code}")
    if not server.alive():
        problems.append("the server died")
    last_line = (shown.strip().splitlines() or ["(nothing)"])[-1]
    print(f"{'ok  ' if not problems else 'BAD '} {name}: {last_line}")
    for problem in problems:
        print("     ", problem)
    return not problems


def main():
    with scratch_folder() as folder, Server(folder, "--memory-mb-per-rank", 1000, ranks=2) as server:
        other = submit(server, TOOTH, "--algorithm", "sirt", "--iterations", 30, "--size", "160,160,2", "--rotation-axis", 296)
        good = []
        for name, make, flags, exit_code, words in FILES:
            make(folder / "bad.h5")
            arguments = ["submit", folder / "bad.h5", *flags]
            if "--algorithm" not in flags:
                arguments += ["--algorithm", "sirt"]
            if "--iterations" not in flags:
                arguments += ["--iterations", 5]
            good.append(check(name, arguments, exit_code, words, server))
        for name, arguments, exit_code, words in COMMANDS:
            good.append(check(name, arguments, exit_code, words, server))
        end = [event["stateChange"]["state"] for event in events(server, other) if "stateChange" in event][-1]
        assert end == "SUCCEEDED", f"the other job ended as {end}"
        assert all(good), f"{good.count(False)} of {len(good)} inputs were not refused as they should be"


if __name__ == "__main__":
    main()
