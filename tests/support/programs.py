"""Starts the built programs for tests: a server with its pool, and the command line client."""

import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("TOMOSLAB_BIN", ROOT / "build/bin"))
START_SECONDS = 60


class ClientFailed(AssertionError):
    """The client ended with another exit code than the test expected."""


def client(*arguments, server=None, expect=0, timeout=300):
    """Runs `tomoslab ARGUMENT ...`; returns the completed process with text output. expect: its exit code, or None."""
    environment = dict(os.environ)
    if server is not None:
        environment["TOMOSLAB_SERVER"] = server.address
        environment.update(server.client_environment)
    command = [*(server.client_prefix if server is not None else []), str(BIN / "tomoslab"), *map(str, arguments)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=timeout)
    if expect is not None and done.returncode != expect:
        raise ClientFailed(
            f"{' '.join(command)}\nended with {done.returncode}, expected {expect}\n"
            f"--- stdout\n{done.stdout[-3000:]}\n--- stderr\n{done.stderr[-3000:]}"
        )
    return done


def job_name(output):
    """The last "jobs/ID" that a command printed."""
    return re.findall(r"jobs/[A-Za-z0-9_-]+", output)[-1]


def submit(server, scan, *flags, **options):
    """Submits a scan file; returns "jobs/ID"."""
    done = client("submit", scan, *flags, server=server, **options)
    return job_name(done.stdout + done.stderr)


def events(server, job, **options):
    """Waits for the job's end; returns its events as dictionaries (protobuf's JSON mapping)."""
    done = client("watch", job, "--json", server=server, **options)
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def iterations(job_events):
    """The iteration reports among events, in order, without that of the start image (iteration 0)."""
    return [event["iteration"] for event in job_events if event.get("iteration", {}).get("iteration", 0) > 0]


def messages(job_events):
    """(severity, text) of the log messages among events."""
    return [(event["log"].get("severity"), event["log"].get("text", "")) for event in job_events if "log" in event]


@contextlib.contextmanager
def scratch_folder():
    """A folder of its own, removed afterwards (kept when TOMOSLAB_KEEP is set)."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="tomoslab-test-"))
    try:
        yield folder
    finally:
        if "TOMOSLAB_KEEP" not in os.environ:
            shutil.rmtree(folder, ignore_errors=True)


class Server:
    """A tomoslabd of its own on a free port; SIGTERM at the end, which must make it exit with 0. prefix: before its command, such as what
    enters a host of namespaces.py. client_prefix, client_environment: of the commands that client() runs."""

    def __init__(self, folder, *flags, ranks=2, threads=1, address="127.0.0.1:0", prefix=()):
        self.folder = pathlib.Path(folder)
        self.log = self.folder / "server.log"
        self._listen = address
        self._prefix, self.client_prefix, self.client_environment = list(prefix), [], {}
        self._flags = [str(flag) for flag in flags]
        if "--no-local-pool" not in self._flags:
            self._flags += ["--ranks", str(ranks), "--threads", str(threads), "--device", "cpu"]
        self._has_web = "--web" in self._flags
        if not self._has_web:
            self._flags += ["--web", "none"]
        self.process = None
        self.address = None
        self.web_address = None  # with --web: where the page is

    def start(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        port_file = self.folder / "address"
        web_port_file = self.folder / "web-address"
        port_file.unlink(missing_ok=True)
        web_port_file.unlink(missing_ok=True)
        command = [*self._prefix, BIN / "tomoslabd", "--listen", self._listen, "--port-file", port_file, "--web-port-file", web_port_file,
                   "--data", self.folder / "data", *self._flags]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(list(map(str, command)), stdout=log, stderr=log)
        deadline = time.monotonic() + START_SECONDS
        while not (port_file.exists() and port_file.read_text().strip()):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"tomoslabd did not start:\n{self.log_text()[-3000:]}")
            time.sleep(0.02)
        self.address = port_file.read_text().strip()
        if self._has_web:
            self.web_address = wait_until(lambda: web_port_file.exists() and web_port_file.read_text().strip(), "the web page's port is known")
        return self

    def restart(self):
        """Starts again on the same data folder and the same address."""
        self._listen = self.address
        return self.start()

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        """Drains; returns the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=60)

    def alive(self):
        return self.process.poll() is None

    def log_text(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def peak_memory_mb(self):
        return peak_memory_mb(self.process.pid)

    def worker_processes(self):
        """Process ids of the ranks of this server's pools."""
        return [pid for pid, command in processes()
                if "tomoslab-worker" in command[0] and self.address in command]

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, *_):
        if self.alive():
            code = self.stop()
            if kind is None and code != 0:
                raise AssertionError(f"tomoslabd ended with {code} on SIGTERM:\n{self.log_text()[-3000:]}")
        if kind is not None:
            print(f"--- end of {self.log}\n{self.log_text()[-4000:]}")


def processes():
    """(pid, arguments) of every process."""
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            command = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
            yield int(folder.name), command


def memory_mb(pid, kind="VmRSS"):
    """Of a process, MB: VmRSS now, VmHWM at most."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{kind}:"):
            return int(line.split()[1]) / 1000
    raise AssertionError(f"process {pid} has no {kind}")


def peak_memory_mb(pid):
    return memory_mb(pid, "VmHWM")


def wait_until(condition, what, seconds=60):
    """Polls until condition() is true; returns its value."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s in vain until {what}")
        time.sleep(0.02)
