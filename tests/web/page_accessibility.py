#!/usr/bin/python3
"""The web page for people who see badly, or use no mouse: contrast of all text in the light and the dark scheme (WCAG 2.1 AA), names of all controls as
the browser tells them to a screen reader, and every control reached and worked by keys, on every view."""

import pathlib

from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from browser import Browser
from certificates import Authority
from programs import Server, client, events, scratch_folder, submit, wait_until
from web_scans import GEOMETRY, SLOW_GEOMETRY, write_scan

LEAST_CONTRAST = 4.5
CONTRAST = (pathlib.Path(__file__).parent / "contrast.js").read_text()
NAMED_ROLES = {"button", "link", "textbox", "searchbox", "slider", "spinbutton", "combobox", "progressbar", "image", "img", "table", "dialog", "region", "navigation"}
DART = [*GEOMETRY, "--algorithm", "dart", "--grey-values", "0.05,0.12", "--iterations", 3, "--start-iterations", 5, "--name", "done"]
LONG = [*SLOW_GEOMETRY, "--algorithm", "sirt", "--iterations", 20000, "--preview-every", 20, "--name", "running"]


def low_contrast(page):
    """[ratio, colours, words] of each text that is hard to read."""
    found = page.script(CONTRAST, LEAST_CONTRAST)
    assert found["count"] > 5, f"only {found['count']} texts were seen"
    return found["low"]


def nameless(page):
    """Roles of what a screen reader cannot name: the browser's own tree, not our idea of it."""
    nodes = page.driver.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    shown = [node for node in nodes if not node["ignored"] and node["role"]["value"] in NAMED_ROLES]
    assert shown, "the browser shows no control"
    return [node["role"]["value"] for node in shown if not node.get("name", {}).get("value", "").strip()]


def check_that_the_checks_find_something(page):
    page.script("""const grey = document.createElement('p'); grey.id = 'bad'; grey.textContent = 'hard to read';
      grey.style.color = '#999'; grey.style.background = '#fff'; grey.append(document.createElement('button')); document.querySelector('main').append(grey)""")
    assert [words for _, _, words in low_contrast(page)] == ["hard to read"], low_contrast(page)
    assert nameless(page) == ["button"], nameless(page)
    page.script("document.getElementById('bad').remove()")


def check_view(page, name):
    for scheme in ("dark", "light"):
        page.scheme(scheme)
        low = low_contrast(page)
        assert not low, f"{name}, {scheme}: below {LEAST_CONTRAST}: {low}"
    assert not nameless(page), f"{name}: without a name: {nameless(page)}"


def check_canvas_colours(page):
    """Text on canvases, which only its colours tell: charts on their panel, thresholds on the histogram."""
    for scheme in ("dark", "light"):
        page.scheme(scheme)
        page.script("""const box = document.createElement('section'); box.className = 'panel'; box.id = 'tones';
          for (const tone of ['text', 'soft', 'c1', 'c2', 'c3', 'c4', 'c5', 'good', 'bad', 'warn', 'link']) {
            const line = document.createElement('p'); line.textContent = tone; line.style.color = `var(--${tone})`; box.append(line); }
          document.querySelector('main').append(box)""")
        low = low_contrast(page)
        page.script("document.getElementById('tones').remove()")
        assert not low, f"{scheme}: {low}"


def press(page, *keys):
    """To whatever has the focus then: lists are drawn anew at any time."""
    ActionChains(page.driver).send_keys(*keys).perform()


def focused(page):
    return page.script("const e = document.activeElement; return e.id || e.getAttribute('href') || e.getAttribute('aria-label') || e.textContent.trim().slice(0, 40) || e.tagName")


def start_at_the_top(page):
    """On the page's first control, wherever the focus was."""
    page.script("document.querySelector('a.skip').focus()")


def walk(page, most=200):
    """Where Tab goes from the top of the page to its end, and what was focused without being marked."""
    start_at_the_top(page)
    page.script("document.querySelectorAll('*').forEach((e) => { delete e.dataset.reached }); document.activeElement.dataset.reached = 'yes'")
    names, unmarked = [focused(page)], []
    for _ in range(most):
        press(page, Keys.TAB)
        state = page.script("""const e = document.activeElement; if (e === document.body || e.dataset.reached) return 'end';
          e.dataset.reached = 'yes'; const s = getComputedStyle(e); return s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2 ? 'marked' : 'unmarked'""")
        if state == "end":
            break
        names.append(focused(page))
        if state == "unmarked":
            unmarked.append(names[-1])
    return names, unmarked


def check_keys_reach_everything(page, name):
    names, unmarked = walk(page)
    assert not unmarked, f"{name}: the focus is not marked on {unmarked}"
    left = page.script("""return [...document.querySelectorAll('a[href], button, input, select, textarea, [tabindex="0"]')]
      .filter((e) => e.checkVisibility() && !e.disabled && !e.dataset.reached).map((e) => e.outerHTML.slice(0, 90))""")
    assert not left, f"{name}: Tab does not reach {left}; it went {names}"


