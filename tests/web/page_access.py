#!/usr/bin/python3
"""The web page of a server with TLS and tokens: logging in, and what a viewer can and cannot do."""

import json
import ssl
import urllib.error
import urllib.request

from browser import Browser
from certificates import Authority
from programs import Server, client, scratch_folder, submit, wait_until
from web_scans import SLOW_GEOMETRY, write_scan

JOB = [*SLOW_GEOMETRY, "--algorithm", "sirt", "--iterations", 20000, "--preview-every", 20, "--name", "not a viewer's"]


def new_token(server, secure, role, user):
    """The secret of a token in the group "lab"."""
    return client("token", "create", "--role", role, "--user", user, "--group", "lab", *secure, server=server).stdout.split()[-1]


def log_in(page, token):
    page.one("#token").clear()
    page.one("#token").send_keys(token)
    page.press("form button")


def check_logging_in(page, viewer):
    page.open("/")
    log_in(page, "tomoslab_wrong")
    wait_until(lambda: page.text("form .error"), "a wrong token is refused in words")
    log_in(page, viewer)
    wait_until(lambda: "eve" in page.text("#user"), "the page says who is logged in")
    assert page.script("return document.cookie") == "", "scripts can read the token"
    cookie = page.driver.get_cookie("tomoslab_token")
    assert cookie["httpOnly"] and cookie["secure"] and cookie["sameSite"] == "Strict", cookie


def check_a_viewer_cannot_cancel(page, job):
    page.open(f"/#/{job}")
    wait_until(lambda: page.text("#job-state") == "running", "a viewer of the group sees the job", 90)
    assert not page.all("#cancel") and not page.all("#clone"), "a viewer has buttons that are not for him"
    status = page.script(f"return fetch('/api/{job}/cancel', {{method: 'POST'}}).then((answer) => answer.status)")
    assert status == 403, status
    assert page.text("#job-state") == "running"


def check_an_operator_can(page, operator, job):
    page.press("#logout")
    wait_until(lambda: page.all("#token"), "logging out asks for a token again")
    log_in(page, operator)
    wait_until(lambda: "ada" in page.text("#user"), "the operator is logged in")
    wait_until(lambda: page.all("#cancel"), "the operator can cancel")
    page.one("#cancel").click()
    page.driver.switch_to.alert.accept()
    wait_until(lambda: page.text("#job-state") == "cancelled", "the job is cancelled", 60)


def check_other_sites_are_refused(server, authority, token, job):
    """With a token and all: what a page of another site makes the browser send."""
    context = ssl.create_default_context(cafile=str(authority.file))
    request = urllib.request.Request(f"https://{server.web_address}/api/{job}/cancel", method="POST",
                                     headers={"Cookie": f"tomoslab_token={token}", "Origin": "https://attacker.example"})
    try:
        urllib.request.urlopen(request, context=context, timeout=30)
        raise AssertionError("a page of another site could cancel a job")
    except urllib.error.HTTPError as refusal:
        assert refusal.code == 403, refusal.code


def check_access(folder):
    authority = Authority(folder, "ca")
    certificate, key = authority.issue("server")
    secure = ["--tls-ca", authority.file, "--token-file", folder / "data/admin.token"]
    with Server(folder, "--tls-cert", certificate, "--tls-key", key, "--web", "127.0.0.1:0") as server:
        viewer, operator = new_token(server, secure, "viewer", "eve"), new_token(server, secure, "operator", "ada")
        (folder / "ada").write_text(operator)
        scan = write_scan(folder / "balls.h5")
        job = submit(server, scan, *JOB, "--tls-ca", authority.file, "--token-file", folder / "ada")
        with Browser(server.web_address, scheme="https") as page:
            check_logging_in(page, viewer)
            check_a_viewer_cannot_cancel(page, job)
            check_other_sites_are_refused(server, authority, operator, job)
            check_an_operator_can(page, operator, job)
            assert not page.foreign_requests(), page.foreign_requests()
            unexpected = page.complaints("401 (Unauthorized)", "403 (Forbidden)", "ERR_CERT", "certificate")
            assert not unexpected, unexpected
        audit = [json.loads(line) for line in (folder / "data/audit.log").read_text().splitlines()]
        assert any("via web" in str(line) and "127.0.0.1" in str(line) for line in audit), audit[-3:]


if __name__ == "__main__":
    with scratch_folder() as scratch:
        check_access(scratch)
