"""What the worlds of chaos.py count together."""

import collections
import threading

PHASES = ["upload", "QUEUED", "LOADING", "RUNNING", "WRITING", "fetch"]


class Tally:
    """Thread-safe sums over all worlds."""

    def __init__(self):
        self._lock = threading.Lock()
        self.kills = collections.Counter()  # by (victim, phase)
        self.damage = collections.Counter()  # by (file, what came of it)
        self.jobs = self.loops = self.different_voxels = 0
        self.lost_lines, self.bad_jobs, self.unclear = [], [], []
        self.longest_stall = self.peak_memory_mb = 0.0
        self.failures = []  # of worlds

    def total(self):
        return sum(self.kills.values())

    def add(self, name, key):
        with self._lock:
            getattr(self, name)[key] += 1

    def note(self, name, what):
        """Something that should never be there."""
        with self._lock:
            getattr(self, name).append(what)
        print(f"{name}: {what}", flush=True)

    def count(self, name, more=1):
        with self._lock:
            setattr(self, name, getattr(self, name) + more)

    def at_least(self, name, value):
        with self._lock:
            setattr(self, name, max(getattr(self, name), value))

    def kill_table(self):
        """Markdown: victims by phases."""
        victims = sorted({victim for victim, _ in self.kills})
        lines = ["| killed | " + " | ".join(PHASES) + " | all |", "| --- |" + " --- |" * (len(PHASES) + 1)]
        for victim in victims:
            counts = [self.kills[victim, phase] for phase in PHASES]
            lines.append(f"| {victim} | " + " | ".join(map(str, counts)) + f" | {sum(counts)} |")
        return "\n".join(lines)

    def damage_table(self):
        lines = ["| damaged | what came of it | times |", "| --- | --- | --- |"]
        lines += [f"| {file} | {outcome} | {count} |" for (file, outcome), count in sorted(self.damage.items())]
        return "\n".join(lines)

    def judge(self, figures, kills_wanted, stall_limit):
        figures.holds("kills", self.total(), self.total() >= min(1, kills_wanted))
        figures.holds("loops, jobs", f"{self.loops}, {self.jobs}", self.loops > 0)
        figures.at_most("acknowledged lines lost", len(self.lost_lines), 0)
        figures.at_most("jobs lost, failed without damage, or not run to the end exactly once", len(self.bad_jobs), 0)
        figures.at_most("voxels that differ from the undisturbed run", self.different_voxels, 0)
        figures.at_most("damaged files that nobody noticed, or with no clear reason", len(self.unclear), 0)
        figures.at_most("seconds without progress, at most", round(self.longest_stall, 1), stall_limit)
        figures.at_most("a server's peak memory, MB", round(self.peak_memory_mb), 400)
        figures.at_most("worlds that ended early", len(self.failures), 0)
