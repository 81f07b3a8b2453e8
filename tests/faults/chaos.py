#!/usr/bin/python3
"""SIGKILLs at random moments of upload / reconstruct / fetch loops: of the server, of ranks, of mpirun, of the client; and damage to stored
files: bits that flip, ends that are cut off. Checks that no acknowledged line is lost, that no job is lost or run twice to its end, that
results equal the undisturbed run's bit for bit, and that damage is noticed.

chaos.py [--kills N] [--seconds S] [--seed SEED] [--worlds W]: W servers, each with its user and its killer, at the same time. Ends after N
kills in all (default: 12) or S seconds (90), whichever comes first, and then with the loops that are under way. The seed decides who dies,
when, and what is damaged; it is printed. Kills that hit nothing (no such process at that moment) are not counted.
"""

import argparse
import threading
import time
import traceback

from chaos_tally import Tally
from chaos_world import ALGORITHMS, World, make_scan, submit_flags
from figures import Figures
from programs import Server, client, job_name, scratch_folder
from scans import read_volume

STALL_LIMIT = 30  # seconds


def undisturbed(folder):
    """The scan (path, lines), and each algorithm's volume of it."""
    path = folder / "scan.h5"
    lines, expected = make_scan(path), {}
    with Server(folder / "undisturbed", ranks=2, threads=1) as server:
        for algorithm in ALGORITHMS:
            job = job_name(client("submit", path, *submit_flags(algorithm, -1), server=server).stdout)
            client("watch", job, server=server)
            client("fetch", job, "-o", folder / "expected.h5", server=server)
            expected[algorithm] = read_volume(folder / "expected.h5")[0]
    return (path, lines), expected


def run_world(world, seed, pause):
    try:
        world.run(seed, pause)
    except Exception:  # noqa: BLE001: whatever ends a world is a finding
        world.tally.note("failures", traceback.format_exc())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=12)
    parser.add_argument("--seconds", type=float, default=90)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--worlds", type=int, default=1)
    options = parser.parse_args()
    figures, tally = Figures(f"SIGKILLs at random, seed {options.seed}, {options.worlds} worlds"), Tally()
    with scratch_folder() as folder:
        scan, expected = undisturbed(folder)
        begun = time.monotonic()

        def enough():
            return tally.total() >= options.kills or time.monotonic() - begun > options.seconds

        threads = []
        for number in range(options.worlds):
            world = World(folder / f"world{number}", scan, expected, tally, enough)
            threads.append(threading.Thread(target=run_world, args=(world, 1000 * options.seed + number, (0.2, 2.0 * options.worlds))))
            threads[-1].start()
        report_while(threads, tally, begun)
    print(tally.kill_table(), "", tally.damage_table(), "", f"{time.monotonic() - begun:.0f} s", sep="\n")
    tally.judge(figures, options.kills, STALL_LIMIT)
    figures.finish()


def report_while(threads, tally, begun):
    told = time.monotonic()
    while any(thread.is_alive() for thread in threads):
        time.sleep(0.5)
        if time.monotonic() - told > 60:
            told = time.monotonic()
            print(f"{told - begun:.0f} s: {tally.total()} kills, {tally.loops} loops, stall {tally.longest_stall:.1f} s", flush=True)


if __name__ == "__main__":
    main()
