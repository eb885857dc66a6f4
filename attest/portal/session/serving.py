"""What comes from the server: answers to whom they are for, once; questions as the rules allow; the rest as it is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, final

from attest.appraisal.calls.results import requested
from attest.codec.printable import printable
from attest.portal.session.decisions import Decisions
from attest.portal.session.describing import Describing
from attest.portal.session.effects import Lane
from attest.portal.session.flight import Awaited, Flight
from attest.portal.session.gate import Gate
from attest.portal.session.governed import line_or_none
from attest.portal.session.lines import Overlong, id_at_an_end
from attest.portal.session.listing import Listing
from attest.portal.session.messages import Id, Kind, Message, Unreadable, read_line, read_message
from attest.portal.session.methods import TOOLS_CHANGED, TOOLS_LIST, is_server_plumbing
from attest.portal.session.outbox import Outbox
from attest.portal.session.replies import LOST, denial_reply, error_reply
from attest.portal.session.spans import params_of, without_elements
from attest.statement.tools.calls import Call
from attest.statement.tools.definitions import named_definition

_ENDS_BYTES: Final = 512
_MAX_REMEMBERED_BYTES: Final = 1024 * 1024
_ASKS: Final = re.compile(rb'\s*\{\s*(?:"jsonrpc"\s*:\s*"2\.0"\s*,\s*)?(?:"id"\s*:[^,{}\[\]]{1,300},\s*)?"method"')
"""A message that begins so is no answer."""


@final
class Serving:
    """The server's side of a session."""

    def __init__(self, gate: Gate, outbox: Outbox, flight: Flight, decisions: Decisions, listing: Listing) -> None:
        """Work on the state of one session."""
        self._gate = gate
        self._outbox = outbox
        self._flight = flight
        self._decisions = decisions
        self._listing = listing
        self._describing = Describing(gate, outbox)
        self.remembered: Final[dict[str, bytes]] = {}
        """What the server said of itself last, by method: a phantom says the same."""

    def take(self, line: bytes | Overlong, now: int, lane: Lane) -> None:
        """Take one message; what comes on no lane comes as a line, and goes on as one."""
        if isinstance(line, Overlong):
            self._garbled(line.head, line.tail, f"{line.size} bytes", now, lane)
            return
        message = read_line(line) if lane is None else read_message(line)
        if isinstance(message, Unreadable):
            self._garbled(line[:_ENDS_BYTES], line[-_ENDS_BYTES:], message.reason, now, lane)
        elif message.kind is Kind.REQUEST:
            self._ask_client(message, now, lane)
        elif message.kind is Kind.NOTIFICATION:
            if message.method == TOOLS_CHANGED and not self._outbox.is_diverted:
                self._listing.changed()
            self._outbox.to_client(line, lane)
        else:
            self._answer(message, now, lane)

    def client_answered(self, message: Message, lane: Lane) -> None:
        """Hand on the client's answer, if the server asked; it passes whatever waits in the queue."""
        if self._flight.client_answered(message.id, lane):
            self._outbox.to_server(message.octets, lane)
        else:
            self._outbox.say("not forwarded: an answer of the client's to nothing that the server asked")

    def _answer(self, message: Message, now: int, lane: Lane) -> None:
        if message.id is None:
            # The server could not read something: nobody waits for this, and clients are used to it.
            self._outbox.to_client(message.octets, lane)
            return
        if message.id == self._listing.id and not self._outbox.is_diverted:
            following = self._listing.take(message, now)
            if following is not None:
                self._outbox.to_server(following, lane)
            return
        awaited = self._flight.answered(message.id, lane)
        if awaited is None:
            self._outbox.say("not forwarded: an answer of the server's to nothing that it was asked")
        elif not awaited.cancelled:
            self._hand_on(awaited, message, now)

    def _hand_on(self, awaited: Awaited, message: Message, now: int) -> None:
        if awaited.governed is not None:
            if message.kind is Kind.RESULT and not isinstance(message.answer, dict):
                self._decisions.garbled(awaited.governed, message.octets, "a result that is no object", now)
            else:
                self._decisions.answer(awaited.governed, message, now)
            return
        if self._gate.captures and awaited.is_whole and len(message.octets) <= _MAX_REMEMBERED_BYTES:
            self.remembered[awaited.method] = message.octets
        octets = self._shown(message) if awaited.method == TOOLS_LIST else self._describing.shown(awaited, message)
        asked = next((each for each in requested(message.whole) if not self._may_ask(each)), None)
        if asked is None:
            self._outbox.to_client(octets, awaited.lane)
            return

        def proceed(passes: bool, digest: str | None) -> None:  # noqa: FBT001  (of `refuse_server`)
            reply = octets if passes else denial_reply(awaited.id, ruling.rule, ruling.reason, digest)
            self._outbox.to_client(reply, awaited.lane)

        ruling = self._gate.rulebook.asks_client(asked)
        self._decisions.refuse_server(self._question(asked, message.octets), ruling, now, proceed)

    def _shown(self, message: Message) -> bytes:
        """Return a page of tools without those that may not be called, or are not as sealed."""
        tools = message.answer.get("tools") if isinstance(message.whole.get("result"), Mapping) else None
        if self._gate.rules.audit_only or not isinstance(tools, list):
            return message.octets
        hidden = {index for index, tool in enumerate(tools) if not self._gate.rulebook.shows(*named_definition(tool))}
        return without_elements(message.octets, ("result", "tools"), hidden) if hidden else message.octets

    def _ask_client(self, message: Message, now: int, lane: Lane) -> None:
        number = message.id
        if number is None:
            return
        if self._may_ask(message.method):
            self._let_ask(message, number, lane)
            return
        ruling = self._gate.rulebook.asks_client(message.method)
        call = self._question(message.method, b"" if message.params is None else params_of(message.octets))

        def proceed(passes: bool, digest: str | None) -> None:  # noqa: FBT001  (of `refuse_server`)
            if passes:
                self._let_ask(message, number, lane)
            else:
                self._outbox.to_server(denial_reply(number, ruling.rule, ruling.reason, digest), lane)

        self._decisions.refuse_server(call, ruling, now, proceed)

    def _may_ask(self, method: str) -> bool:
        return is_server_plumbing(method) or self._gate.rulebook.asks_client(method).permitted

    def _question(self, method: str, octets: bytes) -> Call:
        return Call(id=self._outbox.new_id(), method=line_or_none(method), arguments=self._outbox.commit_any(octets))

    def _let_ask(self, message: Message, number: Id, lane: Lane) -> None:
        if self._flight.ask_client(number, lane):
            self._outbox.to_client(message.octets, lane)
        else:
            self._outbox.say("not forwarded: a question of the server's under an id that is in use, or one too many")

    def _garbled(self, head: bytes, tail: bytes, reason: str, now: int, lane: Lane) -> None:
        """Forward nothing that could not be read; whoever waits for it is told, as far as it is known who that is."""
        self._outbox.say(f"not forwarded: a message of the server's: {printable(reason)}")
        number = id_at_an_end(head, tail)
        if number is not None and number == self._listing.id and not self._outbox.is_diverted:
            self._listing.failed(reason, now)
            return
        awaited = None if number is None else self._flight.answered(number, lane)
        if awaited is None or awaited.cancelled:
            return
        if awaited.governed is not None:
            self._decisions.garbled(awaited.governed, head + tail, reason, now)
        else:
            self._outbox.to_client(error_reply(awaited.id, LOST, f"the server's answer was refused: {reason}"), lane)
