"""A recorded session: the messages between a client and a server, as they were on the wire, in JSON Lines.

The first line names the format; each further one holds one message and who sent it. What stands in the messages is read
only as far as rules are learned from it: what the server listed, and what was called.
"""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Annotated, Any, Final, Literal

import msgspec

from attest.codec import canonical, strict
from attest.codec.records import Record
from attest.errors import MalformedError

SESSION_SCHEMA: Final = "https://mcp-attest.github.io/schemas/session/v0.1"
MAX_SESSION_BYTES: Final = 64 * 1024 * 1024
MAX_MESSAGE_BYTES: Final = 16 * 1024 * 1024
"""Of one line on the wire, as in the portal."""


class Sender(StrEnum):
    """Who sent a message."""

    CLIENT = "client"
    SERVER = "server"


class SessionStart(Record, kw_only=True, tag_field="kind", tag="session"):
    """The first line of a file, and of each further run of the server in it."""

    schema: Literal["https://mcp-attest.github.io/schemas/session/v0.1"]


class SessionMessage(Record, kw_only=True, tag_field="kind", tag="message"):
    """One message."""

    sender: Sender
    text: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_MESSAGE_BYTES)]
    """Its line, without the line feed."""


SessionLine = SessionStart | SessionMessage


def write_line(line: SessionLine) -> bytes:
    """Return a line of the file."""
    return canonical.encode(line) + b"\n"


def read_session(octets: bytes, *, where: str) -> Iterator[list[SessionMessage]]:
    """Yield the messages of each run of the server; raise `MalformedError` for what is no recorded session."""
    kind: Any = SessionLine
    run: list[SessionMessage] | None = None
    for number, octet_line in enumerate(octets.splitlines(), 1):
        place = f"{where}: line {number}"
        line: SessionLine = strict.convert(strict.parse(octet_line, where=place), kind, where=place)
        if isinstance(line, SessionStart):
            if run is not None:
                yield run
            run = []
        elif run is None:
            raise MalformedError(place, "a line that says which format follows", "a message")
        else:
            run.append(line)
    if run is None:
        raise MalformedError(where, "a recorded session", "an empty file")
    yield run


def messages_of(run: Iterable[SessionMessage], *, where: str) -> Iterator[tuple[Sender, dict[str, object]]]:
    """Yield the messages as JSON objects; those that are none say nothing."""
    for number, message in enumerate(run, 1):
        value = strict.parse(message.text.encode(), where=f"{where}: message {number}")
        if isinstance(value, dict):
            yield message.sender, value
