"""What earlier runs did, read from the log: actions without an outcome, when was acted, and where all is denied."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from attest.appraisal.breaker import COUNTED
from attest.codec import instant
from attest.recorder import open_receipt
from attest.signing.keyring import KeyRing
from attest.signing.keys import PublicKey
from attest.statement.predicates.runtime_event import Event, EventKind, RuntimeEvent
from attest.tlog.landmarks import Landmark
from attest.tlog.stores import SQLITE
from attest.tlog.stores.sqlite import SqliteReader


@dataclass(frozen=True, kw_only=True)
class Intent:
    """An action that was intended and has no outcome: under which reference, and when (milliseconds, both clocks)."""

    event: Event
    reference: str | None
    time: int
    boot_time: int
    boot_id: str


@dataclass(kw_only=True)
class Past:
    """What is known of actions, by the digest of the reference; what is done now is added to it."""

    unanswered: tuple[Intent, ...] = ()
    """Of a run that was cut short, the oldest first."""
    safe: set[str] = field(default_factory=set)
    """The references for which drift led to the safe state, which ends with a new one."""
    _acted: dict[str, dict[int, int]] = field(default_factory=dict)
    """By violation, when the first action for it was recorded as taken."""

    def acted_at(self, reference: str) -> Collection[int]:
        """Return when something was done under a reference, one time a violation."""
        return self._acted.get(reference, {}).values()

    def add(self, event: Event, reference: str | None, time: int) -> None:
        """Take one event into account, recorded at `time`."""
        if event.caused_by is None or reference is None:
            return
        if event.kind is EventKind.SAFE_STATE and event.action is not None:
            self.safe.add(reference)
        if event.kind is EventKind.ACTION_TAKEN and event.result in COUNTED:
            times = self._acted.setdefault(reference, {})
            times[event.caused_by] = min(time, times.get(event.caused_by, time))


def read_past(log: Path, key: PublicKey, *, since: int) -> Past:
    """Read what was done since then (milliseconds since 1970), and what is open since any time.

    Raises `MalformedError` or `UntrustedError` for a receipt that is not ours.
    """
    reader = SQLITE.open_reader(log)
    try:
        ring = KeyRing(role="writer", keys=(key,))
        past = Past()
        for said in _events(reader, ring, Landmark.SAFE_STATE):
            past.add(said.event, said.receipt.reference, _time_of(said))
        began_at = _began_at(reader, ring)
        actions: list[RuntimeEvent] = []
        for said in _events(reader, ring, Landmark.ACTION):
            if said.receipt.sequence < began_at and _time_of(said) < since:
                break
            past.add(said.event, said.receipt.reference, _time_of(said))
            if said.receipt.sequence > began_at:
                actions.append(said)
        past.unanswered = tuple(_unanswered(actions))
        return past
    finally:
        reader.close()


def _unanswered(newest_first: list[RuntimeEvent]) -> Iterator[Intent]:
    answered = {_name(said) for said in newest_first if said.event.kind is EventKind.ACTION_TAKEN}
    for said in reversed(newest_first):
        if said.event.kind is EventKind.ACTION_INTENDED and _name(said) not in answered:
            yield Intent(
                event=said.event,
                reference=said.receipt.reference,
                time=_time_of(said),
                boot_time=said.receipt.boot_time_milliseconds,
                boot_id=said.receipt.boot_id,
            )


def _began_at(reader: SqliteReader, ring: KeyRing) -> int:
    """Return where the newest run began or ended; what was resumed belongs to the run that began before it."""
    for said in _events(reader, ring, Landmark.RUN):
        if said.event.kind in {EventKind.START, EventKind.STOP}:
            return said.receipt.sequence
    return 0


def _events(reader: SqliteReader, ring: KeyRing, kind: Landmark) -> Iterator[RuntimeEvent]:
    """Yield the events that are landmarks of a kind, the newest first."""
    for row in reader.newest_landmarks(kind):
        said = open_receipt(row, reader, ring)
        if isinstance(said, RuntimeEvent):
            yield said


def _time_of(said: RuntimeEvent) -> int:
    return instant.parse(said.receipt.real_time, where="realTime")


def _name(said: RuntimeEvent) -> tuple[object, object]:
    return said.event.caused_by, said.event.action
