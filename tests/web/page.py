#!/usr/bin/python3
"""The web page in headless Chromium, on a real server and pool: a job runs, the chart grows, slices change, a cut connection recovers.

page.py [--screenshots FOLDER]: also writes the pictures of docs/.
"""

import io
import pathlib
import sys
import time
import urllib.request

import numpy as np
from selenium.webdriver.common.keys import Keys

from browser import Browser
from programs import Server, client, events, scratch_folder, submit, wait_until
from proxy import Proxy
from scans import read_volume
from web_scans import GEOMETRY, SLOW_GEOMETRY, write_scan

PHONE = (390, 844)
PLANES = {"axial": (0, 16), "coronal": (1, 16), "sagittal": (2, 26)}  # along which axis of [z][y][x] each is cut, and a slice through an outer ball
LONG = [*SLOW_GEOMETRY, "--algorithm", "sirt", "--iterations", 20000, "--preview-every", 20, "--name", "three balls, SIRT"]
SHORT = [*GEOMETRY, "--algorithm", "bb", "--iterations", 12, "--preview-every", 2, "--lower", 0, "--name", "three balls, BB"]
DART = [*GEOMETRY, "--algorithm", "dart", "--grey-values", "0.05,0.12", "--iterations", 4, "--start-iterations", 10, "--name", "three balls, DART"]


