"""Hosts of a small network on this machine: network namespaces with a host name each, on a bridge in a namespace of its own. Their links can
be cut and made to lose packets. Needs root (CAP_SYS_ADMIN and CAP_NET_ADMIN), `ip` and `iptables`."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys

SKIPPED = 77  # exit code


def _run(*command, check=True):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=60, check=False)
    if check and done.returncode != 0:
        raise OSError(f"{' '.join(map(str, command))}: {done.stderr.strip() or done.stdout.strip()}")
    return done


class Host:
    """`prefix` before a command makes it run there."""

    def __init__(self, name, namespace, address, port):
        self.name, self.namespace, self.address = name, namespace, address
        self._port = port  # (namespace, device) of its end at the bridge
        # The command keeps the process id: all of these exec.
        self.prefix = ["ip", "netns", "exec", namespace, "unshare", "--uts", "sh", "-c", 'hostname "$0"; exec "$@"', name]

    def iptables(self, *rule, check=True):
        return _run("ip", "netns", "exec", self.namespace, "iptables", "-w", *rule, check=check)

    def cut(self, other):
        """Nothing comes from the other host any more, and nothing goes to it."""
        self.iptables("-I", "INPUT", "-s", other.address, "-j", "DROP")
        self.iptables("-I", "OUTPUT", "-d", other.address, "-j", "DROP")

    def heal(self, other):
        self.iptables("-D", "INPUT", "-s", other.address, "-j", "DROP")
        self.iptables("-D", "OUTPUT", "-d", other.address, "-j", "DROP")

    def lose(self, share):
        """Drops this share of the packets that come, at random; 0: none any more."""
        self.iptables("-F", "INPUT")
        if share > 0:
            self.iptables("-A", "INPUT", "!", "-i", "lo", "-m", "statistic", "--mode", "random", "--probability", share, "-j", "DROP")

    def limit(self, megabits):
        """Mbit/s to and from the host at most; 0: no limit any more."""
        for namespace, device in ((self.namespace, "eth0"), self._port):
            _run("ip", "netns", "exec", namespace, "tc", "qdisc", "del", "dev", device, "root", check=False)
            if megabits > 0:
                _run("ip", "netns", "exec", namespace, "tc", "qdisc", "add", "dev", device, "root", "tbf", "rate", f"{megabits}mbit",
                     "burst", "128kb", "latency", "400ms")

    def processes(self):
        return [int(pid) for pid in _run("ip", "netns", "pids", self.namespace, check=False).stdout.split()]

    def delay(self, milliseconds):
        """Every packet that leaves is so late; 0: not any more. False where the kernel has no netem."""
        _run("ip", "netns", "exec", self.namespace, "tc", "qdisc", "del", "dev", "eth0", "root", check=False)
        if milliseconds == 0:
            return True
        done = _run("ip", "netns", "exec", self.namespace, "tc", "qdisc", "add", "dev", "eth0", "root", "netem", "delay", f"{milliseconds}ms",
                    check=False)
        return done.returncode == 0


class Network:
    """with Network("server", "node1") as network: network["node1"].prefix"""

    def __init__(self, *names):
        self._tag = f"tml{os.getpid()}"
        self._bridge = f"{self._tag}-bridge"
        self._hosts = {name: Host(name, f"{self._tag}-{name}", f"10.77.0.{i + 1}", (self._bridge, f"port{i}"))
                       for i, name in enumerate(names)}

    def __getitem__(self, name):
        return self._hosts[name]

    def __enter__(self):
        try:
            self._build()
        except OSError:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for host in self._hosts.values():
            for process in host.processes():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            _run("ip", "netns", "del", host.namespace, check=False)
        _run("ip", "netns", "del", self._bridge, check=False)

    def _build(self):
        _run("ip", "netns", "add", self._bridge)
        _run("ip", "-n", self._bridge, "link", "add", "bridge", "type", "bridge")
        _run("ip", "-n", self._bridge, "link", "set", "bridge", "up")
        for i, host in enumerate(self._hosts.values()):
            _run("ip", "netns", "add", host.namespace)
            _run("ip", "-n", self._bridge, "link", "add", f"port{i}", "type", "veth", "peer", "name", "eth0", "netns", host.namespace)
            _run("ip", "-n", self._bridge, "link", "set", f"port{i}", "master", "bridge")
            _run("ip", "-n", self._bridge, "link", "set", f"port{i}", "up")
            _run("ip", "-n", host.namespace, "address", "add", f"{host.address}/24", "dev", "eth0")
            _run("ip", "-n", host.namespace, "link", "set", "eth0", "up")
            _run("ip", "-n", host.namespace, "link", "set", "lo", "up")


def skip_unless_possible():
    """Ends the test as skipped, with the reason, where no namespaces can be made."""
    missing = [program for program in ("ip", "iptables", "unshare") if shutil.which(program) is None]
    reason = f"no {', '.join(missing)} here" if missing else ""
    if not reason:
        try:
            with Network("probe", "peer") as network:
                network["probe"].cut(network["peer"])
                _run(*network["probe"].prefix, "true")
        except OSError as error:
            reason = f"network namespaces cannot be made ({error}); needs root with CAP_SYS_ADMIN and CAP_NET_ADMIN"
    if reason:
        print(f"skipped: {reason}")
        sys.exit(SKIPPED)
