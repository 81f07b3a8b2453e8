#!/usr/bin/python3
"""TLS, tokens and roles with the real programs: a server that local and remote pools and people of several groups use."""

import json
import os
import stat
import subprocess
import time
import unittest

import certificates
import programs

REFUSED, USAGE = 1, 2
SCAN = programs.ROOT / "tests/data/htc2022_ta_fan.h5"
JOB = ["--algorithm", "fdk"]


class Access(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        context = programs.scratch_folder()
        cls.folder = context.__enter__()
        cls.addClassCleanup(context.__exit__, None, None, None)
        cls.ca = certificates.Authority(cls.folder, "ca")
        certificate, key = cls.ca.issue("server")
        cls.server = programs.Server(cls.folder / "server", "--tls-cert", certificate, "--tls-key", key, ranks=1)
        cls.server.__enter__()
        cls.addClassCleanup(cls.server.__exit__, None, None, None)
        cls.admin = cls.folder / "server/data/admin.token"

    def run_as(self, token_file, *arguments, **options):
        return programs.client(*arguments, "--tls-ca", self.ca.file, "--token-file", token_file, server=self.server, **options)

    def token(self, user, role, *flags):
        """A file with the secret of a new token."""
        file = self.folder / f"{user}-{time.monotonic_ns()}.token"
        self.run_as(self.admin, "token", "create", "--user", user, "--role", role, *flags, "-o", file)
        return file

    def submit(self, token_file, *flags):
        done = self.run_as(token_file, "submit", SCAN, *JOB, *flags)
        return programs.job_name(done.stdout)

    def test_operator_reconstructs_through_the_local_pool(self):
        alice = self.token("alice", "operator")
        job = self.submit(alice, "--watch", "-o", self.folder / "volume.h5")
        self.assertIn("alice, operator", self.run_as(alice, "whoami").stdout)
        self.assertTrue((self.folder / "volume.h5").exists())
        self.assertIn("deleted", self.run_as(alice, "rm", job).stdout)

    def test_no_token_a_wrong_one_and_an_expired_one(self):
        done = programs.client("list", "--tls-ca", self.ca.file, server=self.server, expect=REFUSED)
        self.assertIn("asks for a token", done.stderr)
        wrong = self.folder / "wrong.token"
        wrong.write_text("tomoslab_1_" + "A" * 43 + "\n")
        self.assertIn("not one of this server's", self.run_as(wrong, "list", expect=REFUSED).stderr)
        short = self.token("bob", "viewer", "--days", 2 / 86400)
        self.run_as(short, "list")
        time.sleep(2.2)
        self.assertIn("expired at", self.run_as(short, "list", expect=REFUSED).stderr)
        self.assertIn("cannot be read", self.run_as(self.folder / "none", "list", expect=USAGE).stderr)

    def test_viewer_sees_and_does_not_touch(self):
        alice = self.token("alice", "operator", "--group", "beamline")
        viewer = self.token("victor", "viewer", "--group", "beamline")
        stranger = self.token("mallory", "operator")
        job = self.submit(alice)
        self.run_as(viewer, "watch", job)
        self.assertIn("CancelJob is for an operator", self.run_as(viewer, "cancel", job, expect=REFUSED).stderr)
        self.assertIn("DeleteJob is for an operator", self.run_as(viewer, "rm", job, expect=REFUSED).stderr)
        for command in (["watch", job], ["cancel", job], ["rm", job], ["fetch", job, "-o", self.folder / "no.h5"]):
            self.assertIn(f"there is no {job}", self.run_as(stranger, *command, expect=REFUSED).stderr)
        self.assertNotIn(job, self.run_as(stranger, "list").stdout)
        self.assertIn(job, self.run_as(viewer, "list").stdout)
        self.run_as(alice, "share", job)
        self.assertNotIn(job, self.run_as(viewer, "list").stdout)

    def test_pools_need_their_own_token(self):
        worker = [programs.BIN / "tomoslab-worker", "--server", self.server.address, "--pool", "far", "--threads", 1,
                  "--device", "cpu", "--tls-ca", self.ca.file]

        def attach(token_file):
            return subprocess.Popen(list(map(str, [*worker, "--token-file", token_file])), stdout=subprocess.PIPE,
                                    stderr=subprocess.STDOUT, text=True,
                                    env=dict(os.environ, OMPI_MCA_ess_singleton_isolated="1"))

        refused = attach(self.token("alice", "operator"))
        self.assertEqual(1, refused.wait(timeout=60))
        self.assertIn("Attach is for a pool", refused.stdout.read())
        refused.stdout.close()
        far = attach(self.token("cluster", "pool", "--pool", "far"))
        try:
            alice = self.token("alice", "operator")
            programs.wait_until(lambda: "pool far" in self.run_as(alice, "list", "--pools").stdout, "the pool is attached")
            self.submit(alice, "--pool", "far", "--watch")
        finally:
            far.kill()
            far.wait()
            far.stdout.close()

    def test_revoked_token_is_refused_and_a_pool_is_no_user(self):
        alice = self.token("alice", "operator")
        newest = self.run_as(self.admin, "token", "list").stdout.splitlines()[1].split()[0]
        self.run_as(self.admin, "token", "revoke", newest)
        self.assertIn("was revoked", self.run_as(alice, "list", expect=REFUSED).stderr)
        pool = self.token("cluster", "pool")
        self.assertIn("is for a viewer", self.run_as(pool, "list", expect=REFUSED).stderr)
        self.assertIn("is for an admin", self.run_as(self.token("bob", "operator"), "token", "list", expect=REFUSED).stderr)

    def test_secrets_lie_in_files_of_their_owner_alone_and_nowhere_else(self):
        alice = self.token("alice", "viewer")
        for file in (alice, self.admin, self.folder / "server/data/audit.log"):
            self.assertEqual(0o600, stat.S_IMODE(file.stat().st_mode), file)
        secret = alice.read_text().strip().encode()
        for file in (self.folder / "server").rglob("*"):
            if file.is_file():
                self.assertNotIn(secret, file.read_bytes(), file)
        for _, command in programs.processes():
            self.assertFalse(any("tomoslab_" in word and len(word) > 50 and "/" not in word for word in command), command)

    def test_token_is_not_sent_readable_to_another_machine(self):
        alice = self.token("alice", "viewer")
        done = programs.client("list", "--server", "ct-server.invalid:1", "--token-file", alice, expect=USAGE)
        self.assertIn("would travel readable", done.stderr)

    def test_audit_log_says_who_was_refused(self):
        viewer = self.token("watchful", "viewer")
        self.run_as(viewer, "cancel", "jobs/1", expect=REFUSED)
        lines = [json.loads(line) for line in (self.folder / "server/data/audit.log").read_text().splitlines()]
        mine = [line for line in lines if line["user"] == "watchful"]
        self.assertEqual("PERMISSION_DENIED", mine[-1]["result"])
        self.assertEqual("tomoslab.v1.Reconstruction.CancelJob", mine[-1]["method"])
        self.assertTrue(mine[-1]["token"].startswith("tokens/"))

    def test_settings_from_the_environment_and_from_a_file(self):
        alice = self.token("alice", "viewer")
        config = self.folder / "config"
        (config / "tomoslab").mkdir(parents=True)
        (config / "tomoslab/client.conf").write_text(
            f"# of the beamline\nserver = {self.server.address}\ntls-ca = {self.ca.file}\ntoken-file = {alice}\n")
        clean = {name: value for name, value in os.environ.items() if not name.startswith("TOMOSLAB_")}

        def whoami(**environment):
            return subprocess.run([programs.BIN / "tomoslab", "whoami"], env={**clean, **environment}, capture_output=True,
                                  text=True, timeout=60)

        self.assertIn("alice, viewer", whoami(XDG_CONFIG_HOME=str(config)).stdout)
        other = self.token("olga", "viewer").read_text().strip()
        self.assertIn("olga, viewer", whoami(XDG_CONFIG_HOME=str(config), TOMOSLAB_TOKEN=other).stdout)
        (config / "tomoslab/client.conf").write_text("token = oops\n")
        refused = whoami(XDG_CONFIG_HOME=str(config))
        self.assertEqual(USAGE, refused.returncode)
        self.assertIn("client.conf:1", refused.stderr)


if __name__ == "__main__":
    unittest.main()
