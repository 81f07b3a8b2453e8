#!/usr/bin/python3
"""TLS and mutual TLS with the real programs: right and wrong CAs, names and certificates, files replaced while the server runs,
plain clients, and what a server listens on."""

import contextlib
import pathlib
import shutil
import socket
import subprocess
import time
import unittest

import certificates
import programs

UNREACHABLE = 3


def descendants(pid):
    """The process and all that it started."""
    children = {}
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = stat.read_text().rsplit(")", 1)[1].split()
            children.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found = [pid]
    for process in found:
        found += children.get(process, [])
    return found


def listening_addresses(pid):
    """Local addresses of the listening sockets of a process and its descendants, as ss shows them."""
    lines = subprocess.run(["ss", "-Hltnup"], capture_output=True, text=True, check=True).stdout.splitlines()
    mine = [f"pid={process}," for process in descendants(pid)]
    return [line.split()[4] for line in lines if any(process in line for process in mine)]


class Tls(unittest.TestCase):
    def setUp(self):
        context = programs.scratch_folder()
        self.folder = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        self.ca = certificates.Authority(self.folder, "ca")
        self.other = certificates.Authority(self.folder, "other")
        self.certificate, self.key = self.ca.issue("server")

    def server(self, *flags, **options):
        return programs.Server(self.folder / "server", "--no-local-pool", "--tls-cert", self.certificate,
                               "--tls-key", self.key, *flags, **options)

    def refusal(self, server, *flags):
        """What the client says when it cannot reach the server with these flags."""
        return programs.client("list", "--scans", *flags, server=server, expect=UNREACHABLE).stderr

    def test_who_knows_the_ca_gets_in_and_others_are_told_why_not(self):
        with self.server() as server:
            done = programs.client("list", "--tls-ca", self.ca.file, server=server, expect=None)
            self.assertNotEqual(done.returncode, UNREACHABLE, done.stderr)
            self.assertIn("was not issued by the CA", self.refusal(server, "--tls-ca", self.other.file))
            self.assertIn("name its CA with --tls-ca", self.refusal(server))
            self.assertTrue(server.alive())

    def test_certificate_for_another_name_is_refused(self):
        self.certificate, self.key = self.ca.issue("elsewhere", "DNS:elsewhere")
        with self.server() as server:
            self.assertIn("is not for the name 127.0.0.1", self.refusal(server, "--tls-ca", self.ca.file))

    def test_tls_client_of_a_plain_server_is_told_so(self):
        with programs.Server(self.folder / "plain", "--no-local-pool") as server:
            self.assertIn("does not use TLS", self.refusal(server, "--tls-ca", self.ca.file))

    def test_mutual_tls_wants_a_certificate_of_its_ca(self):
        with self.server("--tls-client-ca", self.ca.file) as server:
            mine, my_key = self.ca.issue("client", "DNS:client")
            strange, strange_key = self.other.issue("stranger", "DNS:client")
            ca = ["--tls-ca", self.ca.file]
            self.assertIn("--tls-cert FILE", self.refusal(server, *ca))
            self.assertIn("does it know the CA", self.refusal(server, *ca, "--tls-cert", strange, "--tls-key", strange_key))
            done = programs.client("list", *ca, "--tls-cert", mine, "--tls-key", my_key, server=server, expect=None)
            self.assertNotEqual(done.returncode, UNREACHABLE, done.stderr)

    def test_certificate_is_replaced_while_the_server_runs(self):
        with self.server("--tls-reload-seconds", 1) as server:
            self.assertIn("was not issued", self.refusal(server, "--tls-ca", self.other.file))
            process = server.process.pid
            time.sleep(1.1)  # the files' times have a resolution of seconds
            fresh, fresh_key = self.other.issue("fresh")
            shutil.copy(fresh_key, self.key)
            shutil.copy(fresh, self.certificate)

            def reached():
                done = programs.client("list", "--tls-ca", self.other.file, server=server, expect=None)
                return done.returncode != UNREACHABLE

            programs.wait_until(reached, "the new certificate is in use", 20)
            self.assertIn("was not issued", self.refusal(server, "--tls-ca", self.ca.file))
            self.assertEqual(process, server.process.pid)

    def test_bad_files_are_refused_at_the_start(self):
        cases = [
            (["--tls-cert", self.certificate], "without its private key"),
            (["--tls-cert", self.certificate, "--tls-key", self.other.issue("b")[1]], "is not that of the certificate"),
            (["--tls-cert", self.folder / "none.pem", "--tls-key", self.key], "No such file"),
            (["--tls-cert", self.key, "--tls-key", self.key], "holds no certificate"),
            (["--tls-client-ca", self.ca.file], "needs --tls-cert"),
            (["--listen", "0.0.0.0:0"], "--insecure if whoever reaches"),
            (["--listen", "127.0.0.1.example.com:0"], "--insecure if whoever reaches"),
        ]
        for flags, message in cases:
            with self.subTest(flags):
                done = subprocess.run([programs.BIN / "tomoslabd", "--data", self.folder / "d", "--no-local-pool", *flags],
                                      capture_output=True, text=True, timeout=60)
                self.assertEqual(2, done.returncode, done.stderr)
                self.assertIn(message, done.stderr)

    def test_default_server_listens_on_the_loopback_only(self):
        with programs.Server(self.folder / "default", ranks=2) as server:
            # Also mpirun and the ranks, once they are all there.
            programs.wait_until(lambda: "attached with 2 ranks" in server.log_text(), "the pool is attached")
            addresses = listening_addresses(server.process.pid)
            self.assertGreaterEqual(len(addresses), 2, addresses)
            for address in addresses:
                self.assertRegex(address, r"^(127\.|\[::1\]|\[::ffff:127\.)")
        with self.server() as server:  # nor does TLS open more
            self.assertEqual(1, len(listening_addresses(server.process.pid)))

    def test_connection_that_never_shakes_hands_keeps_nobody_out(self):
        with self.server() as server:
            host, port = server.address.rsplit(":", 1)
            with socket.create_connection((host, int(port)), timeout=10) as silent:
                silent.sendall(b"\x16\x03")
                done = programs.client("list", "--tls-ca", self.ca.file, server=server, expect=None)
                self.assertNotEqual(done.returncode, UNREACHABLE, done.stderr)


if __name__ == "__main__":
    unittest.main()
