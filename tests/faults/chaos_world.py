"""One server with its pool and one user who uploads, reconstructs and fetches in a loop, while a killer goes round."""

import contextlib
import json
import os
import pathlib
import random
import shutil
import signal
import sqlite3
import subprocess
import threading
import time

import h5py
import numpy as np

from damage import damage_file
from programs import BIN, Server, job_name, processes
from proxy import Proxy
from scans import read_volume, write_data_exchange

VIEWS, ROWS, COLUMNS = 160, 24, 96
PROJECTION = 1  # FrameKind
STATES = {1: "QUEUED", 2: "LOADING", 3: "RUNNING", 4: "WRITING"}
UPLOAD_RATE = 1_500_000  # bytes/s: an upload takes half a second, so that some die within it
ALGORITHMS = {"bb": ["--lower", 0], "cgls": [], "sirt": []}
LONGEST_HANG = 120  # seconds for one step of the loop, restarts of the server included


def make_scan(path):
    """Counts behind two rods, with noise; its lines."""
    source = np.random.default_rng(1)
    angles = np.arange(VIEWS) * 180 / VIEWS
    columns = np.arange(COLUMNS) - COLUMNS / 2
    paths = np.zeros((VIEWS, COLUMNS))
    for (x, y), radius in (((10, 5), 12), ((-15, -8), 7)):
        at = x * np.cos(np.radians(angles)) + y * np.sin(np.radians(angles))
        paths += 2 * np.sqrt(np.maximum(0, radius**2 - (columns[None, :] - at[:, None]) ** 2))
    counts = np.repeat((50000 * np.exp(-0.02 * paths))[:, None, :], ROWS, axis=1)
    counts = np.clip(source.normal(counts, 100), 1, 65000).astype(np.uint16)
    flats = np.full((2, ROWS, COLUMNS), 50000, np.uint16)
    write_data_exchange(path, counts, angles, kind="counts", flats=flats, darks=np.zeros_like(flats))
    return counts.reshape(VIEWS * ROWS, COLUMNS)


def submit_flags(algorithm, checkpoint_seconds):
    return ["--algorithm", algorithm, *ALGORITHMS[algorithm], "--iterations", 120, "--checkpoint-every", checkpoint_seconds,
            "--preview-every", 30]


class Database:
    """The server's database, read behind its back."""

    def __init__(self, folder):
        self.path = folder / "data/tomoslab.db"

    def select(self, statement, *values):
        """Rows; none while there is no database yet, or it is being laid out."""
        try:
            with contextlib.closing(sqlite3.connect(f"file:{self.path}?mode=ro", uri=True, timeout=5)) as database:
                return database.execute(statement, values).fetchall()
        except sqlite3.OperationalError:
            return []

    def state(self, job):
        rows = self.select("SELECT state FROM jobs WHERE id = ?", number(job))
        return STATES.get(rows[0][0], "over") if rows else "over"

    def unfinished_jobs(self):
        return [f"jobs/{row[0]}" for row in self.select("SELECT id FROM jobs WHERE state < 5")]

    def jobs(self):
        return [f"jobs/{row[0]}" for row in self.select("SELECT id FROM jobs ORDER BY id")]

    def losses(self, job):
        """(at the same iteration, without progress) in a row."""
        rows = self.select("SELECT same, stuck FROM losses WHERE job = ?", number(job))
        return rows[0] if rows else (0, 0)

    def progress(self):
        """Changes with everything that comes further."""
        return (self.select("SELECT COUNT(*) FROM events"), self.select("SELECT SUM(end - begin) FROM received"))


def number(name):
    return int(name.split("/")[1])


class Killer:
    """Kills somebody every now and then, from a thread of its own; starts the server again after its death."""

    def __init__(self, world, seed, pause):
        self.world, self.pause = world, pause
        self._random = random.Random(seed)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self):
        self._thread.start()

    def end(self):
        self._over.set()
        self._thread.join()

    def _run(self):
        while not self._over.is_set() and not self.world.enough():
            self._wait()
            victim = self._random.choices(["server", "rank", "mpirun", "client"], [4, 5, 1, 4])[0]
            with self.world.server_lock:
                if self._over.is_set():
                    return
                phase = self.world.phase()
                name = getattr(self, "_kill_" + victim)()
            if name:
                self.world.tally.add("kills", (name, phase))

    def _wait(self):
        """Some time; half of the time until a phase has come that is short."""
        self._over.wait(self._random.uniform(*self.pause))
        if self._random.random() < 0.5:
            return
        wanted, give_up = self._random.choice(["upload", "QUEUED", "LOADING", "WRITING", "fetch"]), time.monotonic() + 2
        while self.world.phase() != wanted and time.monotonic() < give_up and not self._over.is_set():
            time.sleep(0.01)
        time.sleep(self._random.uniform(0, 0.1))

    def _kill_server(self):
        self.world.restart_server()
        return "server"

    def _kill_pool(self, program):
        job = self.world.job
        same, stuck = self.world.database.losses(job) if job else (0, 0)
        if same >= 2 or stuck >= 4:  # the third loss at one iteration fails a job, and should
            return None
        found = [pid for pid, command in processes() if program in command[0] and self.world.server.address in command]
        if not found:
            return None
        victim = self._random.choice(found)
        try:
            environment = pathlib.Path(f"/proc/{victim}/environ").read_bytes().split(b"\0")
            os.kill(victim, signal.SIGKILL)
        except (ProcessLookupError, FileNotFoundError):
            return None
        rank = next((entry.split(b"=")[1].decode() for entry in environment if entry.startswith(b"OMPI_COMM_WORLD_RANK=")), "")
        return f"rank {rank}" if rank else "mpirun"

    def _kill_rank(self):
        return self._kill_pool("tomoslab-worker")

    def _kill_mpirun(self):
        return self._kill_pool("mpirun")

    def _kill_client(self):
        process = self.world.client
        if process is None or process.poll() is not None:
            return None
        process.kill()
        return "client"


