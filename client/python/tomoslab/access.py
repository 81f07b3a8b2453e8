"""Who may do what: tokens, groups and what is never deleted by age (docs/security.md)."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from tomoslab.calls import Calls
from tomoslab.errors import InvalidArgument
from tomoslab.v1 import access_pb2


class Access:
    """What Client.access offers. Calls raise PermissionDenied where the caller's role does not allow them."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def whoami(self) -> access_pb2.Identity:
        """What the server takes the caller for: user, role, groups, bytes stored and allowed."""
        identity: access_pb2.Identity = self._calls.call("WhoAmI", access_pb2.WhoAmIRequest())
        return identity

    def share(self, name: str, groups: Sequence[str]) -> None:
        """Replaces the groups that share a scan or a job ("scans/ID", "jobs/ID"); none: only its owner's."""
        self._calls.call("Share", access_pb2.ShareRequest(name=name, group=groups))

    def keep(self, name: str, keep: bool = True) -> None:
        """The scan or job is never (or again) deleted by age or for want of space."""
        self._calls.call("Keep", access_pb2.KeepRequest(name=name, keep=keep))

    def create_token(self, user: str, role: str, *, groups: Sequence[str] = (), pool: str = "", comment: str = "",
                     days: float = 0) -> tuple[access_pb2.Token, str]:
        """A new token, and its secret, which the server will not say again; for admins. role: viewer, operator, admin or pool. days: until it
        expires; 0: never. Tried once only: whether it was made shows in tokens()."""
        if role not in ("viewer", "operator", "admin", "pool"):
            raise InvalidArgument(f"role = {role!r} is none of viewer, operator, admin, pool")
        token = access_pb2.Token(user=user, role=access_pb2.Role.Value(f"ROLE_{role.upper()}"), group=groups, pool=pool, comment=comment)
        if days > 0:
            token.expire_time.FromDatetime(datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days))
        created = self._calls.once("CreateToken", access_pb2.CreateTokenRequest(token=token))
        return created.token, created.secret

    def revoke_token(self, name: str) -> access_pb2.Token:
        """Calls with the token ("tokens/ID") are refused from now on; for admins."""
        token: access_pb2.Token = self._calls.call("RevokeToken", access_pb2.RevokeTokenRequest(name=name))
        return token

    def tokens(self) -> list[access_pb2.Token]:
        """All of them, newest first, revoked and expired ones too; for admins."""
        found: list[access_pb2.Token] = []
        request = access_pb2.ListTokensRequest(page_size=1000)
        while True:
            page = self._calls.call("ListTokens", request)
            found.extend(page.token)
            request.page_token = page.next_page_token
            if not page.next_page_token:
                return found
