"""How a server answers over HTTP, by how it answered: status, fields, events. A phantom that answers otherwise is none.

What is kept is what goes on to clients anyway (`fields.to_client`), and one event as an example; no body of an answer.
"""

from __future__ import annotations

import re
import secrets
import string
import uuid
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, final

from attest.measure.upstreams.events import Event
from attest.portal.web.exchange import SESSION
from attest.portal.web.fields import EVENTS, JSON, Fields, gathered, media_type

_FIRST_ERROR: Final = 400
_HEXADECIMAL: Final = re.compile("[0-9a-f]+")
_NO_EVENT: Final = Event(raw=b"data: {}\n\n", data=b"{}")


class Asked(StrEnum):
    """What a client wants of a server over HTTP."""

    HANDSHAKE = "handshake"
    REQUEST = "request"
    NOTICE = "notice"
    """A notification, or an answer to a question of the server's."""
    LISTEN = "listen"
    """A stream for what the server says by itself."""
    LEAVE = "leave"
    """The end of a session."""


@dataclass(frozen=True, kw_only=True)
class Manner:
    """How one kind of request is answered."""

    status: int
    fields: tuple[tuple[str, str], ...] = ()

    @property
    def streams(self) -> bool:
        """Whether answers come as events."""
        return media_type(gathered(self.fields)) == EVENTS

    @property
    def is_refusal(self) -> bool:
        """Whether the answer is an error of HTTP."""
        return self.status >= _FIRST_ERROR

    def fields_anew(self) -> list[tuple[str, str]]:
        """Return the fields of one more answer: an identifier of a session is a new one that looks like the others."""
        return [(name, another(value) if name.lower() == SESSION else value) for name, value in self.fields]


_UNKNOWN: Final = {
    Asked.HANDSHAKE: Manner(status=200, fields=(("Content-Type", JSON),)),
    Asked.REQUEST: Manner(status=200, fields=(("Content-Type", JSON),)),
    Asked.NOTICE: Manner(status=202),
    Asked.LISTEN: Manner(status=405, fields=(("Allow", "POST"),)),
    Asked.LEAVE: Manner(status=200),
}
"""Of a server that was not seen to answer: what the specification names first (MCP, Streamable HTTP)."""


@final
class Manners:
    """Of one server, whoever asked."""

    def __init__(self) -> None:
        """Nothing was seen."""
        self._seen: dict[Asked, Manner] = {}
        self._event = _NO_EVENT

    def note(self, asked: Asked, status: int, fields: Fields) -> None:
        """Learn from an answer; from one that was an error only where nothing better is known."""
        told, known = tuple(fields), self._seen.get(asked)
        if known is not None and known.status == status and known.fields == told:
            return
        manner = Manner(status=status, fields=told)
        if not manner.is_refusal or (asked in _MAY_BE_REFUSED and asked not in self._seen):
            self._seen[asked] = manner

    def heard(self, event: Event) -> None:
        """Learn from an event with a message."""
        if event.data and len(event.raw) - len(event.data) <= _MOST_AROUND:
            self._event = event

    def of(self, asked: Asked) -> Manner:
        """Return how the server would answer."""
        return self._seen.get(asked) or _UNKNOWN[asked]

    def event(self, octets: bytes) -> bytes:
        """Return a message as an event, written as the server writes its own."""
        raw, data = self._event.raw, self._event.data or b""
        if raw.count(data) != 1:
            return self._event.with_data(octets)
        before, _, after = raw.partition(data)
        return _renewed(before) + octets + _renewed(after)


_MAY_BE_REFUSED: Final = {Asked.LISTEN, Asked.LEAVE}
"""What a server need not offer."""
_MOST_AROUND: Final = 1024
"""Bytes of an event beside its data."""
_ID: Final = re.compile(rb"(?m)^id:( ?)([^\r\n]+)")


def _renewed(part: bytes) -> bytes:
    """Return lines of an event with another id, if one stands there."""
    return _ID.sub(lambda found: b"id:" + found[1] + another(found[2].decode("utf-8", "replace")).encode(), part)


def another(identifier: str) -> str:
    """Return a new identifier, at random, that looks like one: a UUID, hexadecimal digits, or letters and digits."""
    try:
        known = uuid.UUID(identifier)
    except ValueError:
        pass
    else:
        fresh = str(uuid.uuid4()) if known.version == _RANDOM else str(uuid.UUID(bytes=secrets.token_bytes(16)))
        return fresh if "-" in identifier else fresh.replace("-", "")
    if _HEXADECIMAL.fullmatch(identifier):
        return secrets.token_hex(len(identifier))[: len(identifier)]
    return "".join(map(_another_character, identifier))


_RANDOM: Final = 4
"""The version of a UUID that is at random (RFC 9562)."""


def _another_character(character: str) -> str:
    for alphabet in (string.digits, string.ascii_lowercase, string.ascii_uppercase):
        if character in alphabet:
            return secrets.choice(alphabet)
    return character
