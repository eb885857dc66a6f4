"""Who sent a request over HTTP: by what it proves, or, on this machine, by the user whose connection it is."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Final, final
from weakref import WeakKeyDictionary

from attest.measure.processes.connections import user_of_connection
from attest.measure.upstreams.addresses import is_loopback
from attest.portal.callers.caller import Shown, UnknownCallerError
from attest.portal.callers.identify import Identifier
from attest.portal.session.governed import Caller
from attest.portal.web.http1.request import Peer, Request
from attest.statement.tools.principals import Principal, PrincipalKind


@final
class Known:
    """Identifies senders; what the kernel says of a connection is asked once."""

    def __init__(
        self, principals: tuple[Principal, ...], identifier: Identifier, *, scheme: str, real: Callable[[], int]
    ) -> None:
        """`real` gives milliseconds since 1970."""
        self._local: Final = next((each for each in principals if each.kind is PrincipalKind.LOCAL), None)
        self._identifier = identifier
        self._scheme = scheme
        self._real = real
        self._local_callers: WeakKeyDictionary[Peer, Caller | None] = WeakKeyDictionary()

    def identify(self, request: Request) -> Caller:
        """Return the caller, or raise `UnknownCallerError`."""
        shows = "authorization" in request.values or "dpop" in request.values or request.peer.certificate is not None
        if self._local is not None and not shows:
            caller = self._local_caller(request.peer, self._local)
            if caller is not None:
                return caller
        return self._identifier.identify(shown_by(request, self._scheme), at_ms=self._real())

    def _local_caller(self, peer: Peer, principal: Principal) -> Caller | None:
        if peer.is_gone:
            raise UnknownCallerError("a connection", "none")
        if peer not in self._local_callers:
            user = _user_of(peer.address, peer.own_address)
            is_ours = user is not None and user == os.geteuid()
            caller = Caller(principal=principal, authenticated=f"local uid {user}") if is_ours else None
            self._local_callers[peer] = caller
        return self._local_callers[peer]


def _user_of(theirs: tuple[str, int] | None, ours: tuple[str, int] | None) -> int | None:
    if not theirs or not ours or not is_loopback(theirs[0]):
        return None
    try:
        return user_of_connection(theirs[0], theirs[1], our_host=ours[0], our_port=ours[1])
    except OSError:
        return None


def shown_by(request: Request, scheme: str) -> Shown:
    """Return what a request shows of its sender."""
    return Shown(
        method=request.method,
        url=f"{scheme}://{request.first('host') or ''}{request.path}",
        authorization=tuple(request.all("authorization")),
        proof=tuple(request.all("dpop")),
        certificate=request.peer.certificate,
    )
