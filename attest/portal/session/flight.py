"""What is in flight: requests of the client's that have no answer yet, and the server's questions to the client.

Two spaces of ids, one for each direction, as they are two (MCP, base protocol): `1` of the client is not `1` of the
server, and `1` is not `"1"`.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Any, Final, final

import msgspec

from attest.portal.session.effects import Lane
from attest.portal.session.governed import Governed
from attest.portal.session.messages import Id, Message
from attest.portal.session.methods import INITIALIZE, META

MAX_IN_FLIGHT: Final = 4096
"""Requests without an answer, in one direction; cancelled ones count until they are forgotten."""
MAX_PARTED: Final = 64
"""Lanes of a session that broke off, and may be resumed."""


class Awaited(msgspec.Struct, kw_only=True, eq=False):
    """A request of the client's without an answer."""

    id: Id
    lane: Lane
    method: str
    governed: Governed | None = None
    octets: bytes = b""
    """The request itself, where it is not governed."""
    is_whole: bool = False
    """Whether that asks for all that there is of something, and not for a further page."""
    sent: bool = False
    """Whether the server has it: nothing before that is an answer to it."""
    cancelled: bool = False
    """An answer that comes all the same is not handed on; until then the id stays in use."""


class Ids(Enum):
    """How far an id of the client's tells its requests apart."""

    OF_A_LANE = "of a lane"
    """Standard input and output, where there is one; and over HTTP callers that nobody tells apart further."""
    OF_A_SESSION = "of a session"
    """One client on all lanes (`Mcp-Session-Id`): it cancels on one lane what it asked on another."""


