"""A recorded session: the messages between a client and a server, as they were on the wire, in JSON Lines.

The first line names the format; each further one holds one message and who sent it. What stands in the messages is read
only as far as rules are learned from it: what the server listed, and what was called.
"""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Annotated, Any, Final, Literal

import msgspec

from attest.codec import canonical, strict
from attest.codec.records import Line, Record, Sha256Hex
from attest.errors import MalformedError

SESSION_SCHEMA: Final = "https://mcp-attest.github.io/schemas/session/v0.1"
MAX_SESSION_BYTES: Final = 64 * 1024 * 1024
MAX_MESSAGE_BYTES: Final = 16 * 1024 * 1024
"""Of one line on the wire, as in the portal."""


class Sender(StrEnum):
    """Who sent a message."""

    CLIENT = "client"
    SERVER = "server"


class RecordedUpstream(Record, kw_only=True):
    """Where a server was asked, and the key that it showed there."""

    url: Line
    spki: Sha256Hex | None = None
    """SHA-256 of its public key (SubjectPublicKeyInfo); None in the clear."""


class SessionStart(Record, kw_only=True, tag_field="kind", tag="session"):
    """The first line of a file, and of each further run of the server in it."""

    schema: Literal["https://mcp-attest.github.io/schemas/session/v0.1"]
    upstream: RecordedUpstream | None = None
    """Of a server that nobody started."""


class SessionMessage(Record, kw_only=True, tag_field="kind", tag="message"):
    """One message."""

    sender: Sender
    text: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_MESSAGE_BYTES)]
    """Its line, without the line feed."""


SessionLine = SessionStart | SessionMessage


OPENING: Final = b'{"kind":"session",'
"""How every file of them begins."""


def write_line(line: SessionLine) -> bytes:
    """Return a line of the file."""
    return canonical.encode(line) + b"\n"


def read_session(octets: bytes, *, where: str) -> Iterator[tuple[SessionStart, list[SessionMessage]]]:
    """Yield the beginning and the messages of each run of the server.

    Raises `MalformedError` for what is no recorded session.
    """
    kind: Any = SessionLine
    run: tuple[SessionStart, list[SessionMessage]] | None = None
    for number, octet_line in enumerate(octets.splitlines(), 1):
        place = f"{where}: line {number}"
        line: SessionLine = strict.convert(strict.parse(octet_line, where=place), kind, where=place)
        if isinstance(line, SessionStart):
            if run is not None:
                yield run
            run = (line, [])
        elif run is None:
            raise MalformedError(place, "a line that says which format follows", "a message")
        else:
            run[1].append(line)
    if run is None:
        raise MalformedError(where, "a recorded session", "an empty file")
    yield run


def lines_of(runs: Iterable[tuple[SessionStart, Iterable[SessionMessage]]]) -> tuple[SessionLine, ...]:
    """Return the lines of a file with these runs of a server."""
    lines: list[SessionLine] = []
    for start, messages in runs:
        lines += [start, *messages]
    return tuple(lines)


def messages_of(run: Iterable[SessionMessage], *, where: str) -> Iterator[tuple[Sender, dict[str, object]]]:
    """Yield the messages as JSON objects; those that are none say nothing."""
    for number, message in enumerate(run, 1):
        value = strict.parse(message.text.encode(), where=f"{where}: message {number}")
        if isinstance(value, dict):
            yield message.sender, value
