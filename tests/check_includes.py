#!/usr/bin/python3
"""Checks the arrows between rooms (docs/internals.md): reads every source's lines and fails on one that goes backwards.

check_includes.py ROOT         prints each offence as path:line: reason; exits 1 if there is any
check_includes.py --self-test  proves that each rule detects an offence and accepts its absence
"""

import pathlib
import re
import sys
import tempfile
import unittest

CHAIN = ["core", "geometry", "plan", "projector", "operators", "solvers", "distributed"]
ROOMS = {f"worker/{room}": {f"worker/{left}" for left in CHAIN[:i]} for i, room in enumerate(CHAIN)}
ROOMS["worker/physics"] = {"worker/core"}
ROOMS["worker/solvers"] |= {"worker/physics"}
ROOMS["worker/distributed"] |= {"worker/physics"}
ROOMS["worker/data"] = {"worker/core", "worker/geometry", "worker/physics"}
ROOMS["proto"] = {"worker/core", "worker/geometry", "worker/plan", "worker/physics"}
ROOMS["server"] = ROOMS["proto"] | {"proto"}
ROOMS["client"] = ROOMS["server"] | {"worker/data"}
ROOMS["worker/app"] = {f"worker/{room}" for room in CHAIN} | {"worker/physics", "worker/data", "proto"}

MESSAGE_ROOMS = {"proto", "server", "client", "worker/app"}
LAUNCH_ROOMS = {"worker/core", "worker/projector"}
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]')
SOURCES = {".h", ".cc", ".cu", ".cuh"}


def room_of(path):
    """The room that a root-relative path belongs to, or None."""
    matches = [room for room in ROOMS if path.startswith(room + "/")]
    return max(matches, key=len) if matches else None


def include_offence(room, path, target):
    """Why the file `path` of `room` must not include `target`; None when it may."""
    if target == "mpi.h" and room != "worker/distributed" and path != "worker/app/main.cc":
        return "MPI belongs to worker/distributed (MPI_Init to worker/app/main.cc)"
    if (target.startswith(("grpc/", "grpcpp/")) or target.endswith(".grpc.pb.h")) and room not in MESSAGE_ROOMS:
        return "gRPC belongs to proto, server, client and worker/app"
    if target.endswith(".pb.h") or target.startswith("google/protobuf/"):
        return None if room in MESSAGE_ROOMS else "messages belong to proto, server, client and worker/app"
    target_room = room_of(target)
    if target_room and target_room != room and target_room not in ROOMS[room]:
        return f"{room} must not use {target_room}: the arrow points the other way"
    if target.startswith(("tests/", "../", "./")):
        return "includes are relative to the repository's root, and no room uses tests"
    return None


def offences(root):
    """[(path, line number, reason)] over all rooms under `root`; line-based, comments are not parsed."""
    found = []
    for file in sorted(pathlib.Path(root).rglob("*")):
        path = file.relative_to(root).as_posix()
        room = room_of(path)
        if room is None or file.suffix not in SOURCES:
            continue
        for number, line in enumerate(file.read_text().splitlines(), 1):
            include = INCLUDE.match(line)
            reason = include_offence(room, path, include.group(1)) if include else None
            if "<<<" in line and not (room in LAUNCH_ROOMS and file.suffix in {".cu", ".cuh"}):
                reason = "kernels are launched only in .cu and .cuh files of worker/core and worker/projector"
            if reason:
                found.append((path, number, reason))
    return found


class SelfTest(unittest.TestCase):
    def reasons(self, path, text):
        with tempfile.TemporaryDirectory() as root:
            file = pathlib.Path(root, path)
            file.parent.mkdir(parents=True)
            file.write_text(text)
            return [reason for _, _, reason in offences(root)]

    def test_backward_arrows_are_found(self):
        for path, include in [
            ("worker/core/check.cc", "worker/geometry/view.h"),
            ("worker/solvers/sirt.h", "worker/distributed/communicator.h"),
            ("worker/data/reader.cc", "proto/values.h"),
            ("proto/values.cc", "server/store.h"),
            ("server/store.cc", "worker/data/reader.h"),
            ("client/main.cc", "server/store.h"),
            ("worker/app/main.cc", "server/store.h"),
        ]:
            self.assertEqual(len(self.reasons(path, f'#include "{include}"\n')), 1, path)

    def test_forward_arrows_are_accepted(self):
        for path, include in [
            ("worker/solvers/sirt.h", "worker/core/check.h"),
            ("worker/data/reader.cc", "worker/geometry/scan.h"),
            ("client/main.cc", "worker/data/reader.h"),
            ("worker/app/main.cc", "worker/distributed/communicator.h"),
            ("server/store.cc", "proto/values.h"),
            ("worker/core/check.cc", "worker/core/check.h"),
        ]:
            self.assertEqual(self.reasons(path, f'#include "{include}"\n'), [], path)

    def test_libraries_stay_in_their_rooms(self):
        self.assertTrue(self.reasons("worker/solvers/sirt.h", "#include <mpi.h>\n"))
        self.assertTrue(self.reasons("worker/app/reporter.cc", "#include <mpi.h>\n"))
        self.assertFalse(self.reasons("worker/app/main.cc", "#include <mpi.h>\n"))
        self.assertFalse(self.reasons("worker/distributed/communicator.cc", "#include <mpi.h>\n"))
        self.assertTrue(self.reasons("worker/data/reader.cc", "#include <grpcpp/grpcpp.h>\n"))
        self.assertTrue(self.reasons("worker/geometry/scan.h", '#include "tomoslab/v1/scan.pb.h"\n'))
        self.assertFalse(self.reasons("server/store.cc", '#include "tomoslab/v1/pool.grpc.pb.h"\n'))

    def test_kernel_launches_stay_in_their_rooms(self):
        self.assertTrue(self.reasons("worker/solvers/sirt.cu", "Sirt<<<1, 2>>>();\n"))
        self.assertTrue(self.reasons("worker/projector/project.cc", "Project<<<1, 2>>>();\n"))
        self.assertFalse(self.reasons("worker/projector/project.cu", "Project<<<1, 2>>>();\n"))


def main():
    if sys.argv[1:] == ["--self-test"]:
        unittest.main(argv=sys.argv[:1])
    found = offences(sys.argv[1])
    for path, number, reason in found:
        print(f"{path}:{number}: {reason}")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
