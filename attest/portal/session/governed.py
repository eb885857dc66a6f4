"""A governed request on its way: what was asked, by whom, what was decided, and since when its answer is awaited."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from attest.appraisal.calls.asked import Asked
from attest.appraisal.calls.kinds import RuleKind
from attest.appraisal.calls.ruling import Ruling, refused
from attest.codec.printable import MAX_LINE_CHARACTERS
from attest.portal.session.lanes import Slot
from attest.portal.session.messages import Kind, Message
from attest.portal.session.methods import ERA_KEYS, META, PROTOCOL_VERSION, arguments_of, target_of
from attest.portal.session.rounds import Round, Rounds, state_of
from attest.portal.session.spans import params_of
from attest.statement.tools.calls import Call, Commitment
from attest.statement.tools.principals import Principal

_NAME_CHARACTERS: Final = 256
"""As `ToolName`."""
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who is at the other end, as far as it is known by anything but its own word."""

    principal: Principal | None
    authenticated: str | None
    """By what: `local uid 1000`, a key's digest; never a token."""


class Governed(msgspec.Struct, kw_only=True, eq=False):
    """A request that a rule has to permit."""

    slot: Slot
    asked: Asked
    params: bytes
    """The exact bytes; none where there are no parameters."""
    meta: Mapping[str, Any] | None
    """What the request says of its sender's revision (2026-07-28); None in the older ones."""
    deadline: int
    """Until when the decision may wait for a measurement or a listing, in milliseconds since boot."""
    state: str | None
    """The digest of the `requestState` that it brings."""
    round: Round | None
    """The call that it goes on with."""
    unopened: bool = False
    """Whether it came before a handshake, and without what stands for one."""
    call: Call | None = None
    decision: int | None = None
    """The sequence number of the receipt that permits it."""
    receipt: str | None = None
    """The digest of that receipt."""
    forwarded_ms: int | None = None
    refused: bool = False
    """Whether its caller will be told so, once the receipt is on disk."""
    told: bool = False
    """Whether its caller was told that nothing will come."""
    captured: bool = False
    """Whether it went to a phantom: no permit, no outcome."""

    @property
    def message(self) -> Message:
        """The request itself."""
        return self.slot.message

    def refusal(self, rounds: Rounds) -> Ruling | None:
        """Return why it is refused before any rule is asked."""
        found = self.round
        if self.state is not None and (found is None or rounds.find(self.state, found.about) is not found):
            return refused(RuleKind.CALL_STATE, "no call waits for input under this requestState")
        if self.message.kind is not Kind.REQUEST:
            return refused(RuleKind.MESSAGE_MALFORMED, "a request without an id, whose outcome nobody would learn")
        if self.unopened:
            return refused(RuleKind.SESSION_UNOPENED, "no handshake came before, and no protocol version with it")
        return None

    def make_call(self, call_id: str, arguments: Commitment | None, caller: Caller) -> Call:
        """Say in a receipt's words what was asked; a retry keeps the id of its call."""
        call_id = call_id if self.round is None else self.round.call_id
        self.call = Call(
            id=call_id,
            round=self.asked.round,
            method=line_or_none(self.asked.method),
            tool=line_or_none(self.asked.name, characters=_NAME_CHARACTERS),
            arguments=arguments,
            principal=None if caller.principal is None else caller.principal.name,
            authenticated=caller.authenticated,
        )
        return self.call


def line_or_none(text: str | None, *, characters: int = MAX_LINE_CHARACTERS) -> str | None:
    """Return a text that fits where a receipt holds a line, or a name; else None."""
    if text is None or not 0 < len(text) <= characters:
        return None
    # What prints in ASCII has no control characters; to ask for that is quicker.
    return text if (text.isascii() and text.isprintable()) or _CONTROL.search(text) is None else None


def governed_request(slot: Slot, caller: Caller, rounds: Rounds, deadline: int) -> Governed:
    """Take down what a request asks for; raise `TargetError` if its parameters do not say it."""
    message = slot.message
    params = message.params or {}
    name, uri = target_of(message.method, params)
    octets = b"" if message.params is None else params_of(message.octets)
    state = state_of(params)
    found = None if state is None else rounds.find(state, (message.method, name, uri))
    asked = Asked(
        method=message.method,
        name=name,
        uri=uri,
        arguments=arguments_of(message.method, params),
        size=len(octets),
        principal=caller.principal,
        round=0 if found is None else found.number,
    )
    return Governed(
        slot=slot, asked=asked, params=octets, meta=_meta(params), deadline=deadline, state=state, round=found
    )


def _meta(params: Mapping[str, Any]) -> Mapping[str, Any] | None:
    meta = params.get(META)
    if not isinstance(meta, dict) or PROTOCOL_VERSION not in meta:
        return None
    return {key: meta[key] for key in ERA_KEYS if key in meta}
