#!/usr/bin/python3
"""The web page over mutual TLS: nothing for who shows no certificate of its CA, the page for who does, and files replaced while the server runs."""

import contextlib
import http.client
import pathlib
import shutil
import socket
import ssl
import time

from certificates import Authority
from programs import Server, scratch_folder, wait_until

REFUSED = (ssl.SSLError, ConnectionError, http.client.RemoteDisconnected)


class Visitor:
    """Judges the server by the CA `trusts`, and shows `shows` = (certificate, key) where there is one."""

    def __init__(self, server, trusts, shows=None):
        host, port = server.web_address.rsplit(":", 1)
        context = ssl.create_default_context(cafile=str(trusts.file))
        if shows:
            context.load_cert_chain(*map(str, shows))
        self.connection = http.client.HTTPSConnection(host, int(port), context=context, timeout=30)

    def get(self, path="/", token=None):
        """(status, body); raises one of REFUSED where the connection is."""
        self.connection.request("GET", path, headers={"Authorization": f"Bearer {token}"} if token else {})
        answer = self.connection.getresponse()
        return answer.status, answer.read()

    def is_let_in(self):
        try:
            return self.get()[0] == 200
        except REFUSED:
            self.connection.close()
            return False

    def name_of_server(self):
        return dict(pair for name in self.connection.sock.getpeercert()["subject"] for pair in name)["commonName"]


def speaks_plainly(server):
    """What a client without TLS gets."""
    host, port = server.web_address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=30) as plain, contextlib.suppress(ConnectionError):
        plain.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        return plain.recv(1000)
    return b""


def check_who_gets_in(server, authority, other, token):
    mine, strange = authority.issue("browser", "DNS:browser"), other.issue("stranger", "DNS:browser")
    visitor = Visitor(server, authority, mine)
    status, page = visitor.get()
    assert status == 200 and b"<main" in page, (status, page[:200])
    assert visitor.get("/api/jobs")[0] == 401, "a certificate stands in for a token"
    assert visitor.get("/api/jobs", token)[0] == 200
    assert not Visitor(server, authority).is_let_in(), "the page came without a certificate"
    assert not Visitor(server, authority, strange).is_let_in(), "the page came for a certificate of another CA"
    with contextlib.suppress(*REFUSED):
        status, _ = Visitor(server, authority).get("/api/jobs", token)
        raise AssertionError(f"a token alone got {status}")
    assert b"<main" not in speaks_plainly(server), "the page came without TLS"
    return visitor, strange


def check_half_a_file_changes_nothing(server, authority, visitor_files, certificate):
    """Files are replaced one after the other, and not at once: until they fit each other the old ones hold."""
    good = certificate.read_bytes()
    certificate.write_bytes(good[: len(good) // 2])
    wait_until(lambda: Visitor(server, authority, visitor_files).is_let_in() and "keeps its old certificate" in server.log_text(),
               "the server has seen half a file", 30)
    assert Visitor(server, authority, visitor_files).is_let_in(), "half a file keeps everybody out"


def check_replaced_files(server, authority, other, strange, visitor, files):
    """The server's certificate and the clients' CA, without a restart; who is connected stays so."""
    process = server.process.pid
    fresh, fresh_key = other.issue("fresh")
    for new, old in ((fresh_key, files["key"]), (fresh, files["certificate"]), (other.file, files["ca"])):
        shutil.copy(new, old)
    newcomer = Visitor(server, other, strange)
    wait_until(newcomer.is_let_in, "the new certificate and the new CA are in use", 30)
    assert newcomer.name_of_server() == "fresh", newcomer.name_of_server()
    assert not Visitor(server, other, (authority.folder / "browser.pem", authority.folder / "browser.key")).is_let_in(), "the old CA's clients still get in"
    assert visitor.get()[0] == 200, "a connection from before was cut"
    assert server.process.pid == process and server.alive()


def check_mutual_tls(folder):
    authority, other = Authority(folder, "ca"), Authority(folder, "other")
    issued = authority.issue("server")
    files = {"certificate": folder / "in-use.pem", "key": folder / "in-use.key", "ca": folder / "clients.pem"}
    for source, name in zip((*issued, authority.file), files, strict=True):
        shutil.copy(source, files[name])
    flags = ["--tls-cert", files["certificate"], "--tls-key", files["key"], "--tls-client-ca", files["ca"], "--tls-reload-seconds", 1]
    with Server(folder / "server", "--no-local-pool", "--web", "127.0.0.1:0", *flags) as server:
        token = (folder / "server/data/admin.token").read_text().strip()
        visitor, strange = check_who_gets_in(server, authority, other, token)
        time.sleep(1.1)  # the files' times may have a resolution of seconds
        check_half_a_file_changes_nothing(server, authority, (folder / "browser.pem", folder / "browser.key"), files["certificate"])
        check_replaced_files(server, authority, other, strange, visitor, files)


if __name__ == "__main__":
    with scratch_folder() as scratch:
        check_mutual_tls(pathlib.Path(scratch))