class Pictures:
    """Screenshots into a folder; into none when there is none."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder) if folder else None

    def take(self, page, name, selector=None):
        if self.folder:
            self.folder.mkdir(parents=True, exist_ok=True)
            time.sleep(0.5)
            page.screenshot(self.folder / f"{name}.webp", selector)


def points(page):
    return int(page.attribute("#misfit-chart", "data-points") or 0)


def preview(page, plane="axial"):
    """(iteration, sum) of what a pane shows."""
    return int(page.attribute(f"#plane-{plane}", "data-iteration") or 0), page.attribute(f"#plane-{plane}", "data-sum")


def check_list(page, job):
    page.open("/")
    row = f'tr[data-job="{job}"]'
    page.one(row)
    wait_until(lambda: "running" in page.text(row), "the list shows the job running")
    wait_until(lambda: page.attribute(f"{row} progress", "value") not in (None, "0"), "its progress bar moves", 60)
    wait_until(lambda: "left" in page.text(row), "the list says how long it still needs")
    assert "SIRT" in page.text(row), page.text(row)
    page.one("#filter").send_keys("no such job")
    wait_until(lambda: not page.all(row), "the filter hides the job")
    page.one("#filter").send_keys(Keys.CONTROL, "a", Keys.DELETE)
    page.slide("#state", "FAILED")
    page.script("arguments[0].dispatchEvent(new Event('change', {bubbles: true}))", page.one("#state"))
    wait_until(lambda: "0 jobs" in page.text("main"), "no failed jobs are listed")


def check_it_grows(page, job):
    page.open(f"/#/{job}")
    wait_until(lambda: points(page) >= 2, "the chart has points", 90)
    before, (iteration, total) = points(page), preview(page)
    wait_until(lambda: points(page) > before + 2, "the chart grows", 60)
    wait_until(lambda: preview(page)[0] > iteration and preview(page)[1] != total, "the slice changes", 60)
    for plane in ("coronal", "sagittal"):
        wait_until(lambda: preview(page, plane)[0] > 0, f"the {plane} slice is there")
    assert page.all(".uplot canvas"), "no chart was drawn"
    wait_until(lambda: len(page.all("#ranks tbody tr")) == 2, "both ranks are listed")
    wait_until(lambda: len(page.all("svg .slab")) == 2, "both slabs are drawn")
    wait_until(lambda: page.all("ol.log li"), "the event log has lines")


def check_a_cut_recovers(page, proxy):
    before = points(page)
    proxy.refusing = True
    assert proxy.cut() > 0
    wait_until(lambda: page.attribute("#live", "data-state") == "off", "the page says that it is cut off")
    time.sleep(2)
    proxy.refusing = False
    wait_until(lambda: page.attribute("#live", "data-state") == "on", "the page is live again", 60)
    wait_until(lambda: points(page) > before + 5, "the chart goes on", 60)
    # Nothing was missed or counted twice: as many points as iterations.
    shown = page.script("return [document.querySelector('#misfit-chart').dataset.points, document.querySelector('#iteration').textContent]")
    assert abs(int(shown[0]) - int(shown[1].split()[0])) <= 1, shown


def check_looking(page):
    """Value under the cursor, by mouse and by keys; window; kept iterations."""
    canvas = page.one("#plane-axial")
    canvas.send_keys(Keys.ARROW_LEFT)
    wait_until(lambda: "1/mm" in page.text("#value-axial"), "the value under the cursor is shown")
    value = float(page.text("#value-axial").split(":")[1].split()[0])
    assert 0.01 < value < 0.2, f"{value} 1/mm in the middle of a ball of 0.05"
    page.slide("#low", page.attribute("#high", "value"))
    newest = preview(page)[0]
    page.slide("#kept", int(page.attribute("#kept", "max")) // 2)  # the oldest may go while it is asked for
    wait_until(lambda: preview(page)[0] < newest, "an earlier iteration is shown")
    page.press("#automatic-window")
    wait_until(lambda: float(page.attribute("#low", "value")) < float(page.attribute("#high", "value")), "the window fits the values again")
    page.press("#newest")
    wait_until(lambda: preview(page)[0] >= newest, "the newest iteration is shown again")


def check_cancel(page, server, job):
    page.one("#cancel").click()
    page.driver.switch_to.alert.accept()
    wait_until(lambda: page.text("#job-state") == "cancelled", "the job is cancelled", 60)
    assert page.attribute("#cancel", "disabled"), "a job that is over can still be cancelled"
    assert "cancelled" in client("list", server=server).stdout.lower()


def check_slice(page, plane, index, pixels):
    expected = float(pixels.sum(dtype=np.float64))
    wait_until(lambda: page.attribute(f"#plane-{plane}", "data-index") == str(index)
               and abs(float(preview(page, plane)[1]) - expected) <= 1e-3 * max(1e-3, abs(expected)), f"{plane} slice {index} of the volume is shown")


def pointed_at(page, plane):
    """The value under the cursor and where it is: ({"x": 3, "z": 5}, 1/mm)."""
    where, value = page.text(f"#value-{plane}").split(":")
    return {part.split()[0]: int(part.split()[1]) for part in where.split(",")}, float(value.split()[0])


def check_axes(page, plane, index, pixels):
    """The value under the cursor is the volume's there; up and right are as marked; page up shows the next slice, and what is drawn is that."""
    canvas = page.one(f"#plane-{plane}")
    across, up = page.attribute(f"#plane-{plane}", "data-across"), page.attribute(f"#plane-{plane}", "data-up")
    assert (across, up) == {"axial": ("x", "y"), "coronal": ("x", "z"), "sagittal": ("y", "z")}[plane]
    assert f"{across} to the right, {up} up" in page.attribute(f"#plane-{plane}", "aria-label")
    seen = []
    for keys in ((Keys.ARROW_LEFT,) * 5 + (Keys.ARROW_UP,) * 3, (Keys.ARROW_RIGHT,) * 9, (Keys.ARROW_UP,) * 7):
        canvas.send_keys(*keys)
        place, value = pointed_at(page, plane)
        assert abs(value - pixels[place[up], place[across]]) <= 6e-4 * abs(value), (plane, place, value)
        seen.append(place)
    assert seen[1][across] > seen[0][across] and seen[2][up] > seen[1][up], seen
    for _ in range(17):
        canvas.send_keys(Keys.ARROW_DOWN)
    assert pointed_at(page, plane)[0][up] < seen[0][up]
    check_drawing(page, plane, pixels)
    canvas.send_keys(Keys.PAGE_UP)
    wait_until(lambda: page.attribute(f"#plane-{plane}", "data-index") == str(index + 1), "page up shows the next slice")
    canvas.send_keys(Keys.PAGE_DOWN)
    wait_until(lambda: page.attribute(f"#plane-{plane}", "data-index") == str(index), "page down shows the one before")


def check_drawing(page, plane, pixels):
    """What is drawn is the slice the way up that is marked, and not one turned over."""
    drawn = np.array(page.script("""const all = arguments[0].getContext('2d').getImageData(0, 0, 512, 512).data;
      const sample = (y) => Array.from({length: 64}, (_, x) => all[4 * (512 * (8 * y + 4) + 8 * x + 4)]);
      return Array.from({length: 64}, (_, y) => sample(y))""", page.one(f"#plane-{plane}")), float)[::-1]
    side = max(pixels.shape)
    row, column = (np.floor((np.arange(64) + 0.5) / 64 * side - (side - extent) / 2).astype(int) for extent in pixels.shape)
    inside = np.logical_and.outer((row >= 0) & (row < pixels.shape[0]), (column >= 0) & (column < pixels.shape[1]))
    inside[:20, :20] = False  # the marks

    def match(image):
        return np.corrcoef(drawn[inside], image[np.clip(row, 0, len(image) - 1)][:, np.clip(column, 0, image.shape[1] - 1)][inside])[0, 1]

    as_marked, turned = match(pixels), [match(pixels[::-1]), match(pixels[:, ::-1])]
    assert as_marked > 0.9 and as_marked > max(turned) + 0.02, (plane, as_marked, turned)


