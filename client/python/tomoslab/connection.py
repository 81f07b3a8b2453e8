"""Where the server is and how to reach it: arguments, environment, and the command line client's file."""

from __future__ import annotations

import ipaddress
import os
import pathlib
import ssl
from dataclasses import dataclass

import grpc

from tomoslab.errors import InvalidArgument

DEFAULT_ADDRESS = "localhost:50177"
SYSTEM_CA = "system"
_KEYS = ("server", "tls-ca", "tls-cert", "tls-key", "token-file")
_OPTIONS = [
    ("grpc.max_receive_message_length", 16 << 20),
    # A cut link is noticed in seconds, not in the minutes that TCP takes.
    ("grpc.keepalive_time_ms", 10000),
    ("grpc.keepalive_timeout_ms", 10000),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.min_reconnect_backoff_ms", 5000),  # how long an attempt to connect may take
    ("grpc.max_reconnect_backoff_ms", 2000),
    ("grpc.enable_http_proxy", 0),
]


@dataclass(frozen=True)
class Connection:
    """address: "HOST:PORT". tls_ca: PEM file, "system", or None for an unencrypted connection. tls_cert, tls_key: for mutual TLS."""

    address: str
    token: str | None = None
    tls_ca: str | None = None
    tls_cert: str | None = None
    tls_key: str | None = None

    def __post_init__(self) -> None:
        if self.tls_ca is None and (self.tls_cert or self.tls_key):
            raise InvalidArgument("a TLS certificate is given, but no CA to judge the server's by; name its file, or \"system\"")
        if bool(self.tls_cert) != bool(self.tls_key):
            raise InvalidArgument("tls_cert and tls_key belong together; one of them is missing")
        if self.token and self.tls_ca is None and not is_loopback(self.address):
            raise InvalidArgument(f"the token would travel readable to {self.address}, on another machine; give the CA of the server's TLS "
                                  "certificate (tls_ca), or no token")
        if self.token and not all("!" <= letter <= "~" for letter in self.token):
            raise InvalidArgument("the token holds a character that no token has (a blank, a line's end?)")

    def channel(self) -> grpc.Channel:
        """A new channel; connects when it is used."""
        if self.tls_ca is None:
            return grpc.insecure_channel(self.address, options=_OPTIONS)
        credentials = grpc.ssl_channel_credentials(
            root_certificates=_root_certificates(self.tls_ca), private_key=_read(self.tls_key), certificate_chain=_read(self.tls_cert))
        return grpc.secure_channel(self.address, credentials, options=_OPTIONS)

    def metadata(self) -> list[tuple[str, str]]:
        """What goes with every call."""
        return [("authorization", f"Bearer {self.token}")] if self.token else []


def choose(address: str | None, token: str | None, token_file: str | None, tls: tuple[str | None, str | None, str | None]) -> Connection:
    """What is None comes from TOMOSLAB_SERVER, TOMOSLAB_TOKEN, TOMOSLAB_TOKEN_FILE, TOMOSLAB_TLS_CA, TOMOSLAB_TLS_CERT and
    TOMOSLAB_TLS_KEY, then from ~/.config/tomoslab/client.conf. tls: CA, certificate, key."""
    file = _connection_file()

    def setting(given: str | None, key: str) -> str | None:
        return given or os.environ.get("TOMOSLAB_" + key.upper().replace("-", "_")) or file.get(key) or None

    if token is None and token_file is None:
        token = os.environ.get("TOMOSLAB_TOKEN") or None
    if token is None:
        path = setting(token_file, "token-file")
        token = _read_token(path) if path else None
    ca, certificate, key = (setting(given, name) for given, name in zip(tls, ("tls-ca", "tls-cert", "tls-key")))
    return Connection(setting(address, "server") or DEFAULT_ADDRESS, token, ca, certificate, key)


def is_loopback(address: str) -> bool:
    """Whether what is sent to "HOST:PORT" stays on this machine."""
    if address.startswith("unix:"):
        return True
    host = address.rpartition(":")[0]
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _connection_file() -> dict[str, str]:
    config = os.environ.get("XDG_CONFIG_HOME") or os.path.join(os.path.expanduser("~"), ".config")
    path = pathlib.Path(config) / "tomoslab" / "client.conf"
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return {}
    settings: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        text = line.split("#")[0].strip()
        key, equals, value = (part.strip() for part in text.partition("="))
        if text and (not equals or key not in _KEYS):
            raise InvalidArgument(f"{path}:{number}: \"{key[:60]}\" is not one of {', '.join(_KEYS)} with \" = \" and its value")
        if text:
            settings[key] = value
    return settings


def _read(path: str | None) -> bytes | None:
    if path is None:
        return None
    try:
        return pathlib.Path(path).read_bytes()
    except OSError as error:
        raise InvalidArgument(f"{path}: cannot be read: {error.strerror}") from None


def _read_token(path: str) -> str:
    lines = (_read(path) or b"").decode(errors="replace").splitlines()
    if not lines or not lines[0].strip():
        raise InvalidArgument(f"{path}: its first line is empty; a token was expected there")
    return lines[0].strip()


def _root_certificates(ca: str) -> bytes | None:
    if ca != SYSTEM_CA:
        return _read(ca)
    for path in (ssl.get_default_verify_paths().cafile, "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"):
        if path and os.path.exists(path):
            return _read(path)
    return None  # gRPC's own list
