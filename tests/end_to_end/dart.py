#!/usr/bin/python3
"""DART as a job: what its events say, its labels and volumes, cancelling between inner iterations, and starting from a job.

Two discs in a fan beam of one row; the data are exact line integrals of discs.
"""

import time

import numpy as np

from programs import Server, client, events, iterations, messages, scratch_folder, submit
from scans import read_volume, write_data_exchange

VIEWS, COLUMNS, PIXEL = 24, 96, 0.6
SIZE, VOXEL = 64, 0.5
DISCS = [(2.0, -1.0, 11.0, 0.05), (4.0, 2.0, 4.0, 0.07)]  # x, y, radius in mm; attenuations add
GEOMETRY = ["--projector", "joseph", "--beam", "parallel", "--pixel", PIXEL, "--voxel", VOXEL, "--size", f"{SIZE},{SIZE},1"]
DART = ["--algorithm", "dart", "--grey-values", "0.06,0.1", "--iterations", 6]


def write_scan(path):
    angles = np.arange(VIEWS) * 180 / VIEWS
    u = (np.arange(COLUMNS) - (COLUMNS - 1) / 2) * PIXEL
    data = np.zeros((VIEWS, 1, COLUMNS), np.float32)
    for view, angle in enumerate(np.deg2rad(angles)):
        for x, y, radius, attenuation in DISCS:
            distance = u - (x * np.cos(angle) + y * np.sin(angle))
            data[view, 0] += attenuation * 2 * np.sqrt(np.maximum(radius**2 - distance**2, 0))
    write_data_exchange(path, data, angles)
    return path


def true_labels():
    axis = (np.arange(SIZE) - (SIZE - 1) / 2) * VOXEL
    y, x = np.meshgrid(axis, axis, indexing="ij")
    return sum(np.hypot(x - disc[0], y - disc[1]) <= disc[2] for disc in DISCS)


def check_labels_and_volumes(server, folder, scan):
    job = submit(server, scan, *GEOMETRY, *DART)
    log = events(server, job)
    reports = iterations(log)
    assert [report["iteration"] for report in reports] == list(range(1, len(reports) + 1)), reports[-1]
    assert any(int(report.get("changedLabels", 0)) > 0 for report in reports[30:]), reports[30:]
    assert all(0.05 < report["freeFraction"] < 0.8 for report in reports[30:]), reports[30:]
    client("fetch", job, "-o", folder / "volume.h5", server=server)
    client("fetch", job, "--labels", "-o", folder / "labels.h5", server=server)
    image, labels = read_volume(folder / "volume.h5")[0][0], read_volume(folder / "labels.h5")[0][0]
    assert labels.dtype == np.uint8, labels.dtype
    entries = [event["materials"]["entry"] for event in log if "materials" in event][-1]
    grey = np.array([entry.get("greyValuePerMm", 0) for entry in entries])
    assert np.abs(grey - [0, 0.05, 0.12]).max() < 0.002, grey
    assert (labels == np.searchsorted((grey[1:] + grey[:-1]) / 2, image.astype(float), side="right")).all()
    for material, entry in enumerate(entries):
        assert int(entry["voxels"]) == (labels == material).sum(), entry
        assert abs(entry["volumeMm3"] - (labels == material).sum() * VOXEL**3) < 1e-6, entry
    wrong = (labels != true_labels()).mean()
    assert wrong < 0.01, f"{100 * wrong:.2f} % of the labels are wrong"
    return job


def check_start_from_job(server, scan, job):
    log = events(server, submit(server, scan, *GEOMETRY, *DART, "--start", job))
    assert iterations(log)[-1]["iteration"] <= 6, "no start image was made"


def check_absurd_grey_values(server, scan):
    """Grey values in 1/cm: a warning that says so, and the job goes on."""
    log = events(server, submit(server, scan, *GEOMETRY, "--algorithm", "dart", "--grey-values", "50,120", "--iterations", 3))
    warnings = [text for severity, text in messages(log) if severity == "WARNING"]
    assert any("no voxel reaches 25 1/mm" in text for text in warnings), warnings
    assert log[-1]["stateChange"]["state"] == "SUCCEEDED", log[-1]


def check_cancel(server, scan):
    """Within an outer iteration of very many inner ones."""
    job = submit(server, scan, *GEOMETRY, *DART, "--inner-iterations", 1_000_000, "--start-iterations", 2)
    time.sleep(3)
    started = time.monotonic()
    client("cancel", job, server=server)
    log = events(server, job, expect=1)
    assert log[-1]["stateChange"]["state"] == "CANCELLED", log[-1]
    assert time.monotonic() - started < 15, "cancelling took too long"


def check_refusals(server, scan):
    for flags, word in ([["--grey-values", "0.2,0.1"], "0.1 follows 0.2"], [["--smoothing", 2, "--grey-values", 1], "smoothing"],
                        [[], "0 entries"], [["--grey-values", 1, "--stop-update", 0.1], "relative_update"]):
        done = client("submit", scan, *GEOMETRY, "--algorithm", "dart", *flags, server=server, expect=None)
        assert done.returncode != 0 and word in done.stderr, done.stderr


def main():
    with scratch_folder() as folder, Server(folder, ranks=2, threads=1) as server:
        scan = write_scan(folder / "scan.h5")
        job = check_labels_and_volumes(server, folder, scan)
        check_start_from_job(server, scan, job)
        check_absurd_grey_values(server, scan)
        check_cancel(server, scan)
        check_refusals(server, scan)
    print("ok")


if __name__ == "__main__":
    main()
