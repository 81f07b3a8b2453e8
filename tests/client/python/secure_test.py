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

    def test_tokens_groups_and_what_is_kept(self):
        geometry = tomoslab.parallel_beam(tomoslab.Detector(rows=1, columns=8, pixel_width_mm=1), [0, 90])
        with self.server() as server:
            tls = {"tls_ca": str(self.ca.file)}
            with tomoslab.Client(server.address, token_file=self.admin, **tls) as admin:
                self.assertEqual(admin.access.whoami().user, "admin")
                made, secret = admin.access.create_token("alice", "operator", groups=["beamline"], days=1, comment="a test")
                self.assertTrue(made.HasField("expire_time"))
                bob = admin.access.create_token("bob", "viewer", groups=["beamline"])[1]
                with self.assertRaisesRegex(tomoslab.InvalidArgument, "none of viewer"):
                    admin.access.create_token("carol", "queen")
                self.assertEqual({token.user for token in admin.access.tokens()} - {"", "local pools"}, {"admin", "alice", "bob"})
                with tomoslab.Client(server.address, token=secret, **tls) as alice, tomoslab.Client(server.address, token=bob, **tls) as viewer:
                    who = alice.access.whoami()
                    self.assertEqual((who.authenticated, who.user, list(who.group)), (True, "alice", ["beamline"]))
                    scan = alice.create_scan(geometry)
                    self.assertEqual(viewer.scan(scan.name).name, scan.name)
                    alice.access.share(scan.name, [])
                    with self.assertRaises(tomoslab.NotFound):
                        viewer.scan(scan.name)
                    alice.access.keep(scan.name)
                    self.assertTrue(alice.scan(scan.name).message.keep)
                    alice.access.keep(scan.name, False)
                    self.assertFalse(alice.scan(scan.name).message.keep)
                    with self.assertRaises(tomoslab.PermissionDenied):
                        alice.access.tokens()
                    self.assertTrue(admin.access.revoke_token(made.name).HasField("revoke_time"))
                    with self.assertRaises(tomoslab.Unauthenticated):
                        alice.scans()

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
