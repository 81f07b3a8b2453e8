#!/usr/bin/python3
"""GET /metrics of a real server after a job: promtool finds nothing to say, the figures are those of the job, tokens are asked for; the alert
rules pass their own tests, and rules and dashboard use nothing that the server does not say."""

import json
import re
import unittest
import urllib.error
import urllib.request

import programs
from programs import ROOT, Server, client, submit
from promtool import promtool

SCAN = ROOT / "tests/data/tooth_dx.h5"
DEPLOY = ROOT / "deploy"
SAMPLE = re.compile(r"^(\w+)(\{[^}]*\})? (\S+)$", re.MULTILINE)
NAME = re.compile(r"\b(?:tomoslab|process)_\w+")
ON_GPUS_ONLY = {"tomoslab_pool_device_bytes", "tomoslab_pool_device_limit_bytes"}
WHILE_A_JOB_RUNS_ONLY = {"tomoslab_job_relative_residual"}


def families(text):
    """What a metric is called in # TYPE lines, and as its samples are."""
    names = {}
    for name, kind in re.findall(r"^# TYPE (\w+) (\w+)$", text, re.MULTILINE):
        names.update(dict.fromkeys([f"{name}{end}" for end in ("_bucket", "_sum", "_count")] if kind == "histogram" else [name], name))
    return names


class MetricsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = cls.enterClassContext(programs.scratch_folder())
        cls.server = cls.enterClassContext(Server(cls.folder / "server", "--web", "127.0.0.1:0", ranks=2))
        cls.job = submit(cls.server, SCAN, "--algorithm", "sirt", "--iterations", 5, "--size", "64,64,2", "--rotation-axis", 296)
        client("watch", cls.job, server=cls.server)
        client("logs", "jobs/99", server=cls.server, expect=1)
        cls.text = cls.read(cls.server)

    @staticmethod
    def read(server, token=None):
        request = urllib.request.Request(f"http://{server.web_address}/metrics")
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.read().decode()

    def value(self, sample):
        """Of `name` or `name{label="value"}`, labels in any order."""
        name, labels = re.fullmatch(r"(\w+)(?:\{(.*)\})?", sample).groups()
        wanted = set((labels or "").split(",")) - {""}
        for found, its, number in SAMPLE.findall(self.text):
            if found == name and wanted == set(its.strip("{}").split(",")) - {""}:
                return float(number)
        self.fail(f"{sample} is not among the metrics")

    def test_promtool_has_nothing_to_say(self):
        said = promtool("check", "metrics", text=self.text)
        self.assertEqual((said.returncode, said.stdout + said.stderr), (0, ""))

    def test_the_figures_are_those_of_the_job(self):
        self.assertEqual(self.value('tomoslab_jobs{state="SUCCEEDED"}'), 1)
        self.assertEqual(self.value('tomoslab_jobs_ended_total{state="SUCCEEDED"}'), 1)
        self.assertEqual(self.value("tomoslab_attempts_total"), 1)
        self.assertEqual(self.value("tomoslab_attempts_lost_total"), 0)
        self.assertEqual(self.value("tomoslab_ranks_up"), 2)
        self.assertEqual(self.value('tomoslab_pools{state="idle"}'), 1)
        self.assertEqual(self.value('tomoslab_job_queue_seconds_count{algorithm="sirt"}'), 1)
        self.assertGreaterEqual(self.value('tomoslab_job_iteration_seconds_count{algorithm="sirt"}'), 5)
        self.assertGreater(self.value('tomoslab_job_phase_seconds_total{phase="projection"}'), 0)
        scan = json.loads(client("list", "--scans", "--json", server=self.server).stdout.splitlines()[0])
        frames = sum(scan.get(key, 0) for key in ("viewCount", "flatCount", "darkCount"))
        self.assertAlmostEqual(self.value('tomoslab_ingest_frames_total{result="accepted"}'), frames, places=3)
        detector = scan["geometry"]["detector"]
        bytes_each = {"DATA_TYPE_UINT8": 1, "DATA_TYPE_UINT16": 2, "DATA_TYPE_FLOAT32": 4}[scan["dataType"]]
        self.assertEqual(self.value('tomoslab_ingest_bytes_total{result="accepted"}'),
                         frames * detector["rows"] * detector["columns"] * bytes_each)
        self.assertGreaterEqual(self.value('tomoslab_grpc_calls_total{method="Reconstruction.CreateJob",code="OK"}'), 1)
        self.assertEqual(self.value('tomoslab_grpc_calls_total{method="Reconstruction.ReadLog",code="NOT_FOUND"}'), 1)
        self.assertGreater(self.value("tomoslab_store_size_bytes"), self.value("tomoslab_store_free_bytes"))
        self.assertLessEqual(self.value("tomoslab_watchers"), 1, "the one that has just ended, at most")

    def test_every_metric_has_its_help(self):
        for name in set(families(self.text).values()):
            self.assertRegex(self.text, rf"(?m)^# HELP {name} \S.*$")

    def test_rules_pass_their_own_tests(self):
        for arguments in (("check", "rules", DEPLOY / "prometheus/alerts.yml"), ("test", "rules", DEPLOY / "prometheus/alerts_test.yml"),
                          ("check", "config", DEPLOY / "prometheus/prometheus.yml")):
            said = promtool(*arguments)
            self.assertEqual(said.returncode, 0, said.stdout + said.stderr)
        rules = re.findall(r"- alert: (\w+)", (DEPLOY / "prometheus/alerts.yml").read_text())
        tested = (DEPLOY / "prometheus/alerts_test.yml").read_text()
        self.assertEqual([rule for rule in rules if f"alertname: {rule}" not in tested], [], "rules without a test")

    def test_rules_and_dashboard_use_what_the_server_says(self):
        dashboard = json.loads((DEPLOY / "grafana/tomoslab.json").read_text())
        shown = set(NAME.findall(" ".join(target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", []))))
        alerted = set(NAME.findall(re.sub(r"(?m)^\s*#.*$", "", (DEPLOY / "prometheus/alerts.yml").read_text())))
        self.assertGreater(len(shown), 25)
        said = families(self.text)
        self.assertEqual((shown | alerted) - set(said) - ON_GPUS_ONLY - WHILE_A_JOB_RUNS_ONLY, set())
        self.assertEqual(set(said.values()) - {said.get(name, name) for name in shown}, set(), "metrics that the dashboard does not show")
        for panel in dashboard["panels"]:
            if panel["type"] != "row":
                self.assertTrue(panel["targets"] and panel["title"], panel)
        ids = [panel["id"] for panel in dashboard["panels"]]
        self.assertEqual(len(ids), len(set(ids)))

    def test_a_viewers_token_is_asked_for_where_others_are(self):
        with Server(self.folder / "guarded", "--authenticate", "--no-local-pool", "--web", "127.0.0.1:0") as server:
            admin = ["--server", server.address, "--token-file", server.folder / "data/admin.token"]
            client("token", "create", "--user", "prometheus", "--role", "viewer", "-o", self.folder / "viewer.token", *admin)
            client("token", "create", "--user", "pool", "--role", "pool", "-o", self.folder / "pool.token", *admin)
            self.assertIn("tomoslab_build_info", self.read(server, (self.folder / "viewer.token").read_text().strip()))
            for token, code in ((None, 401), ("nonsense", 401), ((self.folder / "pool.token").read_text().strip(), 403)):
                with self.assertRaises(urllib.error.HTTPError) as refused:
                    self.read(server, token)
                self.assertEqual(refused.exception.code, code)


if __name__ == "__main__":
    unittest.main()
