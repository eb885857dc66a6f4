"""What a session wants done. Whoever carries it out does so in this order, and tells what came of each `Record`.

No dataclasses, though they are never written: each call makes ten, and a frozen dataclass takes four times as long.
"""

from __future__ import annotations

from collections.abc import Hashable

import msgspec

from attest.portal.session.messages import Message
from attest.statement.tools.calls import Call, Commitment, Denial, Drifted, Outcome, Permit

Lane = Hashable
"""What keeps its order: the whole of standard input and output, or one exchange of HTTP. The shell's own."""


class ToServer(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes of a message for the server, without a line end."""

    octets: bytes
    lane: Lane


class Cut(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Nothing goes to the server any more, nor what waits to be written to it; a phantom takes its place."""


class ToPhantom(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes of a message for what stands in the server's place, without a line end: the server never sees them."""

    octets: bytes
    lane: Lane


class ToClient(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes of a message for the client, without a line end."""

    octets: bytes
    lane: Lane


class Permitted(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A permit to record."""

    call: Call
    permit: Permit
    until_ms: int | None = None
    """When the reference's time is over, in milliseconds since boot: no permit is made from then on."""


class Settled(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An outcome to record."""

    call: Call
    outcome: Outcome


Content = Permitted | Settled | Denial | Drifted
"""What a receipt is to say."""


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """A receipt to make durable; `Session.recorded` or `Session.unrecorded` is then to be called with the ticket."""

    ticket: int
    content: Content
    message: Message | None = None
    """What it is about, for whoever watches: the request that was decided, the answer that settled it."""
    lane: Lane = None
    """Where a request that was decided came in."""


class Disclose(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What opens a commitment, for the disclosure store."""

    commitment: Commitment
    salt: bytes
    octets: bytes


class Say(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A line for whoever watches: what no receipt can say."""

    text: str


Effect = ToServer | Cut | ToPhantom | ToClient | Record | Disclose | Say
