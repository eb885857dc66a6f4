"""A session: what the client and the server send goes in, what is to be done comes out.

What a client sends is read strictly, answered or put into its queue; plumbing goes when its turn comes, everything
else once a decision about it is on disk. What a server sends goes to the client at once, unless a rule has a say.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import Final, final

from attest.appraisal.calls.kinds import RuleKind
from attest.appraisal.calls.ruling import Ruling, refused
from attest.portal.session.decisions import Decisions
from attest.portal.session.diverting import Diversion
from attest.portal.session.effects import Effect, Lane
from attest.portal.session.flight import Awaited, Flight, Ids, is_whole
from attest.portal.session.gate import Gate, Need
from attest.portal.session.governed import Caller, Governed, governed_request, line_or_none
from attest.portal.session.lanes import Lanes, Slot, Turn
from attest.portal.session.lines import Overlong, id_at_an_end
from attest.portal.session.listing import Listing
from attest.portal.session.messages import INVALID_PARAMS, INVALID_REQUEST, Id, Kind, Message, Unreadable, read_line
from attest.portal.session.methods import CANCELLED, INITIALIZE, INITIALIZED, TargetError, is_plumbing, is_removed
from attest.portal.session.outbox import Outbox, Receipt
from attest.portal.session.replies import BROKEN_OFF, LOST, denial_reply, error_reply
from attest.portal.session.serving import Serving
from attest.statement.tools.calls import Call

PATIENCE_MS: Final = 30_000
"""How long a request waits for the first measurement, or for the server to list its tools."""


@final
class Session:
    """One caller's dealings with one server; for one thread. Times are milliseconds since boot and never go back."""

    def __init__(self, gate: Gate, caller: Caller, draw: Callable[[int], bytes], ids: Ids = Ids.OF_A_LANE) -> None:
        """Begin; `draw` returns so many random bytes, `ids` says how far one tells requests apart."""
        self._gate = gate
        self._caller = caller
        self._outbox = Outbox(draw)
        self._lanes = Lanes()
        self._flight = Flight(ids)
        self._undecided: deque[Governed] = deque()
        self._decisions = Decisions(gate, self._outbox, caller, self._release, self._divert)
        self._listing = Listing(gate, lambda: f"attest-{self._outbox.new_id()}")
        self._serving = Serving(gate, self._outbox, self._flight, self._decisions, self._listing)
        self._diversion = Diversion(self._outbox, self._flight, self._decisions, self._serving)
        self._ended = False

    def take(self) -> list[Effect]:
        """Return what is to be done, in order."""
        return self._outbox.take()

    @property
    def backlog(self) -> int:
        """Bytes from the client that cannot be forwarded yet."""
        return self._lanes.backlog

    @property
    def is_idle(self) -> bool:
        """Whether nothing waits for a decision, or for a receipt."""
        return not self._undecided and not self._outbox.awaited

    def wakes_at(self) -> int | None:
        """Return when `tick` has to be called at the latest."""
        due = self._decisions.denials.due_ms()
        head = self._undecided[0].deadline if self._undecided else due
        return head if head is None or due is None else min(head, due)

    def tick(self, now: int) -> None:
        """Go on where time alone decides, or where a measurement has changed the gate."""
        self._decide(now)
        self._decisions.flush(now)

    def recorded(self, ticket: int, receipt: Receipt | None, now: int) -> None:
        """Go on with what waited for a receipt; None: there is none, and will be none."""
        self._outbox.recorded(ticket, receipt, now)
        if receipt is None:
            self._decide(now)

    def from_client(self, line: bytes | Overlong, now: int, *, lane: Lane = None) -> None:
        """Take one message of the client's that came as a line."""
        if isinstance(line, Overlong):
            unreadable = Unreadable(
                code=INVALID_REQUEST, reason=f"a message of {line.size} bytes", id=id_at_an_end(line.head, line.tail)
            )
            self._refuse_unreadable(b"", unreadable, now, lane)
            return
        self.from_client_read(line, read_line(line), now, lane=lane)

    def from_client_read(self, line: bytes, message: Message | Unreadable, now: int, *, lane: Lane = None) -> None:
        """Take one message of the client's as it was read from `line`."""
        if isinstance(message, Unreadable):
            self._refuse_unreadable(line, message, now, lane)
        elif message.kind in {Kind.RESULT, Kind.ERROR}:
            self._diversion.heed(now)
            self._serving.client_answered(message, lane)
        else:
            self._ask(Slot(message=message, lane=lane), now)

    def from_phantom(self, line: bytes | Overlong, now: int, *, lane: Lane = None) -> None:
        """Take one message of what stands in the server's place."""
        self._diversion.take(line, now, lane)

    @property
    def remembered(self) -> Mapping[str, bytes]:
        """What the server said of itself, by method."""
        return self._diversion.remembered

    def from_server(self, line: bytes | Overlong, now: int, *, lane: Lane = None) -> None:
        """Take one message of the server's; nothing of it once a phantom stands in its place."""
        if self._diversion.is_on:
            return
        self._serving.take(line, now, lane)
        # The listing that a call waits for may just have ended.
        self._decide(now)

    def unanswered(self, number: Id, why: str, now: int) -> None:
        """Take into account that what the portal itself asked the server under an id got no answer."""
        if self._listing.id == number:
            self._listing.failed(why, now)
            self._decide(now)

    def server_ended(self, now: int) -> None:
        """Tell everybody who waits for an answer that none will come, and record it."""
        self._ended = True
        for awaited in self._flight.end():
            governed = awaited.governed
            if governed is not None and governed.refused:
                continue
            if governed is not None:
                governed.told = True
                if awaited.sent:
                    self._decisions.lose(governed, now)
            self._outbox.to_client(error_reply(awaited.id, LOST, self._gate.no_answer), awaited.lane)
        self._undecided.clear()

    def holds(self, lane: Lane) -> bool:
        """Return whether something that came on a lane waits for its decision, or for its receipt."""
        return self._lanes.holds(lane)

    def takes_answer(self, message: Message) -> bool:
        """Return whether the server asked for this answer of the client's on any lane; it may have it once."""
        return self._flight.client_answered_anywhere(message.id)

    def owes(self, lane: Lane) -> bool:
        """Return whether something that came on a lane has no answer yet."""
        return self._flight.owes(lane)

    def governs(self, lane: Lane) -> bool:
        """Return whether something that a rule permitted waits on a lane for its answer."""
        return self._flight.governs(lane)

    def lane_ended(self, lane: Lane, now: int, *, by_client: bool, why: str = BROKEN_OFF) -> None:
        """Record that what was forwarded on a lane gets no answer: its client left, or is told why there is none."""
        for awaited in self._flight.end_lane(lane):
            if by_client and awaited.governed is not None and awaited.sent:
                self._decisions.cancel(awaited.governed, now)
            elif not by_client:
                if awaited.governed is not None and awaited.sent:
                    self._decisions.lose(awaited.governed, now)
                self._outbox.to_client(error_reply(awaited.id, LOST, why), lane)

    def lane_parted(self, lane: Lane, now: int) -> None:
        """Await on what a lane owes: its stream broke off, and can be resumed on another one."""
        for oldest in self._flight.part(lane):
            self.lane_ended(oldest, now, by_client=False)

    def lane_resumes(self, lane: Lane) -> None:
        """Take on a lane the answers that lanes which parted still owe."""
        self._flight.resume(lane)

    def client_ended(self, now: int) -> None:
        """Record that the client ended the session: it has no answer to anything any more."""
        for lane in self._flight.lanes:
            self.lane_ended(lane, now, by_client=True)

    def refuse(self, octets: bytes, ruling: Ruling, reply: bytes, now: int, *, lane: Lane = None) -> None:
        """Refuse, with `reply`, what a transport found to be wrong before anybody could read it."""
        self._decisions.refuse(
            self._call(None, octets),
            ruling,
            now,
            together=True,
            reply=lambda _digest: self._outbox.to_client(reply, lane),
        )

    def finish(self, now: int) -> None:
        """Record what was only counted."""
        self._decisions.flush(now, all_of_them=True)

    def _divert(self, now: int) -> None:
        self._diversion.begin(now)

    def _ask(self, slot: Slot, now: int) -> None:
        if self._gate.has_phantoms:
            self._diversion.heed(now)
        message = slot.message
        if message.kind is Kind.REQUEST and (refusal := self._refusal(message, slot.lane)) is not None:
            self._refuse(message, refusal, now, slot.lane)
            return
        if is_plumbing(message.method, notified=message.kind is Kind.NOTIFICATION):
            if message.id is not None:
                whole = is_whole(message)
                self._flight.begin(
                    Awaited(id=message.id, lane=slot.lane, method=message.method, octets=message.octets, is_whole=whole)
                )
            slot.turn = Turn.CLEAR
            self._lanes.put(slot)
            self._leave(slot.lane, now)
            return
        try:
            governed = governed_request(slot, self._caller, self._decisions.rounds, now + PATIENCE_MS)
        except TargetError as error:
            reason = f"parameters without a fitting {error}"
            self._refuse_unreadable(
                message.octets, Unreadable(code=INVALID_PARAMS, reason=reason, id=message.id), now, slot.lane
            )
            return
        if message.id is not None:
            self._flight.begin(Awaited(id=message.id, lane=slot.lane, method=message.method, governed=governed))
        self._lanes.put(slot)
        self._undecided.append(governed)
        self._decide(now)

    def _refusal(self, message: Message, lane: Lane) -> Ruling | None:
        """Return why a request cannot be taken at all."""
        if self._ended:
            return refused(RuleKind.MEASUREMENT_NONE, "the server has ended")
        if self._flight.is_used(message.id, lane):
            return refused(RuleKind.MESSAGE_ID, "the id of a request that is not answered yet")
        if is_removed(message.method, message.params):
            return refused(RuleKind.METHOD_UNKNOWN, "this revision of the protocol has it no more")
        if self._flight.is_full:
            return refused(RuleKind.SESSION_CROWDED, "too many requests wait for an answer")
        return None

    def _decide(self, now: int) -> None:
        """Decide what can be decided, in order."""
        if self._gate.has_phantoms:
            self._diversion.heed(now)
        while self._undecided:
            governed = self._undecided[0]
            need = self._gate.needs(governed.asked, now)
            if self._diversion.is_on and need is Need.DEFINITIONS:
                # A phantom has the sealed ones, and the server is asked nothing more for this caller.
                need = Need.NOTHING
            if need is not Need.NOTHING and now < governed.deadline:
                if need is Need.MEASUREMENT or self._list(governed, now):
                    return
                governed.unopened = True
            elif need is Need.DEFINITIONS:
                self._gate.list_failed("the server did not list its tools in time", now)
            self._undecided.popleft()
            self._decisions.decide(governed, now)

    def _list(self, governed: Governed, now: int) -> bool:
        """Have the tools listed for a request, in its own revision; return whether that is possible."""
        if governed.meta is None and not self._diversion.opened:
            return False
        if (request := self._listing.begin(governed.meta, now)) is not None:
            self._outbox.to_server(request, governed.slot.lane)
        return True

    def _release(self, governed: Governed, clear: bool, now: int) -> None:  # noqa: FBT001  (`Release`)
        slot = governed.slot
        if clear and governed.captured and governed.forwarded_ms is not None:
            # The server had it when it was cut off.
            self._outbox.to_server(slot.message.octets, slot.lane)
            return
        if clear and self._ended:
            # Whoever asked was told when the server ended.
            self._decisions.lose(governed, now)
            clear = False
        elif clear and slot.message.id is not None and not self._flight.is_used(slot.message.id, slot.lane):
            # Whoever asked left before the permit was on disk: it is not forwarded.
            self._decisions.cancel(governed, now)
            clear = False
        if not clear:
            self._flight.drop(slot.message.id, slot.lane)
        slot.turn = Turn.CLEAR if clear else Turn.DROPPED
        self._leave(slot.lane, now)

    def _leave(self, lane: Lane, now: int) -> None:
        for slot in self._lanes.leave(lane):
            self._outbox.to_server(slot.message.octets, lane)
            self._sent(slot, now)

    def _sent(self, slot: Slot, now: int) -> None:
        """Take note of what the server has been told by now."""
        message = slot.message
        if message.kind is Kind.REQUEST:
            awaited = self._flight.sent(message.id, slot.lane)
            if awaited is not None and awaited.governed is not None:
                awaited.governed.forwarded_ms = now
            if message.method == INITIALIZE:
                self._diversion.handshake = message
        elif message.method == INITIALIZED:
            self._diversion.opened = True
            if not self._diversion.is_on and (request := self._listing.begin(None, now)) is not None:
                self._outbox.to_server(request, slot.lane)
        elif message.method == CANCELLED:
            awaited = self._flight.cancel((message.params or {}).get("requestId"), slot.lane)
            if awaited is not None and awaited.governed is not None:
                self._decisions.cancel(awaited.governed, now)

    def _refuse(self, message: Message, ruling: Ruling, now: int, lane: Lane) -> None:
        """Refuse a request for what it would do to the session, whatever it asks for."""
        # An answer with the id of a request that waits would be taken for the answer to that one.
        number = None if ruling.rule == RuleKind.MESSAGE_ID else message.id
        if self._ended:
            self._outbox.to_client(error_reply(number, LOST, self._gate.no_answer), lane)
            return
        call = self._call(message.method, message.octets)
        self._decisions.refuse(
            call,
            ruling,
            now,
            together=True,
            reply=lambda digest: self._outbox.to_client(denial_reply(number, ruling.rule, ruling.reason, digest), lane),
        )

    def _refuse_unreadable(self, octets: bytes, unreadable: Unreadable, now: int, lane: Lane) -> None:
        number = None if self._flight.is_used(unreadable.id, lane) else unreadable.id
        ruling = refused(RuleKind.MESSAGE_MALFORMED, unreadable.reason)
        reply = error_reply(number, unreadable.code, unreadable.reason, {"rule": ruling.rule})
        self._decisions.refuse(
            self._call(None, octets),
            ruling,
            now,
            together=True,
            reply=lambda _digest: self._outbox.to_client(reply, lane),
        )

    def _call(self, method: str | None, octets: bytes) -> Call:
        principal = self._caller.principal
        return Call(
            id=self._outbox.new_id(),
            method=line_or_none(method),
            arguments=self._outbox.commit_any(octets),
            principal=None if principal is None else principal.name,
            authenticated=self._caller.authenticated,
        )