class World:
    """folder: its own. scan: (path, lines). expected: the volume of each algorithm. enough: whether the kills are done."""

    def __init__(self, folder, scan, expected, tally, enough):
        self.folder, self.expected, self.tally, self.enough = folder, expected, tally, enough
        self.scan_path, self.lines = scan
        self.database = Database(folder)
        self.server = Server(folder, ranks=2, threads=1)
        self.server_lock = threading.Lock()
        self.client = self.proxy = self.job = None
        self.step = "upload"
        self.damaged_scans = set()

    def phase(self):
        """Of the loop; of its job, while that is being worked on."""
        return self.step if self.step != "watch" else self.database.state(self.job).replace("over", "fetch")

    def run(self, seed, pause):
        source = random.Random(seed + 1)
        with self.server:
            self.proxy = Proxy(self.server.address, upload_rate=UPLOAD_RATE)
            killer, stall = Killer(self, seed, pause), StallMeter(self)
            killer.start()
            try:
                while not self.enough():
                    self.loop(source)
                    self.tally.count("loops")
            finally:
                killer.end()
                stall.end()
                self.proxy.close()
            self.finish()
            self.tally.at_least("peak_memory_mb", self.server.peak_memory_mb())

    def restart_server(self, meanwhile=lambda: None):
        """SIGKILL; checks what is kept while nobody is there to put it there."""
        self.tally.at_least("peak_memory_mb", self.server.peak_memory_mb())
        self.server.kill()
        self.check_acknowledged()
        meanwhile()
        self.server.restart()

    def check_acknowledged(self, newest=2):
        """Every line that is committed is on disk."""
        (count,) = self.database.select("SELECT MAX(id) FROM scans") or [(None,)]
        rows = self.database.select("SELECT scan, begin, end FROM received WHERE kind = ? AND scan > ?", PROJECTION, (count[0] or 0) - newest)
        for scan, begin, end in rows:
            if scan in self.damaged_scans:
                continue
            with h5py.File(self.server.folder / f"data/scans/{scan}.h5") as file:
                kept = file["exchange/data"][:].reshape(VIEWS * ROWS, COLUMNS)[begin:end]
            if not np.array_equal(kept, self.lines[begin:end]):
                self.tally.note("lost_lines", (self.folder.name, scan, begin, end))

    def command(self, *arguments, expect_failure=False):
        """A client command, again until it ends well; its output. expect_failure: an exit code of 1 ends it too; (code, output)."""
        give_up, output = time.monotonic() + LONGEST_HANG, ""
        while time.monotonic() < give_up:
            command = [str(BIN / "tomoslab"), *map(str, arguments), "--server", self.proxy.address]
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            self.client = process
            try:
                output, _ = process.communicate(timeout=LONGEST_HANG)
            except subprocess.TimeoutExpired:
                process.kill()
                raise AssertionError(f"{' '.join(command)} hangs") from None
            finally:
                self.client = None
            if process.returncode == 0 or (expect_failure and process.returncode == 1):
                return (process.returncode, output) if expect_failure else output
            time.sleep(0.1)
        raise AssertionError(f"{' '.join(map(str, arguments))} never ended well:\n{output[-2000:]}")

    def loop(self, source):
        algorithm = source.choice(list(ALGORITHMS))
        damage = source.choice([None, None, None, None, "scan", "checkpoint", "volume", "preview"])
        self.step = "upload"
        self.job = job_name(self.command("submit", self.scan_path, *submit_flags(algorithm, 0.1)))
        self.step = "watch"
        damaged = damage in ("scan", "checkpoint") and self.damage_stored(damage, source)
        _, shown = self.command("watch", self.job, "--json", expect_failure=True)
        states = [event["stateChange"] for event in json_lines(shown) if "stateChange" in event]
        self.step = "fetch"
        if states[-1]["state"] == "SUCCEEDED":
            self.fetch(algorithm, damage if damage in ("volume", "preview") else None, source)
            if damaged:
                self.tally.add("damage", (damage, "the same result"))
        elif damaged == "scan" and "damaged" in states[-1].get("reason", ""):
            self.tally.add("damage", (damage, "the job fails: damaged"))
        else:
            self.tally.note("bad_jobs", (self.folder.name, self.job, damage, states[-1]))

    def damage_stored(self, what, source):
        """Kills the server, damages what the job needs, starts the server again. What it damaged; None: it was not there."""
        folder = self.server.folder / "data"
        give_up, pattern = time.monotonic() + 5, "checkpoints/%d-*.h5" % number(self.job)
        while what == "checkpoint" and time.monotonic() < give_up and not list(folder.glob(pattern)):
            time.sleep(0.02)
        damaged = []

        def damage():
            if what == "scan":
                files = sorted(folder.glob("scans/*.h5"), key=lambda file: int(file.stem))[-1:]
                self.damaged_scans.add(int(files[0].stem))
            else:
                files = sorted(folder.glob(pattern), key=lambda file: file.stat().st_mtime)[-1:]
            damaged.extend(files)
            for file in files:
                damage_file(file, source)

        with self.server_lock:
            phase = self.phase()
            self.restart_server(damage)
        self.tally.add("kills", ("server", phase))
        return what if damaged else None

    def fetch(self, algorithm, damage, source):
        volume, folder = self.folder / "volume.h5", self.server.folder / "data"
        volume.unlink(missing_ok=True)
        if damage == "preview":
            return self.look_at_damaged_preview(source)
        if damage == "volume":
            damage_file(folder / f"volumes/{number(self.job)}.h5", source)
        code, shown = self.command("fetch", self.job, "-o", volume, expect_failure=True)
        different = int(np.count_nonzero(read_volume(volume)[0] != self.expected[algorithm])) if code == 0 else 0
        if damage is None:
            if code != 0:
                self.tally.note("bad_jobs", (self.folder.name, self.job, shown[-500:]))
            self.tally.count("different_voxels", different)
        elif code != 0 and "damaged" in shown:
            self.tally.add("damage", ("volume", "refused: damaged"))
        elif code == 0 and different == 0:
            self.tally.add("damage", ("volume", "the same volume"))
        else:
            self.tally.note("unclear", (self.folder.name, self.job, "volume", code, different, shown[-500:]))
        return None

    def look_at_damaged_preview(self, source):
        pictures = self.folder / "pictures"
        for file in (self.server.folder / f"data/previews/{number(self.job)}").glob("*.f32"):
            damage_file(file, source)
        shutil.rmtree(pictures, ignore_errors=True)
        code, shown = self.command("slices", self.job, "-o", pictures, expect_failure=True)
        if code != 0 and ("damaged" in shown or "too early" in shown):
            self.tally.add("damage", ("preview", "refused: damaged"))
        else:
            self.tally.note("unclear", (self.folder.name, self.job, "preview", code, shown[-500:]))

    def finish(self):
        """Jobs of clients that died before they said so come to their end too; every job did, once."""
        give_up = time.monotonic() + 2 * LONGEST_HANG
        while self.database.unfinished_jobs() and time.monotonic() < give_up:
            time.sleep(0.2)
        self.check_acknowledged(newest=10**6)
        for job in self.database.jobs():
            done = subprocess.run([str(BIN / "tomoslab"), "watch", job, "--json", "--server", self.server.address],
                                  capture_output=True, text=True, timeout=60)
            states = [event["stateChange"]["state"] for event in json_lines(done.stdout) if "stateChange" in event]
            reason = done.stdout[-2000:] if states[-1:] == ["FAILED"] else ""
            once = states.count("SUCCEEDED") == 1 and states[-1] == "SUCCEEDED"
            if not once and "damaged" not in reason:
                self.tally.note("bad_jobs", (self.folder.name, job, states[-5:], reason[-500:]))
            self.tally.count("jobs")


class StallMeter:
    """The longest time in which nothing came further in a world: no line, no event, no step of the loop."""

    def __init__(self, world):
        self.world = world
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def end(self):
        self._over.set()
        self._thread.join()

    def _run(self):
        last, since = None, time.monotonic()
        while not self._over.wait(0.25):
            now = (self.world.step, self.world.job, self.world.database.progress())
            if now != last:
                last, since = now, time.monotonic()
            self.world.tally.at_least("longest_stall", time.monotonic() - since)


def json_lines(text):
    return [json.loads(line) for line in text.splitlines() if line.startswith("{") and line.endswith("}")]
