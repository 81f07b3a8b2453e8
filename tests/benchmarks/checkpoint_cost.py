#!/usr/bin/python3
"""What checkpoints cost a job, as a share of its time.

checkpoint_cost.py [SIZE [ITERATIONS]]: SIZE³ voxels (160 unless said) and as many views, BB, 2 ranks. The job runs with and without
checkpoints in turns; they are kept every EVERY seconds, far more often than by default, so that a minute shows many. A checkpoint's cost is
what the job took longer, by each: copying the state, and sending it while the solver goes on. Its share of the default interval is what a
long job pays; the share of the run itself is printed beside.
"""

import json
import sys

from figures import Figures
from programs import Server, client, events, iterations, job_name, scratch_folder

EVERY, DEFAULT = 5, 120  # seconds
TURNS = 2


def case(size):
    return {
        "name": "checkpoints", "dim": 3, "materials": ["light"], "mono_mu_per_mm": {"light": 0.02},
        "geometry": {"type": "cone", "SO_mm": 4.0 * size, "OD_mm": 4.0 * size, "span_deg": 360, "views": size,
                     "det_cols": size * 5 // 4, "det_rows": size * 5 // 4, "det_pitch_mm": 2, "N": size, "Nz": size, "voxel_mm": 1},
        "phantom": [{"c": [0, 0, 0], "r": [0.4 * size] * 3, "rot": 0, "mat": "light", "parent": None}],
    }


def run(server, scan, count, every):
    """Seconds of the iterations, and the reports of the checkpoints that were kept meanwhile."""
    done = client("submit", scan, "--algorithm", "bb", "--iterations", count, "--lower", 0, "--preview-every", -1,
                  "--checkpoint-every", every, server=server)
    log = events(server, job_name(done.stdout + done.stderr), timeout=1200)
    reports = iterations(log)
    return reports[-1]["elapsedSeconds"] - reports[0]["elapsedSeconds"], [event["checkpoint"] for event in log if "checkpoint" in event]


def main():
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 160
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 40
    figures = Figures(f"Checkpoints of BB, {size}^3 voxels, 2 ranks")
    plain, kept, checkpoints = [], [], []
    with scratch_folder() as folder, Server(folder, ranks=2, threads=1) as server:
        (folder / "case.json").write_text(json.dumps(case(size)))
        client("simulate", folder / "case.json", "-o", folder / "scan.h5")
        for _ in range(TURNS):
            plain.append(run(server, folder / "scan.h5", count, -1)[0])
            seconds, reports = run(server, folder / "scan.h5", count, EVERY)
            kept.append(seconds)
            checkpoints += reports
    each = (sum(kept) - sum(plain)) / max(1, len(checkpoints))
    print(f"without: {plain} s; with {len(checkpoints)} checkpoints of {int(checkpoints[-1]['bytes']) / 1e6:.0f} MB: {kept} s; "
          f"each took {sum(report['seconds'] for report in checkpoints) / len(checkpoints):.2f} s to write")
    print(f"a checkpoint costs {each:.3f} s; every {EVERY} s: {100 * (sum(kept) / sum(plain) - 1):.1f} % of the job")
    figures.at_least("checkpoints kept", len(checkpoints), 2 * TURNS)
    figures.at_most(f"issue 6: checkpoints every {DEFAULT} s, % of the job's time", 100 * each / DEFAULT, 3)
    figures.finish()


if __name__ == "__main__":
    main()
