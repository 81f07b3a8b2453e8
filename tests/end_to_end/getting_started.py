#!/usr/bin/python3
"""docs/getting-started.md, line by line: its commands run in one shell, in order, in a fresh folder that looks like a clone with built programs;
its Python runs as scripts; what the page shows is what comes. In shown output … stands for anything."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

import programs
from programs import BIN, ROOT

PAGE = ROOT / "docs/getting-started.md"
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
END = "--- the command has ended with"


def steps(text):
    """[("sh", command, shown output) or ("python", program, shown output)] of a page."""
    found = []
    for kind, body in FENCE.findall(text):
        if kind == "console":
            for part in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
                lines = part.splitlines()
                count = 1
                while lines[count - 1].endswith("\\"):
                    count += 1
                found.append(("sh", "\n".join(lines[:count]), "\n".join(lines[count:])))
        elif kind == "python":
            found.append(("python", body, ""))
        elif kind == "text" and found and found[-1][0] == "python":
            found[-1] = ("python", found[-1][1], body.rstrip("\n"))
    return found


def matches(shown, said):
    """Whether `said` is as shown: … stands for anything in a line, a line of … for any lines; blanks at the end do not count."""
    pattern = ""
    for line in shown.rstrip().splitlines():
        if line.strip() == "…":
            pattern += r"(?:.*\n)*?"
        else:
            pattern += ".*".join(re.escape(part.strip("\n")) for part in line.rstrip().split("…")) + r"[ ]*\n"
    return re.fullmatch(pattern, said.rstrip() + "\n") is not None


class Shell:
    """One bash that keeps its variables and jobs from command to command."""

    def __init__(self, folder):
        environment = {key: value for key, value in os.environ.items() if not key.startswith("TOMOSLAB_")}
        python = BIN.parent / "python"
        environment.update(HOME=str(folder), OMP_WAIT_POLICY="PASSIVE", PYTHONDONTWRITEBYTECODE="1",
                           PATH=f"{pathlib.Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin", PYTHONPATH=str(python))
        self._bash = subprocess.Popen(["bash"], cwd=folder, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      stderr=subprocess.STDOUT, text=True, bufsize=1)

    def run(self, command):
        """(exit code, output)."""
        self._bash.stdin.write(f"{command}\necho; echo \"{END} $?\"\n")
        self._bash.stdin.flush()
        said = []
        for line in self._bash.stdout:
            if line.startswith(END):
                return int(line.split()[-1]), "".join(said).rstrip("\n")
            said.append(line)
        raise AssertionError(f"the shell ended in: {command}\n{''.join(said)}")

    def close(self):
        self._bash.stdin.write("kill $(jobs -p) 2>/dev/null; wait\n")
        self._bash.stdin.close()
        self._bash.stdout.read()
        self._bash.wait(timeout=60)
        self._bash.stdout.close()


class GettingStarted(unittest.TestCase):
    def test_every_line_does_what_the_page_says(self):
        page = steps(PAGE.read_text())
        self.assertGreater(len([step for step in page if step[0] == "sh"]), 15)
        self.assertGreater(len([step for step in page if step[0] == "python"]), 1)
        with programs.scratch_folder() as folder:
            (folder / "build").mkdir()
            (folder / "build/bin").symlink_to(BIN)
            (folder / "build/python").symlink_to(BIN.parent / "python")
            shutil.copytree(ROOT / "tests/data", folder / "tests/data")
            shell = Shell(folder)
            self.addCleanup(shell.close)
            for number, (kind, text, shown) in enumerate(page, 1):
                command = text
                if kind == "python":
                    (folder / "step.py").write_text(text)
                    command = "python3 step.py"
                code, said = shell.run(command)
                with self.subTest(step=number, command=text):
                    self.assertEqual(code, 0, said)
                    self.assertTrue(matches(shown, said) if shown else True, f"the page shows\n{shown}\n--- and this came\n{said}")

    def test_the_page_shows_outputs(self):
        shown = [step for step in steps(PAGE.read_text()) if step[2].strip(" …\n")]
        self.assertGreater(len(shown), 6, "outputs that are compared")

    def test_differences_are_found(self):
        self.assertTrue(matches("a … c\n…\nd", "a b c\nx\ny\nd\n"))
        self.assertTrue(matches("a\n…\nd", "a\nd"))
        self.assertFalse(matches("a … c", "a b d"))
        self.assertFalse(matches("a", "a\nb"))
        self.assertEqual(steps("```console\n$ one \\\n  two\nout\n$ three\n```\n```python\nx\n```\n```text\ny\n```\n"),
                         [("sh", "one \\\n  two", "out"), ("sh", "three", ""), ("python", "x\n", "y")])


if __name__ == "__main__":
    unittest.main()
