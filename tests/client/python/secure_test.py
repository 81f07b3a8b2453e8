#!/usr/bin/python3
"""The Python package over TLS and mutual TLS, with tokens."""

import unittest

import certificates
import programs
import tomoslab


class Secure(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(programs.scratch_folder())
        self.ca = certificates.Authority(self.folder, "ca")
        self.certificate, self.key = self.ca.issue("server")
        self.admin = str(self.folder / "server/data/admin.token")

    def server(self, *flags):
        return programs.Server(self.folder / "server", "--no-local-pool", "--tls-cert", self.certificate, "--tls-key", self.key, *flags)

    def test_who_knows_the_ca_and_has_a_token_gets_in(self):
        with self.server() as server:
            with self.assertRaisesRegex(tomoslab.Unauthenticated, "asks for a token"):
                tomoslab.Client(server.address, tls_ca=str(self.ca.file))
            with self.assertRaises(tomoslab.Unauthenticated):
                tomoslab.Client(server.address, tls_ca=str(self.ca.file), token="wrong")
            with tomoslab.Client(server.address, tls_ca=str(self.ca.file), token_file=self.admin) as client:
                self.assertEqual(client.jobs(), [])
                self.assertTrue(client.server_info().version)
            stranger = certificates.Authority(self.folder, "other")
            with self.assertRaisesRegex(tomoslab.Unavailable, "that the CA in .*other.pem issued"):
                tomoslab.Client(server.address, tls_ca=str(stranger.file))
            with self.assertRaisesRegex(tomoslab.Unavailable, "If it uses TLS, name its CA"):
                tomoslab.Client(server.address)
            with self.assertRaisesRegex(tomoslab.InvalidArgument, "none.pem: cannot be read"):
                tomoslab.Client(server.address, tls_ca=str(self.folder / "none.pem"))

    def test_mutual_tls_wants_a_certificate(self):
        mine, key = self.ca.issue("client", "DNS:client")
        with self.server("--tls-client-ca", self.ca.file) as server:
            certificate = {"tls_cert": str(mine), "tls_key": str(key)}
            with tomoslab.Client(server.address, tls_ca=str(self.ca.file), token_file=self.admin, **certificate) as client:
                self.assertEqual(client.scans(), [])
            with self.assertRaises(tomoslab.Unavailable):
                tomoslab.Client(server.address, tls_ca=str(self.ca.file))


if __name__ == "__main__":
    unittest.main()