def check_skip_link(page):
    """It leads to the content of the view that is open."""
    address = page.driver.current_url
    tab_to(page, "a.skip")
    press(page, Keys.ENTER)
    assert page.script("return document.activeElement.id") == "main", focused(page)
    assert page.driver.current_url == address and page.text("#job-state") == "running", "the skip link opens another view"


def tab_to(page, selector):
    page.one(selector)
    start_at_the_top(page)
    for _ in range(100):
        if page.script("return document.activeElement.matches(arguments[0])", selector):
            return
        press(page, Keys.TAB)
    raise AssertionError(f"Tab never came to {selector}")


def check_a_job_by_keys(page, server, job):
    """From the list to a job, through its slices, its window, a dialog and back, and its end: without a mouse."""
    page.open("/#/")
    tab_to(page, f'tr[data-job="{job}"] a')
    press(page, Keys.ENTER)
    wait_until(lambda: page.text("#job-state") == "running", "Enter opens the job")
    assert page.script("return document.activeElement.id") == "main", "the focus stays in the view before"
    check_skip_link(page)
    wait_until(lambda: "of iteration" in page.attribute("#plane-axial", "aria-label"), "the slice is there", 60)
    tab_to(page, "#low")
    before = page.attribute("#low", "value")
    press(page, Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    assert float(page.attribute("#low", "value")) > float(before)
    tab_to(page, "#clone")
    press(page, Keys.ENTER)
    page.one("dialog[open]")
    assert page.script("return document.querySelector('dialog').contains(document.activeElement)"), "the focus is behind the dialog"
    check_view(page, "the clone dialog")
    press(page, Keys.ESCAPE)
    wait_until(lambda: not page.all("dialog"), "Escape closes the dialog")
    assert focused(page) == "clone", f"the focus went to {focused(page)}"
    tab_to(page, "#cancel")
    press(page, Keys.ENTER)
    page.driver.switch_to.alert.accept()
    wait_until(lambda: page.text("#job-state") == "cancelled", "the job is cancelled", 60)


def check_slices_by_keys(page):
    tab_to(page, "#slice-sagittal")
    before = int(page.attribute("#slice-sagittal", "value"))
    press(page, Keys.ARROW_RIGHT)
    wait_until(lambda: page.attribute("#plane-sagittal", "data-index") == str(before + 1), "an arrow key shows the next slice")
    assert page.attribute("#slice-sagittal", "aria-valuetext") == f"{before + 1} of 40", page.attribute("#slice-sagittal", "aria-valuetext")
    tab_to(page, "#plane-coronal")
    press(page, Keys.PAGE_DOWN)
    wait_until(lambda: page.attribute("#plane-coronal", "data-index") == "19", "page down in the image too")


def check_views(page, server, scan):
    done, long = submit(server, scan, *DART), submit(server, scan, *LONG)
    events(server, done)
    waiting = submit(server, scan, *LONG, "--priority", -5)
    failed = submit(server, scan, *GEOMETRY, "--algorithm", "sirt", "--iterations", 5, "--name", "cancelled")
    client("cancel", failed, server=server)
    page.open("/")
    wait_until(lambda: len(page.all("tr[data-job]")) == 4 and page.all("progress"), "all jobs are listed")
    check_that_the_checks_find_something(page)
    check_canvas_colours(page)
    check_view(page, "the list")
    check_keys_reach_everything(page, "the list")
    page.open("/#/pools")
    wait_until(lambda: page.all("section tbody tr"), "the pools are there")
    check_view(page, "pools")
    check_keys_reach_everything(page, "pools")
    check_a_job_by_keys(page, server, long)
    client("cancel", waiting, server=server)
    page.open(f"/#/{done}")
    wait_until(lambda: page.text("#job-state") == "succeeded" and page.all(".uplot"), "the job that is done is there", 60)
    wait_until(lambda: "of the volume" in page.attribute("#plane-sagittal", "aria-label"), "its volume is shown")
    check_view(page, "a job")
    check_keys_reach_everything(page, "a job")
    check_slices_by_keys(page)
    tab_to(page, "section[aria-label='Event log'] button")
    press(page, Keys.ENTER)
    wait_until(lambda: page.all("dialog li"), "the log's lines are there")
    check_view(page, "the log")
    press(page, Keys.ESCAPE)
    page.open("/#/jobs/4711")
    wait_until(lambda: page.text("main .error"), "there is no such job")
    check_view(page, "an error")


def check_log_in(folder):
    certificate, key = Authority(folder, "ca").issue("server")
    with Server(folder / "tokens", "--no-local-pool", "--tls-cert", certificate, "--tls-key", key, "--web", "127.0.0.1:0") as server:
        with Browser(server.web_address, scheme="https") as page:
            page.open("/")
            page.one("#token")
            press(page, "tomoslab_wrong", Keys.ENTER)
            wait_until(lambda: page.text("form .error"), "a wrong token is refused in words")
            check_view(page, "the login")
            check_keys_reach_everything(page, "the login")


def main():
    with scratch_folder() as folder:
        with Server(folder, "--web", "127.0.0.1:0") as server, Browser(server.web_address) as page:
            check_views(page, server, write_scan(folder / "balls.h5"))
        check_log_in(folder)


if __name__ == "__main__":
    main()
