#!/usr/bin/python3
"""Prints the table of docs/performance.md: kernels, ceilings and whole iterations, medians, beside what is required.

performance_table.py [--repetitions N] [--bin FOLDER]    run it on an idle machine with at least two cores
"""

import argparse
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
MPIRUN = ["mpirun", "--oversubscribe", "--bind-to", "none", "--mca", "mpi_yield_when_idle", "1"]
ENVIRONMENT = dict(
    os.environ, OMP_WAIT_POLICY="PASSIVE", OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1"
)
KERNELS = ["forward", "back", "voxel-driven"]
REQUIRED = {
    ("cone", 256, "forward"): 2.4,
    ("cone", 256, "back"): 2.0,
    ("cone", 256, "voxel-driven"): 2.5,
    ("parallel", 256, "forward"): 9,
    ("parallel", 256, "back"): 10,
}


def run(command):
    """The command's standard output; stops the program when it fails."""
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return done.stdout


def kernel_rates(folder, sizes, chosen, repetitions):
    """{benchmark's name: median of its rate (GUPS, GFLOP/s or GB/s)}, all measured in one run."""
    with tempfile.TemporaryDirectory() as temporary:
        out = pathlib.Path(temporary) / "out.json"
        run(
            [folder / "projector_benchmark", *map(str, sizes), f"--benchmark_filter={chosen}"]
            + [f"--benchmark_repetitions={repetitions}", "--benchmark_min_time=0.2"]
            + [f"--benchmark_out={out}", "--benchmark_out_format=json"]
        )
        measured = json.loads(out.read_text())["benchmarks"]
    rates = {}
    for entry in measured:
        if entry.get("aggregate_name") == "median":
            unit = next(unit for unit in ("GUPS", "GFLOP/s", "GB/s") if unit in entry)
            rates[entry["run_name"].removesuffix("/real_time")] = entry[unit]
    return rates


def iteration(folder, ranks, threads, size=256, views=180):
    """One run of iteration_benchmark, as a dictionary."""
    launch = [*MPIRUN, "-n", str(ranks)] if ranks > 1 else []
    return json.loads(run([*launch, folder / "iteration_benchmark", *map(str, (size, views, threads, 4))]))


def row(what, measured, required, unit=""):
    """One line of the table; the last column says whether the requirement holds."""
    verdict = "" if required is None else ("yes" if measured >= required else "**no**")
    return f"| {what} | {measured:.3g}{unit} | {'' if required is None else f'{required:g}{unit}'} | {verdict} |"


def kernel_rows(rates):
    """Ceilings, kernels on 1 and 2 threads, their ratio, and 512³ against 256³."""
    for name in ("FMA loop", "stream copy"):
        unit = " GFLOP/s" if name == "FMA loop" else " GB/s"
        for threads in ("1 thread", "2 threads"):
            yield row(f"{name}, {threads}", rates[f"{name}, {threads}"], None, unit)
        yield row(f"{name}, 1 → 2 threads", rates[f"{name}, 2 threads"] / rates[f"{name}, 1 thread"], None, "×")
    pattern = re.compile(r"(cone|parallel) (\d+)\^3 x \d+ ([\w-]+), (\d) thread")
    found = {pattern.match(name).groups(): rate for name, rate in rates.items() if pattern.match(name)}
    for beam in ("cone", "parallel"):
        for kernel in KERNELS:
            one, two = (found[beam, "256", kernel, threads] for threads in "12")
            yield row(f"{beam} 256³, {kernel}, 1 thread", one, None, " GUPS")
            yield row(f"{beam} 256³, {kernel}, 2 threads", two, REQUIRED.get((beam, 256, kernel)), " GUPS")
            yield row(f"{beam} 256³, {kernel}, 1 → 2 threads", two / one, 1.85, "×")
    for threads in "12":
        measured = found["cone", "256", "filter", threads]
        yield row(f"FDK's filter, 256² × 180, {threads} thread{'s' * (threads == '2')}", measured, None, " GB/s")
    for kernel in KERNELS:
        large, small = (found["cone", size, kernel, "2"] for size in ("512", "256"))
        yield row(f"cone 512³ × 360, {kernel}, 2 threads", large, None, " GUPS")
        yield row(f"the same against 256³, {kernel}", large / small, 0.9, "×")


def iteration_rows(folder, repetitions):
    """A whole BB iteration on threads and on ranks, measured in turns."""
    layouts = [(1, 1), (1, 2), (2, 1)]
    runs = {layout: [] for layout in layouts}
    for _ in range(repetitions):
        for layout in layouts:
            runs[layout].append(iteration(folder, *layout))
    seconds = {layout: statistics.median(r["seconds"] for r in runs[layout]) for layout in layouts}
    for ranks, threads in layouts:
        typical = sorted(runs[ranks, threads], key=lambda r: r["seconds"])[repetitions // 2]
        phases = ", ".join(f"{phase} {typical[phase]:.2f}" for phase in ("projection", "exchange", "backprojection"))
        yield row(f"BB iteration, {ranks} × {threads} (ranks × threads; {phases} s)", seconds[ranks, threads], None, " s")
    yield row("BB iteration, 1 → 2 threads", seconds[1, 1] / seconds[1, 2], None, "×")
    yield row("BB iteration, 2 × 1 against 1 × 2", seconds[1, 2] / seconds[2, 1], 0.9, "×")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build/bin/benchmarks")
    arguments = parser.parse_args()
    chosen = "FMA|copy|256.*|cone 512.*2 threads"
    rates = kernel_rates(arguments.bin, (256, 180, 512, 360), chosen, arguments.repetitions)
    print(f"Medians of {arguments.repetitions}; GUPS = 10⁹ voxels · views per wall-clock second.\n")
    print("| case | measured | at least | holds |\n| --- | --- | --- | --- |")
    for line in kernel_rows(rates):
        print(line)
    for line in iteration_rows(arguments.bin, arguments.repetitions):
        print(line)


if __name__ == "__main__":
    main()
