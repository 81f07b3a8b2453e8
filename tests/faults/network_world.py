"""A server, a pool of two ranks on two hosts, and a client, each on a host of its own (namespaces.py): TLS and tokens, mpirun across the two
worker hosts, and a loop that starts the pool again when it ends, as systemd does."""

import contextlib
import json
import os
import pathlib
import shlex
import signal
import subprocess
import sys
import time

import numpy as np

import certificates
from namespaces import Network
from programs import BIN, ROOT, Server, client, events, job_name, wait_until
from scans import read_volume, write_data_exchange

PORT = 50177
VIEWS, ROWS, COLUMNS = 160, 32, 128
JOB = ["--algorithm", "sirt", "--checkpoint-every", 0.3, "--preview-every", 50]


def make_scan(path, views=VIEWS, rows=ROWS, columns=COLUMNS):
    """Line integrals of a rod and some noise; deterministic."""
    source = np.random.default_rng(3)
    angles = np.arange(views) * 180 / views
    at = 10 * np.cos(np.radians(angles))[:, None] - (np.arange(columns) - columns / 2)[None, :]
    paths = 0.02 * 2 * np.sqrt(np.maximum(0, 20**2 - at**2))
    data = np.repeat(paths[:, None, :], rows, axis=1) + source.normal(0, 0.01, (views, rows, columns))
    write_data_exchange(path, data.astype(np.float32), angles)
    return path


class NetworkWorld:
    """with NetworkWorld(folder) as world: world.network["node1"], world.server, world.submit(), ..."""

    def __init__(self, folder, *server_flags):
        self.folder, self._flags = folder, server_flags
        self._stack = contextlib.ExitStack()
        self.launcher = None

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            self.network = stack.enter_context(Network("server", "node1", "node2", "client"))
            self.folder.mkdir(parents=True, exist_ok=True)
            self._start_server(stack)
            self._start_pool(stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *error):
        if error[0] is not None:
            print(f"--- end of {self.pool_log}\n{self.pool_log.read_text(errors='replace')[-3000:]}")
        return self._stack.__exit__(*error)

    def _start_server(self, stack):
        host = self.network["server"]
        authority = certificates.Authority(self.folder, "ca")
        certificate, key = authority.issue("server", f"IP:{host.address}")
        done = subprocess.run([BIN / "tomoslabd", "create-token", "--data", self.folder / "data", "--user", "pools", "--role", "pool"],
                              capture_output=True, text=True, check=True, timeout=60)
        self.pool_token = self.folder / "pool.token"
        self.pool_token.write_text(done.stdout)
        self.ca = authority.file
        self.server = stack.enter_context(
            Server(self.folder, "--no-local-pool", "--tls-cert", certificate, "--tls-key", key, *self._flags,
                   address=f"{host.address}:{PORT}", prefix=host.prefix))
        self.server.client_prefix = self.network["client"].prefix
        self.server.client_environment = {"TOMOSLAB_TLS_CA": str(self.ca), "TOMOSLAB_TOKEN_FILE": str(self.folder / "data/admin.token")}

    def _start_pool(self, stack):
        nodes = [self.network["node1"], self.network["node2"]]
        agent = self.folder / "agent.sh"
        cases = "\n".join(f"{node.address}) set -- {shlex.join(node.prefix)} sh -c \"$*\" ;;" for node in nodes)
        agent.write_text(f"#!/bin/sh\nhost=$1; shift\ncase $host in\n{cases}\nesac\nexec \"$@\"\n")
        agent.chmod(0o755)
        net = "10.77.0.0/24"
        environment = dict(os.environ, TOMOSLAB_SERVER=self.server.address, TOMOSLAB_POOL="pair", TOMOSLAB_RANKS="2", TOMOSLAB_THREADS="1",
                           TOMOSLAB_DEVICE="cpu", TOMOSLAB_HOSTS=",".join(f"{node.address}:1" for node in nodes), TOMOSLAB_MEMORY_MB="500",
                           TOMOSLAB_TLS_CA=str(self.ca), TOMOSLAB_TOKEN_FILE=str(self.pool_token), OMPI_MCA_plm_rsh_agent=str(agent),
                           OMPI_MCA_pml="ob1", OMPI_MCA_btl="tcp,self", OMPI_MCA_btl_tcp_if_include=net, OMPI_MCA_oob_tcp_if_include=net)
        again = f"while :; do {ROOT}/deploy/pool.sh {BIN}/tomoslab-worker; echo \"pool ended with $?\"; sleep 1; done"
        self.pool_log = self.folder / "pool.log"
        with open(self.pool_log, "ab") as log:
            self.launcher = subprocess.Popen([*nodes[0].prefix, "bash", "-c", again], env=environment, stdout=log, stderr=log,
                                             start_new_session=True)
        stack.callback(self._end_pool)
        try:
            wait_until(lambda: "pool pair: attached with 2 ranks" in self.server.log_text(), "the pool attaches", 60)
        except AssertionError as error:
            raise AssertionError(f"{error}:\n{self.pool_log.read_text(errors='replace')[-3000:]}") from None

    def _end_pool(self):
        os.killpg(self.launcher.pid, signal.SIGKILL)
        self.launcher.wait()

    def proxy(self, *flags):
        """A proxy process on the server's host; (process, address)."""
        process = subprocess.Popen([*self.network["server"].prefix, sys.executable, ROOT / "tests/support/proxy.py",
                                    self.network["server"].address, self.server.address, *map(str, flags)], stdout=subprocess.PIPE, text=True)
        return process, process.stdout.readline().strip()

    def open_files(self):
        """Of the server."""
        for link in pathlib.Path(f"/proc/{self.server.process.pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                yield link.readlink()

    def start_client(self, *arguments, address=None):
        """A client command that runs on its own."""
        environment = dict(os.environ, TOMOSLAB_SERVER=address or self.server.address, **self.server.client_environment)
        return subprocess.Popen([*self.server.client_prefix, str(BIN / "tomoslab"), *map(str, arguments)], env=environment,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def submit(self, scan, iterations=150):
        return job_name(client("submit", scan, *JOB, "--iterations", iterations, server=self.server).stdout)

    def state(self, job):
        listed = client("list", "--json", server=self.server).stdout
        return next(j for j in map(json.loads, filter(lambda line: line.startswith("{"), listed.splitlines())) if j["name"] == job)

    def iteration(self, job):
        return self.state(job).get("lastIteration", {}).get("iteration", 0)

    def wait_for_iteration(self, job, at_least, seconds=60):
        return wait_until(lambda: self.iteration(job) >= at_least, f"{job} reaches iteration {at_least}", seconds)

    def result(self, job):
        """(volume, events), once the job is over."""
        log = events(self.server, job)
        client("fetch", job, "-o", self.folder / "volume.h5", server=self.server)
        return read_volume(self.folder / "volume.h5")[0], log

    def pool_ends(self):
        """How often the pool has ended and was started again."""
        return self.pool_log.read_text(errors="replace").count("pool ended with")


def json_lines(text):
    return [json.loads(line) for line in text.splitlines() if line.startswith("{") and line.endswith("}")]


def timed(action, *arguments, **options):
    begun = time.monotonic()
    result = action(*arguments, **options)
    return result, time.monotonic() - begun
