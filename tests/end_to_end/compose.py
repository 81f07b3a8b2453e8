#!/usr/bin/python3
"""docker-compose.yml: valid, and its commands do what it says when run as plain processes.

The three services' command lists and environments are taken from the file as they stand; only the images' paths, the
server's name and its port are replaced by this machine's.
"""

import os
import shutil
import socket
import subprocess

import yaml

from programs import BIN, ROOT, client, scratch_folder, wait_until
from scans import read_volume

COMPOSE = ROOT / "docker-compose.yml"


def validators():
    """Commands of this machine that check a compose file."""
    for command in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(command[0]) and subprocess.run([*command, "version"], capture_output=True).returncode == 0:
            yield [*command, "-f", str(COMPOSE), "config"]


def check_images(services):
    """Every service builds a target that the Dockerfile has, and what its command names is copied into that image or its base."""
    dockerfile = (ROOT / "deploy/Dockerfile").read_text()
    stages = {stage.split()[1 + stage.split().index("AS")]: stage for stage in dockerfile.split("\nFROM ")[1:]}
    for name, service in services.items():
        stage = stages[service["build"]["target"]]
        assert service["build"]["dockerfile"] == "deploy/Dockerfile", name
        for word in service["command"]:
            if word.startswith("/opt/tomoslab/"):
                file = word.rsplit("/", 1)[1]
                assert file in stage + stages["runtime"], f"{name}: its image does not hold {word}"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start(service, folder, port, name):
    """The service's own command as a process of this machine."""
    replacements = [("/opt/tomoslab/bin", str(BIN)), ("/opt/tomoslab/deploy", str(ROOT / "deploy")),
                    ("/opt/tomoslab/sample", str(ROOT / "tests/data")), ("server:50177", f"127.0.0.1:{port}"),
                    ("0.0.0.0:50177", f"0.0.0.0:{port}")]

    def here(text):
        for old, new in replacements:
            text = text.replace(old, new)
        return str(folder / text[1:]) if text in ("/data", "/results") else text

    environment = {key: here(value) for key, value in service.get("environment", {}).items()}
    with open(folder / f"{name}.log", "w") as log:
        return subprocess.Popen([here(word) for word in service["command"]], env={**os.environ, **environment},
                                stdout=log, stderr=subprocess.STDOUT)


def run_services(services, folder):
    port = free_port()
    address = f"127.0.0.1:{port}"

    def answers():
        return client("list", "--server", address, expect=None).returncode == 0

    running = [start(services["server"], folder, port, "server")]
    try:
        wait_until(answers, "the server answers, as the health check asks", 60)
        running.append(start(services["pool"], folder, port, "pool"))
        sample = start(services["client"], folder, port, "client")
        running.append(sample)
        assert sample.wait(timeout=300) == 0, (folder / "client.log").read_text()[-3000:]
        volume, _ = read_volume(folder / "results/tooth.h5")
        assert volume.shape[0] == 2 and volume.std() > 0, volume.shape
        assert len(list((folder / "results/png").glob("*.png"))) == 3
        running[0].terminate()
        assert running[0].wait(timeout=60) == 0, (folder / "server.log").read_text()[-3000:]
        assert running[1].wait(timeout=60) == 0, (folder / "pool.log").read_text()[-3000:]
    finally:
        for process in running:
            if process.poll() is None:
                process.kill()
                process.wait()


def main():
    services = yaml.safe_load(COMPOSE.read_text())["services"]
    assert set(services) == {"server", "pool", "client"}
    for command in validators():
        print("checking with", *command)
        subprocess.run(command, check=True, capture_output=True)
    check_images(services)
    with scratch_folder() as folder:
        run_services(services, folder)


if __name__ == "__main__":
    main()
