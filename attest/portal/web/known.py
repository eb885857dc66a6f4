"""Who sent a request over HTTP: by what it proves, or, on this machine, by the user whose connection it is."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Final, final
from weakref import WeakKeyDictionary

from aiohttp import web

from attest.measure.processes.connections import user_of_connection
from attest.measure.upstreams.addresses import is_loopback
from attest.portal.callers.caller import Shown, UnknownCallerError
from attest.portal.callers.identify import Identifier
from attest.portal.session.governed import Caller
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
        self._users: WeakKeyDictionary[object, int | None] = WeakKeyDictionary()

    def identify(self, request: web.Request) -> Caller:
        """Return the caller, or raise `UnknownCallerError`."""
        shown = shown_by(request, self._scheme)
        if self._local is not None and not (shown.authorization or shown.proof or shown.certificate):
            user = self._user(request)
            if user is not None and user == os.geteuid():
                return Caller(principal=self._local, authenticated=f"local uid {user}")
        return self._identifier.identify(shown, at_ms=self._real())

    def _user(self, request: web.Request) -> int | None:
        transport = request.transport
        if transport is None:
            raise UnknownCallerError("a connection", "none")
        if transport not in self._users:
            self._users[transport] = _user_of(
                transport.get_extra_info("peername"), transport.get_extra_info("sockname")
            )
        return self._users[transport]


def _user_of(theirs: tuple[str, int] | None, ours: tuple[str, int] | None) -> int | None:
    if not theirs or not ours or not is_loopback(theirs[0]):
        return None
    try:
        return user_of_connection(theirs[0], theirs[1], our_host=ours[0], our_port=ours[1])
    except OSError:
        return None


def shown_by(request: web.Request, scheme: str) -> Shown:
    """Return what a request shows of its sender."""
    transport = request.transport
    secure = None if transport is None else transport.get_extra_info("ssl_object")
    return Shown(
        method=request.method,
        url=f"{scheme}://{request.headers.get('Host', '')}{request.path}",
        authorization=tuple(request.headers.getall("Authorization", [])),
        proof=tuple(request.headers.getall("DPoP", [])),
        certificate=None if secure is None else secure.getpeercert(binary_form=True),
    )
