#!/usr/bin/python3
"""Small parts of the Python package: errors, checksums, sets of lines, pictures, where the server is, ranges of slices."""

import contextlib
import os
import pathlib
import struct
import tempfile
import unittest
import unittest.mock
import zlib

import grpc
import numpy as np
from google.protobuf import any_pb2

import tomoslab
from tomoslab import checksum, connection, errors
from tomoslab.job import _range
from tomoslab.lines import LineRanges, lines_per_chunk


class Checksum(unittest.TestCase):
    def test_agrees_with_the_known_value_and_the_package(self):
        # RFC 3720, B.4: 32 bytes of zero, of ones, ascending; and the check value of "123456789".
        known = {bytes(32): 0x8A9136AA, b"\xff" * 32: 0x62A8AB43, bytes(range(32)): 0x46DD794E, b"123456789": 0xE3069283, b"": 0}
        for data, value in known.items():
            self.assertEqual(checksum.with_numpy(data), value)
            self.assertEqual(checksum.checksum(data), value)
        random = np.random.default_rng(1)
        for size in (1023, 1024, 1025, 5000, 1 << 20):
            data = random.bytes(size)
            self.assertEqual(checksum.with_numpy(data), checksum.checksum(data), size)
        self.assertIsNot(checksum.checksum, checksum.with_numpy, "python3-crc32c is not used")


class Lines(unittest.TestCase):
    def test_ranges_are_a_set_of_lines(self):
        random = np.random.default_rng(2)
        for _ in range(50):
            ranges, lines = LineRanges(), set()
            for begin in random.integers(0, 40, 6).tolist():
                end = begin + int(random.integers(0, 8))
                ranges.add(begin, end)
                lines |= set(range(begin, end))
            self.assertEqual(ranges.count(), len(lines))
            missing = [line for begin, end in ranges.missing(50) for line in range(begin, end)]
            self.assertEqual(missing, sorted(set(range(50)) - lines))
            for begin, end in random.integers(0, 48, (20, 2)).tolist():
                self.assertEqual(ranges.covers(begin, end), set(range(begin, end)) <= lines)

    def test_a_chunk_holds_a_mebibyte_or_one_line(self):
        self.assertEqual([lines_per_chunk(1 << 10), lines_per_chunk(1 << 20), lines_per_chunk(3 << 20)], [1024, 1, 1])


class Refusal(grpc.RpcError):
    """As gRPC raises them."""

    def __init__(self, code, details=b""):
        self._code, self._metadata = code, [("grpc-status-details-bin", details)] if details else None

    def code(self):
        return self._code

    def details(self):
        return "the server's words"

    def trailing_metadata(self):
        return self._metadata


class Errors(unittest.TestCase):
    def test_every_status_has_its_class_and_keeps_the_words(self):
        for code, kind in [("NOT_FOUND", tomoslab.NotFound), ("UNAUTHENTICATED", tomoslab.Unauthenticated), ("DATA_LOSS", tomoslab.DataLoss),
                           ("RESOURCE_EXHAUSTED", tomoslab.ResourceExhausted), ("INTERNAL", tomoslab.InternalError),
                           ("UNKNOWN", tomoslab.InternalError), ("PERMISSION_DENIED", tomoslab.PermissionDenied)]:
            error = errors.from_rpc(Refusal(grpc.StatusCode[code]))
            self.assertIs(type(error), kind)
            self.assertEqual(str(error), "the server's words")
            self.assertFalse(errors.is_transient(error), code)

    def test_is_tried_again_when_the_server_asks_for_it(self):
        # google.rpc.Status with one detail, an Any (field 3) that holds a RetryInfo.
        detail = any_pb2.Any(type_url="type.googleapis.com/google.rpc.RetryInfo", value=b"\n\x02\x08\x01").SerializeToString()
        status = b"\x08\x08\x1a" + bytes([len(detail)]) + detail
        error = errors.from_rpc(Refusal(grpc.StatusCode.RESOURCE_EXHAUSTED, status))
        self.assertIs(type(error), tomoslab.TooManyCalls)
        self.assertIsInstance(error, tomoslab.ResourceExhausted)
        self.assertTrue(errors.is_transient(error))
        self.assertTrue(errors.is_transient(errors.from_rpc(Refusal(grpc.StatusCode.UNAVAILABLE))))


