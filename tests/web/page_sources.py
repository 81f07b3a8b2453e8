#!/usr/bin/python3
"""The page's sources: TypeScript's strict checks of the JSDoc types, ESLint's rules (client/web/eslint.json), nothing inline or from elsewhere, and how
many bytes a first visit loads."""

import json
import os
import pathlib
import re
import subprocess

PAGE = pathlib.Path(__file__).resolve().parents[2] / "client/web"
FIRST_PAINT_BYTES = 100_000
ELSEWHERE = r"https?://(?!www\.w3\.org/2000/svg)|['\"(]//"  # that one address is a name of SVG's, not a place
INLINE = r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+="
# What ESLint must find, each line for the rule named: a linter that reads nothing, or that has lost its rules, finds none of it.
BAD_SAMPLE = {
    "no-unused-vars": "const unused = 1;",
    "no-undef": "nowhere();",
    "eqeqeq": "if (document.title == 'a') document.title = 'b';",
    "no-shadow": "export const f = (a) => [1].map((a) => a ?? 2);",
    "no-implied-eval": "setTimeout('f()', 1);",
    "no-eval": "eval('1');",
    "no-new-func": "export const made = Function('return 1');",
    "no-var": "export var old = 1;",
    "prefer-const": "export let constant = 1;",
    "no-console": "console.log(document?.title);",
    "no-debugger": "debugger;",
    "no-restricted-globals": "localStorage.clear();",
    "no-restricted-properties": "document.body.innerHTML = '<b>';",
    "no-restricted-syntax": "fetch('https://example.org');",
    "no-script-url": "location.href = 'javascript:f()';",
    "consistent-return": "export function g(a) { if (a) return 1; }",
}


def own_files(*suffixes):
    return [file for file in sorted(PAGE.iterdir()) if file.suffix in suffixes]


def embedded_files():
    text = (PAGE / "files.cmake").read_text()
    return re.search(r"set\(TOMOSLAB_PAGE_FILES(.*?)\)", text, re.S).group(1).split()


def check_types():
    done = subprocess.run(["tsc", "-p", str(PAGE / "tsconfig.json")], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout


def lint(*arguments, text=None):
    """(file, line, rule) of everything that ESLint finds. Debian's modules lie where only Debian's own node looks by itself."""
    done = subprocess.run(["eslint", "--no-eslintrc", "--no-inline-config", "-c", "eslint.json", "-f", "json", *arguments], cwd=PAGE, input=text,
                          capture_output=True, text=True, timeout=300, env={**os.environ, "NODE_PATH": "/usr/share/nodejs"})
    assert done.stdout, done.stderr
    return [(pathlib.Path(file["filePath"]).name, message["line"], message["ruleId"] or message["message"])
            for file in json.loads(done.stdout) for message in file["messages"]]


def check_lint():
    found = {(line, rule) for _, line, rule in lint("--stdin", text="\n".join(BAD_SAMPLE.values()))}
    missed = {(i + 1, rule) for i, rule in enumerate(BAD_SAMPLE)} - found
    assert not missed, f"ESLint does not see {missed}; it saw {found}"
    found = lint(*(file.name for file in own_files(".js")))
    assert not found, "\n".join(map(str, found))


def violations(name, text):
    found = [f"{name}: another server: {match.group()}" for match in re.finditer(ELSEWHERE, text)]
    if name.endswith(".html"):
        found += [f"{name}: inline code or style: {match.group()}" for match in re.finditer(INLINE, text)]
    return found


def check_nothing_inline_or_from_elsewhere():
    assert violations("a.css", "url('//example.org/a.png')"), "the rules find nothing"
    assert len(violations("a.html", "<p style='a'><script>1</script>")) == 2
    found = [line for file in own_files(".js", ".html", ".css", ".svg") for line in violations(file.name, file.read_text())]
    assert not found, "\n".join(found)


def check_files_are_embedded():
    """Every file that the page names is part of the program, and the other way round."""
    here = {str(file.relative_to(PAGE)) for file in PAGE.rglob("*") if file.suffix in {".js", ".html", ".css", ".svg", ".txt"}}
    assert set(embedded_files()) == here, set(embedded_files()) ^ here
    for file in own_files(".js"):
        for target in re.findall(r"from \"\./([^\"]+)\"|import\(\"\./([^\"]+)\"\)", file.read_text()):
            name = target[0] or target[1]
            assert name in here or name == "types", f"{file.name} imports {name}"


def bytes_of_first_paint(*views):
    """Of index.html, its style and icon, and all modules that a view needs."""
    wanted, seen = {"index.html", "style.css", "icon.svg", "app.js", *views}, set()
    while wanted - seen:
        name = (wanted - seen).pop()
        seen.add(name)
        if name.endswith(".js") and "/" not in name:
            wanted |= set(re.findall(r"^import .* from \"\./([^\"]+\.js)\"", (PAGE / name).read_text(), re.M))
    return sum((PAGE / name).stat().st_size for name in seen)


def check_size():
    """Charts come after the first paint of a job (chart.js loads them when the rest is there)."""
    sizes = {view: bytes_of_first_paint(f"{view}.js") for view in ("jobs", "pool", "job")}
    charts = sum((PAGE / "vendor" / name).stat().st_size for name in ("uPlot.js", "uPlot.css"))
    print(json.dumps({"bytes of the first paint": sizes, "charts": charts}))
    assert max(sizes.values()) < FIRST_PAINT_BYTES, sizes
    assert sizes["jobs"] + charts < FIRST_PAINT_BYTES, (sizes, charts)


if __name__ == "__main__":
    check_nothing_inline_or_from_elsewhere()
    check_files_are_embedded()
    check_size()
    check_types()
    check_lint()
