#!/usr/bin/python3
"""What checkpoints cost a job, as a share of its time.

checkpoint_cost.py [SIZE [ITERATIONS]]: one job of BB, SIZE³ voxels (160 unless said) and as many views, 2 ranks, 200 iterations, that leaves a
checkpoint every EVERY seconds, far more often than by default. An iteration during which a checkpoint is copied or is on its way takes
longer than those around it; what it takes longer is the cost: the copy, and the processors that sending, checking and writing take from the
solver. Iterations are compared with their neighbours only, so that a machine whose speed drifts does not matter, and the median over many
checkpoints is taken, so that other programs on it hardly do. The server runs on the same two cores as the ranks, so that its work counts too.
"""

import json
import statistics
import sys

from figures import Figures
from programs import Server, client, events, iterations, job_name, scratch_folder

EVERY, DEFAULT = 4, 120  # seconds
NEIGHBOURS = 3  # on each side


def case(size):
    return {
        "name": "checkpoints", "dim": 3, "materials": ["light"], "mono_mu_per_mm": {"light": 0.02},
        "geometry": {"type": "cone", "SO_mm": 4.0 * size, "OD_mm": 4.0 * size, "span_deg": 360, "views": size,
                     "det_cols": size * 5 // 4, "det_rows": size * 5 // 4, "det_pitch_mm": 2, "N": size, "Nz": size, "voxel_mm": 1},
        "phantom": [{"c": [0, 0, 0], "r": [0.4 * size] * 3, "rot": 0, "mat": "light", "parent": None}],
    }


def run(server, scan, count):
    """Seconds that each iteration took, by its number, and the reports of the checkpoints."""
    done = client("submit", scan, "--algorithm", "bb", "--iterations", count, "--lower", 0, "--preview-every", -1,
                  "--checkpoint-every", EVERY, server=server)
    log = events(server, job_name(done.stdout + done.stderr), timeout=1200)
    ends = {report["iteration"]: report["elapsedSeconds"] for report in iterations(log)}
    return ({number: end - ends[number - 1] for number, end in ends.items() if number - 1 in ends},
            [event["checkpoint"] for event in log if "checkpoint" in event])


def affected(took, report):
    """The iterations that began before the checkpoint was on disk."""
    number, left = report["iteration"] + 1, report["seconds"]
    numbers = [number]
    while number in took and left > took[number]:
        left -= took[number]
        number += 1
        numbers.append(number)
    return numbers


def costs(took, reports):
    """Of each checkpoint that has enough undisturbed neighbours: seconds that the solver took longer."""
    disturbed = {number for report in reports for number in affected(took, report)}
    for report in reports:
        own = affected(took, report)
        before = [took[number] for number in range(own[0] - NEIGHBOURS, own[0]) if number in took and number not in disturbed]
        after = [took[number] for number in range(own[-1] + 1, own[-1] + 1 + NEIGHBOURS) if number in took and number not in disturbed]
        if before and after and all(number in took for number in own):
            yield sum(took[number] for number in own) - len(own) * statistics.median(before + after)


def main():
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 160
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 200
    figures = Figures(f"Checkpoints of BB, {size}^3 voxels, 2 ranks, one every {EVERY} s")
    with scratch_folder() as folder, Server(folder, ranks=2, threads=1) as server:
        (folder / "case.json").write_text(json.dumps(case(size)))
        client("simulate", folder / "case.json", "-o", folder / "scan.h5")
        took, reports = run(server, folder / "scan.h5", count)
    each = sorted(costs(took, reports))
    megabytes = int(reports[-1]["bytes"]) / 1e6
    cost = statistics.median(each)
    quarter = len(each) // 4
    print(f"{len(reports)} checkpoints of {megabytes:.0f} MB, {statistics.median(r['seconds'] for r in reports):.2f} s each to be on disk; "
          f"an iteration takes {statistics.median(took.values()):.2f} s")
    print(f"the solver took {cost:.3f} s longer by one (quartiles {each[quarter]:.3f} and {each[-1 - quarter]:.3f}, mean "
          f"{statistics.mean(each):.3f}): {1000 * cost / megabytes:.2f} ms per MB; every {EVERY} s that is {100 * cost / EVERY:.1f} %")
    figures.at_least("checkpoints that could be compared", len(each), 10)
    figures.at_most(f"issue 6: checkpoints every {DEFAULT} s, % of the job's time (median)", 100 * cost / DEFAULT, 3)
    figures.at_most("the same, upper quartile", 100 * each[-1 - quarter] / DEFAULT, 3)
    figures.finish()


if __name__ == "__main__":
    main()