class Pictures(unittest.TestCase):
    def test_is_a_png_of_the_window(self):
        png = tomoslab.Picture([[0, 1], [2, 3], [-5, 9]], low=1, high=2, scale=2).png()
        self.assertEqual(struct.unpack(">II", png[16:24]), (4, 6))
        length = struct.unpack(">I", png[33:37])[0]
        lines = np.frombuffer(zlib.decompress(png[41 : 41 + length]), np.uint8).reshape(6, 5)
        np.testing.assert_array_equal(lines[::2], [[0, 0, 0, 0, 0], [0, 255, 255, 255, 255], [0, 0, 0, 255, 255]])
        with self.assertRaisesRegex(tomoslab.InvalidArgument, r"\(2,\)"):
            tomoslab.Picture([1, 2])


class Slices(unittest.TestCase):
    def test_ranges_are_numpys(self):
        for z in (None, 3, -1, slice(2, 5), slice(-2, None), range(0, 4)):
            begin, end = _range(z, 7)
            expected = np.arange(7)[slice(None) if z is None else z]
            np.testing.assert_array_equal(np.arange(begin, end), np.atleast_1d(expected))
        for z in (7, -8, slice(0, 6, 2), slice(5, 2), range(3, 9)):
            with self.assertRaises(tomoslab.InvalidArgument):
                _range(z, 7)


@contextlib.contextmanager
def settings(**environment):
    """An environment without any settings but these, and a folder for client.conf; gives that file's path."""
    with tempfile.TemporaryDirectory() as folder:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TOMOSLAB_")}
        file = pathlib.Path(folder) / "tomoslab/client.conf"
        file.parent.mkdir()
        with unittest.mock.patch.dict(os.environ, {**kept, "XDG_CONFIG_HOME": folder, **environment}, clear=True):
            yield file


class Connections(unittest.TestCase):
    NO_TLS = (None, None, None)

    def test_arguments_go_before_the_environment_and_that_before_the_file(self):
        with settings() as file:
            self.assertEqual(connection.choose(None, None, None, self.NO_TLS).address, "localhost:50177")
            (file.parent / "token").write_text("secret\n")
            file.write_text(f"server = files:1  # comment\ntls-ca = ca.pem\ntoken-file = {file.parent}/token\n")
            chosen = connection.choose(None, None, None, self.NO_TLS)
            self.assertEqual((chosen.address, chosen.tls_ca, chosen.token), ("files:1", "ca.pem", "secret"))
            self.assertEqual(chosen.metadata(), [("authorization", "Bearer secret")])
            os.environ.update(TOMOSLAB_SERVER="variables:2", TOMOSLAB_TOKEN="other")
            chosen = connection.choose(None, None, None, self.NO_TLS)
            self.assertEqual((chosen.address, chosen.token), ("variables:2", "other"))
            self.assertEqual(connection.choose("given:3", "mine", None, self.NO_TLS).address, "given:3")

    def test_refuses_what_would_leak_or_fail(self):
        with settings() as file:
            for address, readable in (("localhost:1", False), ("127.0.0.5:1", False), ("[::1]:1", False), ("example.org:1", True),
                                      ("localhost.example.org:1", True), ("128.0.0.1:1", True)):
                self.assertEqual(connection.is_loopback(address), not readable, address)
            with self.assertRaisesRegex(tomoslab.InvalidArgument, "readable to example.org:1"):
                connection.choose("example.org:1", "secret", None, self.NO_TLS)
            with self.assertRaisesRegex(tomoslab.InvalidArgument, "no CA"):
                connection.choose(None, None, None, (None, "cert", "key"))
            with self.assertRaisesRegex(tomoslab.InvalidArgument, "belong together"):
                connection.choose(None, None, None, ("ca", "cert", None))
            with self.assertRaisesRegex(tomoslab.InvalidArgument, "no-such-file"):
                connection.choose(None, None, str(file.parent / "no-such-file"), self.NO_TLS)
            file.write_text("\nsever = x\n")
            with self.assertRaisesRegex(tomoslab.InvalidArgument, 'client.conf:2: "sever"'):
                connection.choose(None, None, None, self.NO_TLS)


if __name__ == "__main__":
    unittest.main()
