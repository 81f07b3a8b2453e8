"""Headless Chromium for tests: one window, what it asked for over the network, and what it complained about."""

import base64
import contextlib
import json
import pathlib
import urllib.parse

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By

from programs import wait_until


class Browser:
    """A window of its own; `address` is the server's "host:port", or a proxy's."""

    def __init__(self, address, width=1280, height=1000, scheme="http", dark=False):
        options = webdriver.ChromeOptions()
        for flag in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--ignore-certificate-errors",
                     "--disable-background-networking", "--disable-component-update", "--no-first-run", "--disable-extensions",
                     f"--window-size={width},{height}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
        self.driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
        self.scheme("dark" if dark else "light")
        self.base = f"{scheme}://{address}"
        self._requests, self._complaints = [], []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.driver.quit()

    def resize(self, width, height):
        """As on a phone of this width."""
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": True})

    def scheme(self, name):
        """light or dark, as the system's settings would say."""
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": name}]})

    def open(self, path="/"):
        self.driver.get(self.base + path)

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector, seconds=30):
        return wait_until(lambda: (self.all(selector) or [None])[0], f"the page has {selector}", seconds)

    def text(self, selector):
        found = self.all(selector)
        with contextlib.suppress(Exception):  # drawn anew between the two calls
            return found[0].text if found else ""
        return ""

    def attribute(self, selector, name):
        found = self.all(selector)
        with contextlib.suppress(Exception):
            return found[0].get_attribute(name) if found else None
        return None

    def script(self, code, *arguments):
        return self.driver.execute_script(code, *arguments)

    def press(self, selector):
        self.script("arguments[0].click()", self.one(selector))

    def slide(self, selector, value):
        """Sets a slider as a hand would."""
        self.script("arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('input', {bubbles: true}))", self.one(selector), str(value))

    def _read_logs(self):
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                self._requests.append(message["params"]["request"]["url"])
        self._complaints += [entry for entry in self.driver.get_log("browser") if entry["level"] in {"SEVERE", "WARNING"}]

    def foreign_requests(self):
        """What it asked of anybody but the server."""
        self._read_logs()
        own = urllib.parse.urlsplit(self.base).netloc
        return [url for url in self._requests if urllib.parse.urlsplit(url).scheme not in {"data", "blob", "chrome", "about"}
                and urllib.parse.urlsplit(url).netloc != own]

    def complaints(self, *expected):
        """Errors and warnings of its console, but for those that hold one of the texts."""
        self._read_logs()
        return [entry["message"] for entry in self._complaints if not any(text in entry["message"] for text in expected)]

    def is_wider_than_the_window(self):
        return self.script("return document.documentElement.scrollWidth > document.documentElement.clientWidth + 1")

    def screenshot(self, path, selector=None):
        if selector:
            self.script("arguments[0].scrollIntoView({block: 'start'})", self.one(selector))
        shot = self.driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "webp", "quality": 80})
        pathlib.Path(path).write_bytes(base64.b64decode(shot["data"]))
