#!/usr/bin/python3
"""tomoslab logs: lines of the server and of both ranks, the last lines of a rank that was killed, following, filters, JSON, restarts and
deletion; and what programs write to stderr in both formats."""

import json
import os
import pathlib
import re
import signal
import subprocess
import unittest

import programs
from programs import BIN, ROOT, Server, client, submit, wait_until

SCAN = ROOT / "tests/data/tooth_dx.h5"
JOB = ["--algorithm", "sirt", "--rotation-axis", 296, "--size", "160,160,2"]
LINE = re.compile(r'time=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z level=(info|warning|error) (?P<rest>.*)')


class LogsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = cls.enterClassContext(programs.scratch_folder())
        cls.server = cls.enterClassContext(Server(cls.folder, "--log-format", "json", ranks=2, threads=1))

    def logs(self, job, *flags, **options):
        return client("logs", job, *flags, server=self.server, **options).stdout.splitlines()

    def lines(self, job, *flags):
        return [json.loads(line) for line in self.logs(job, "--json", *flags)]

    def test_lines_come_from_the_server_and_from_both_ranks(self):
        job = submit(self.server, SCAN, *JOB, "--iterations", 4)
        followed = [json.loads(line) for line in self.logs(job, "--follow", "--json")]
        self.assertEqual(followed[-1].get("state"), "SUCCEEDED")
        self.assertEqual(sum("the slices are with the server" in line["msg"] for line in followed), 2, "of both ranks")
        lines = self.lines(job)
        self.assertEqual({line["job"] for line in lines}, {job})
        self.assertEqual(lines[0]["state"], "QUEUED")
        self.assertEqual(lines[0]["algorithm"], "sirt")
        self.assertTrue(all(line["attempt"] == 1 for line in lines[1:]), lines)
        self.assertTrue(all(line["host"] for line in lines))
        said = " ".join(line["msg"] for line in lines)
        for words in ("LOADING: on pool local-1", "computing from the projections of this scan", "the ranks have shared the volume out",
                      "the solver stopped after iteration 4", "the slices are with the server"):
            self.assertIn(words, said)
        for line in self.logs(job):
            self.assertRegex(line, LINE)
            self.assertIn(f"job={job}", line)
        self.assertEqual(self.lines(job, "--last", 3), self.lines(job)[-3:])
        self.assertEqual(self.logs(job, "--severity", "error"), [])
        # The server's own lines, and its ranks', are JSON with the job.
        own = [json.loads(line) for line in self.server.log_text().splitlines() if line.startswith("{")]
        self.assertEqual(len(own), len(self.server.log_text().splitlines()), "a line of the server is no JSON")
        self.assertTrue(any(line.get("job") == job and line["msg"].startswith("SUCCEEDED") for line in own))

    def test_a_killed_ranks_last_lines_are_there(self):
        job = submit(self.server, SCAN, *JOB, "--iterations", 60)
        follower = subprocess.Popen([BIN / "tomoslab", "logs", job, "--follow", "--server", self.server.address],
                                    stdout=subprocess.PIPE, text=True)
        wait_until(lambda: {0, 1} <= {line.get("rank") for line in self.lines(job)}, "both ranks work")
        ranks = [pid for pid in self.server.worker_processes() if "mpirun" not in pathlib.Path(f"/proc/{pid}/comm").read_text()]
        os.kill(ranks[-1], signal.SIGKILL)
        shown, _ = follower.communicate(timeout=200)
        self.assertEqual(follower.returncode, 0, shown)
        warnings = "\n".join(self.logs(job, "--severity", "warning"))
        self.assertIn("attempt 1 ended", warnings)
        self.assertIn("Its last lines:", warnings)
        self.assertIn("signal 9 (Killed)", warnings)
        self.assertIn("the projections are there", warnings, "what the ranks wrote before")
        self.assertIn("attempt=2", shown)
        self.assertIn("state=SUCCEEDED", shown)
        for line in shown.splitlines():
            self.assertRegex(line, LINE)

    def test_a_cancel_is_told_and_logs_go_with_their_job(self):
        job = submit(self.server, SCAN, *JOB, "--iterations", 100000)
        wait_until(lambda: any(line.get("rank") == 1 for line in self.lines(job)), "it runs")
        client("cancel", job, server=self.server)
        texts = [json.loads(line)["msg"] for line in self.logs(job, "--follow", "--json")]
        self.assertIn("cancel requested", texts)
        self.assertTrue(any(text.startswith("CANCELLED") for text in texts), texts[-3:])
        client("rm", job, server=self.server)
        refused = client("logs", job, server=self.server, expect=1)
        self.assertIn(f"there is no {job}", refused.stderr)
        self.assertFalse((self.server.folder / "data/logs" / job.split("/")[1]).exists())

    def test_logs_survive_the_server(self):
        with Server(self.folder / "other") as server:
            job = submit(server, SCAN, *JOB, "--iterations", 2)
            client("watch", job, server=server)
            before = client("logs", job, server=server).stdout.splitlines()
            self.assertRegex(server.log_text().splitlines()[0], LINE)
            server.kill()
            server.restart()
            after = client("logs", job, server=server).stdout.splitlines()
            self.assertEqual(after[:len(before)], before)

    def test_wrong_words_are_explained(self):
        self.assertIn("there is no", client("logs", "jobs/999", server=self.server, expect=1).stderr)
        client("logs", "jobs/1", "--severity", "loud", server=self.server, expect=2)
        client("logs", "jobs/1", "--last", "-1", server=self.server, expect=2)


if __name__ == "__main__":
    unittest.main()
