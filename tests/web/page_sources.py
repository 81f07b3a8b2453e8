#!/usr/bin/python3
"""The page's sources: TypeScript's strict checks of the JSDoc types, what our own rules forbid, and how many bytes a first visit loads."""

import json
import pathlib
import re
import subprocess

PAGE = pathlib.Path(__file__).resolve().parents[2] / "client/web"
FIRST_PAINT_BYTES = 100_000
# What would let text become code, or a request leave the server. The one address is a name of SVG's, not a place.
FORBIDDEN = {
    "text as code": r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|setTimeout\(['\"`]",
    "another server": r"https?://(?!www\.w3\.org/2000/svg)|['\"(]//",
    "storage that scripts can read": r"localStorage|sessionStorage|document\.cookie",
    "var or ==": r"\bvar |[^=!]==[^=]",
    "debugging": r"console\.|debugger|alert\(",
}
INLINE = r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+="


def own_files(*suffixes):
    return [file for file in sorted(PAGE.iterdir()) if file.suffix in suffixes]


def embedded_files():
    text = (PAGE / "files.cmake").read_text()
    return re.search(r"set\(TOMOSLAB_PAGE_FILES(.*?)\)", text, re.S).group(1).split()


def check_types():
    done = subprocess.run(["tsc", "-p", str(PAGE / "tsconfig.json")], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout


def violations(name, text):
    found = [f"{name}: {what}: {match.group()}" for what, pattern in FORBIDDEN.items() for match in re.finditer(pattern, text)]
    if name.endswith(".html"):
        found += [f"{name}: inline code or style: {match.group()}" for match in re.finditer(INLINE, text)]
    return found


def check_rules():
    assert violations("a.js", "x.innerHTML = 'http://example.org'; if (a == b) console.log()"), "the rules find nothing"
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
    check_rules()
    check_files_are_embedded()
    check_size()
    check_types()