def check_result(page, server, folder, job):
    page.open(f"/#/{job}")
    wait_until(lambda: page.text("#job-state") == "succeeded", "the page shows the end", 60)
    for plane in PLANES:
        wait_until(lambda plane=plane: page.attribute(f"#slice-{plane}", "disabled") is None, f"{plane} slices of the volume can be chosen")
    client("fetch", job, "-o", folder / "volume.h5", server=server)
    volume, _ = read_volume(folder / "volume.h5")
    for plane, (axis, through) in PLANES.items():
        for index in (5, through):
            page.slide(f"#slice-{plane}", index)
            check_slice(page, plane, index, np.take(volume, index, axis))
        check_axes(page, plane, through, np.take(volume, through, axis))
    page.slide("#first", 3)
    page.slide("#last", 7)
    with urllib.request.urlopen(page.attribute("#download", "href"), timeout=30) as answer:
        assert np.array_equal(np.load(io.BytesIO(answer.read())), volume[3:8]), "the download is not what the server has"


def check_clone(page, server):
    page.press("#clone")
    page.slide("#clone-iterations", 3)
    page.slide("#clone-name", "a clone")
    page.press("#clone-submit")
    wait_until(lambda: page.text("h1") == "a clone", "the clone's page is open")
    clone = page.script("return location.hash").removeprefix("#/")
    assert any(event.get("stateChange", {}).get("state") == "SUCCEEDED" for event in events(server, clone))
    wait_until(lambda: page.text("#iteration").strip() == "3 of 3", "the clone did three iterations")


def check_dart(page, server, scan, pictures):
    job = submit(server, scan, *DART)
    page.open(f"/#/{job}")
    wait_until(lambda: page.text("#job-state") == "succeeded", "DART is done", 200)
    wait_until(lambda: len((page.attribute("#histogram", "data-thresholds") or "").split()) == 2, "the histogram shows both thresholds")
    assert "Changed labels" in page.text("#misfit-chart"), page.text("#misfit-chart")
    pictures.take(page, "web-dart", "#plane-axial")


def check_pools(page):
    page.open("/#/pools")
    wait_until(lambda: len(page.all("section tbody tr")) == 2, "the pool's ranks are listed")
    assert "Jobs in the queue" in page.text("main")


def check_phone(page, job):
    page.resize(*PHONE)
    for path in ("/#/", "/#/pools", f"/#/{job}"):
        page.open(path)
        page.script("location.reload()")
        page.one("main h1")
        time.sleep(1)
        assert not page.is_wider_than_the_window(), f"{path} is wider than a phone"


def check_labels(page):
    """Every control has a name that a screen reader can say, and every image too."""
    nameless = page.script("""return [...document.querySelectorAll('main button, main input, main select, main textarea, main canvas[role], main svg[role]')]
      .filter((e) => !(e.getAttribute('aria-label') || e.textContent.trim() || (e.labels && e.labels.length)))
      .map((e) => e.outerHTML.slice(0, 100))""")
    assert not nameless, nameless


def follow_a_job(page, proxy, server, folder, pictures):
    scan = write_scan(folder / "balls.h5")
    long = submit(server, scan, *LONG)
    check_list(page, long)
    check_it_grows(page, long)
    check_a_cut_recovers(page, proxy)
    check_looking(page)
    check_labels(page)
    short = submit(server, scan, *SHORT)
    pictures.take(page, "web-job")
    check_cancel(page, server, long)
    events(server, short)
    check_result(page, server, folder, short)
    check_clone(page, server)
    check_dart(page, server, scan, pictures)
    check_pools(page)
    page.open("/#/")
    page.one("tr[data-job]")
    pictures.take(page, "web-jobs")
    check_phone(page, short)
    pictures.take(page, "web-phone")


def main(screenshots=None):
    with scratch_folder() as folder, Server(folder, "--web", "127.0.0.1:0") as server, Proxy(server.web_address) as proxy:
        with Browser(proxy.address) as page:
            follow_a_job(page, proxy, server, folder, Pictures(screenshots))
            assert not page.foreign_requests(), page.foreign_requests()
            unexpected = page.complaints("ERR_CONNECTION", "ERR_SOCKET_NOT_CONNECTED", "ERR_EMPTY_RESPONSE", "ERR_INCOMPLETE_CHUNKED_ENCODING", "ERR_NETWORK", "404 (Not Found)")
            assert not unexpected, unexpected


if __name__ == "__main__":
    main(sys.argv[2] if sys.argv[1:2] == ["--screenshots"] else None)