@final
class Flight:
    """Both spaces."""

    def __init__(self, ids: Ids = Ids.OF_A_LANE) -> None:
        """Nothing is in flight."""
        self._unique = ids
        self._asked: dict[tuple[Lane, Id], Awaited] = {}
        self._ids: dict[Lane, dict[Id, None]] = {}
        """Of each lane, in order: a lane that ends is not looked for among all the others."""
        self._questions: set[tuple[Lane, Id]] = set()
        self._parted: dict[Lane, None] = {}
        self._resuming: set[Lane] = set()

    @property
    def is_full(self) -> bool:
        """Whether nothing more may be begun; room is made of what was cancelled."""
        if len(self._asked) < MAX_IN_FLIGHT:
            return False
        for key, awaited in self._asked.items():
            if awaited.cancelled:
                self._forget(key)
                return False
        return True

    def is_used(self, number: Id | None, lane: Lane) -> bool:
        """Return whether a request with this id has no answer yet."""
        return number is not None and (lane, number) in self._asked

    def begin(self, awaited: Awaited) -> None:
        """Await an answer."""
        self._asked[awaited.lane, awaited.id] = awaited
        self._ids.setdefault(awaited.lane, {})[awaited.id] = None

    def sent(self, number: Id | None, lane: Lane) -> Awaited | None:
        """Note that the server has a request now."""
        awaited = None if number is None else self._asked.get((lane, number))
        if awaited is not None:
            awaited.sent = True
        return awaited

    def drop(self, number: Id | None, lane: Lane) -> None:
        """Await no answer to a request that was not forwarded."""
        if number is not None:
            self._forget((lane, number))

    def cancel(self, number: Any, lane: Lane) -> Awaited | None:  # noqa: ANN401  (a JSON value)
        """Return the request that is cancelled, once; None if there is none that could be.

        One that came on another lane and waits for its receipt is awaited no more, and so never forwarded.
        """
        if isinstance(number, bool) or not isinstance(number, int | str):
            return None
        awaited = self._asked.get((lane, number)) or self._elsewhere(number)
        if awaited is None or awaited.cancelled:
            return None
        if not awaited.sent:
            if awaited.lane != lane:
                self._forget((awaited.lane, number))
            return None
        awaited.cancelled = True
        return awaited

    def _elsewhere(self, number: Id) -> Awaited | None:
        """Return the request with this id on any lane of one client's; with several nobody can say which is meant."""
        if self._unique is Ids.OF_A_LANE:
            return None
        found = [each for lane in self._ids if (each := self._asked.get((lane, number))) and not each.cancelled]
        return found[0] if len(found) == 1 else None

    def answered(self, number: Id, lane: Lane) -> Awaited | None:
        """Return the request that an answer is for, which awaits none from then on."""
        if lane in self._resuming and (lane, number) not in self._asked:
            self._move(number, lane)
        awaited = self._asked.get((lane, number))
        if awaited is None or not awaited.sent:
            return None
        return self._forget((lane, number))

    def cut(self) -> tuple[Awaited, ...]:
        """Return what the server has and will not answer; it is awaited on, from whatever stands in its place."""
        self._questions.clear()
        for key in [key for key, awaited in self._asked.items() if awaited.cancelled]:
            self._forget(key)
        return tuple(awaited for awaited in self._asked.values() if awaited.sent)

    def end(self) -> Iterator[Awaited]:
        """Yield what will have no answer any more."""
        asked, self._asked, self._ids = self._asked, {}, {}
        yield from (awaited for awaited in asked.values() if not awaited.cancelled)

    def owes(self, lane: Lane) -> bool:
        """Return whether a request has no answer yet on one lane."""
        return lane in self._ids

    def governs(self, lane: Lane) -> bool:
        """Return whether a governed request has no answer yet on one lane."""
        return any(self._asked[lane, number].governed is not None for number in self._ids.get(lane, ()))

    def end_lane(self, lane: Lane) -> Iterator[Awaited]:
        """Yield what will have no answer any more on one lane."""
        self._questions = {key for key in self._questions if key[0] != lane}
        self._parted.pop(lane, None)
        self._resuming.discard(lane)
        awaited = [self._asked.pop((lane, number)) for number in self._ids.pop(lane, ())]
        yield from (each for each in awaited if not each.cancelled)

    @property
    def lanes(self) -> tuple[Lane, ...]:
        """The lanes on which something has no answer yet."""
        return tuple(self._ids)

    def part(self, lane: Lane) -> tuple[Lane, ...]:
        """Await on one that resumes it what a lane owes; return those that parted too long ago, and are to end."""
        self._resuming.discard(lane)
        if lane in self._ids:
            self._parted[lane] = None
        return tuple(self._parted)[: max(0, len(self._parted) - MAX_PARTED)]

    def resume(self, lane: Lane) -> None:
        """Take on a lane what one that parted owes."""
        self._resuming.add(lane)

    def _move(self, number: Id, lane: Lane) -> None:
        owing = [each for each in self._parted if (each, number) in self._asked]
        # With one id owed on two, nobody can say whose answer it is.
        awaited = self._forget((owing[0], number)) if len(owing) == 1 else None
        if awaited is not None:
            if owing[0] not in self._ids:
                del self._parted[owing[0]]
            awaited.lane = lane
            if awaited.governed is not None:
                awaited.governed.slot.lane = lane
            self.begin(awaited)

    def _forget(self, key: tuple[Lane, Id]) -> Awaited | None:
        awaited, ids = self._asked.pop(key, None), self._ids.get(key[0])
        if awaited is not None and ids is not None:
            del ids[key[1]]
            if not ids:
                del self._ids[key[0]]
        return awaited

    def ask_client(self, number: Id, lane: Lane) -> bool:
        """Await the client's answer to a question of the server's; return False for an id in use, or too many."""
        if (lane, number) in self._questions or len(self._questions) >= MAX_IN_FLIGHT:
            return False
        self._questions.add((lane, number))
        return True

    def client_answered_anywhere(self, number: Id | None) -> bool:
        """Return whether the server asked for this answer on whichever lane; it may have it once."""
        key = next((key for key in self._questions if key[1] == number and type(key[1]) is type(number)), None)
        if key is not None:
            self._questions.remove(key)
        return key is not None

    def client_answered(self, number: Id | None, lane: Lane) -> bool:
        """Return whether the server asked for this answer, which it may have once."""
        if number is None or (lane, number) not in self._questions:
            return False
        self._questions.discard((lane, number))
        return True


def is_whole(message: Message) -> bool:
    """Return whether a request asks for all that there is of something, and not for a further page."""
    return message.method == INITIALIZE or not (message.params or {}).keys() - {META}
