"""One log's entries: numbered, linked, in the tree that its checkpoint signs, beginning where it says.

1. The section begins at genesis, or with a compact range, the entry before and the proof that it is in there.
2. Each entry has this log's origin, the next sequence number, its predecessor's SHA-256, and no earlier time.
3. The entry commits to the SHA-256 of the receipt beside it.
4. The tree over all entries has the size and root of the checkpoint.
5. An expected checkpoint's root is the root at its size.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, final

import msgspec

from attest.codec import instant
from attest.codec.octets import sha256_hex
from attest.errors import MalformedError
from attest.evidence.grammar import LogLine
from attest.evidence.verdict import End, Start
from attest.evidence.verify.entries import EntryParts
from attest.evidence.verify.parts import Parts
from attest.evidence.verify.question import Question
from attest.evidence.verify.sheet import Sheet
from attest.evidence.verify.told import TYPE_OF, Told
from attest.tlog.checkpoint import Checkpoint
from attest.tlog.entry import GENESIS, EntryWriter, LogEntry, encode_entry, entry_digest, read_entry
from attest.tlog.merkle import Frontier, leaf_hash, verify_inclusion

JUDGED: Final = (
    "integrity.entry-chain",
    "integrity.commitment",
    "integrity.tree",
    "integrity.start",
    "completeness.start",
    "completeness.pinned",
)
"""What is judged here, once every log came to its end."""


_EVENT_AT: Final = len('{"commitment":"","event":"') + 64
"""Where an entry's event begins in its RFC 8785 form: after a SHA-256 in hexadecimal."""

_EVENTS: Final = {event.encode(): event for event in TYPE_OF}
"""Known ones are looked up: there are as many entries as receipts."""


class Stretch(msgspec.Struct, frozen=True, kw_only=True):
    """What is here of a log: its origin, and when its first and last entry were made (milliseconds since 1970)."""

    origin: str
    first: int | None
    last: int | None


@final
class Chain:
    """The state of a walk along the entries of one log."""

    def __init__(self, log: LogLine, expected: Iterable[Checkpoint], sheet: Sheet, where: str, parts: Parts) -> None:
        """Begin where the log's section begins (step 1), and where one of the parts judged before it ended."""
        self.origin = log.origin
        self.began_at = log.size
        self.previous_time: int | None = None
        self.first_time: int | None = None
        self._sheet = sheet
        self._previous = GENESIS
        self._pins: dict[int, list[Checkpoint]] = {}
        for each in expected:
            if each.origin == log.origin:
                self._pins.setdefault(each.size, []).append(each)
        self.proven_pins: list[int] = []
        self._writer = EntryWriter(log.origin)
        self._frontier = Frontier()
        try:
            self._begin(log)
        except MalformedError as error:
            sheet.fail_with("integrity.start", error, where=where)
        self.before = parts.take(self.head) if self.began_at else None
        for size in () if self.before is None else self.before.proven_pins:
            self._pins.pop(size, None)
            self.proven_pins.append(size)
        self._look_at_pin(where)

    @property
    def size(self) -> int:
        """How many entries the log has, up to here."""
        return self._frontier.size

    @property
    def head(self) -> Checkpoint:
        """Size and root of the log, up to here."""
        return Checkpoint(origin=self.origin, size=self.size, root=self._frontier.root())

    @property
    def stretch(self) -> Stretch:
        """What was taken."""
        return Stretch(origin=self.origin, first=self.first_time, last=self.previous_time)

    @property
    def start(self) -> Start:
        """How it is known that nothing is missing before the first entry; final once the log's section ended."""
        if self.began_at == 0:
            return Start.GENESIS
        joined = self.before is not None and self.before.start is not Start.UNPROVEN
        return Start.PINNED if self.proven_pins or joined else Start.UNPROVEN

    def step(self, parts: EntryParts, told: Told, event: str) -> bool:
        """Take the entry of a verified receipt (steps 2 and 3), if it is the one that it has to be.

        After this chain and for this receipt an entry can only be one sequence of bytes: that is compared, and nothing
        read. Returns False, with nothing taken, if it is another: `step_unknown` finds out why.
        """
        size = self._frontier.size
        if told.sequence != size or told.previous != self._previous or told.lasting.log_origin != self.origin:
            return False
        time = told.time
        if self.previous_time is not None and time < self.previous_time:
            return False
        entry = self._writer.write(
            event=event,
            sequence=size,
            time=told.real_time,
            previous=self._previous,
            commitment=sha256_hex(parts.receipt),
        )
        if entry != parts.entry:
            return False
        self._append(parts.entry, time)
        if self._pins:
            self._look_at_pin(f"entry {size}")
        return True

    def step_unknown(self, parts: EntryParts, where: str) -> LogEntry:
        """Take any entry (steps 2 and 3), saying what is wrong with it; raise `MalformedError` if it is none."""
        entry = read_entry(parts.entry, where=where)
        time = instant.parse(entry.time)
        self._check_links(entry, time, where)
        if parts.receipt and sha256_hex(parts.receipt) != entry.commitment:
            self._sheet.fail(
                "integrity.commitment",
                "the receipt is not the one that its entry commits to",
                where=where,
                expected=entry.commitment,
                found=sha256_hex(parts.receipt),
            )
        self._append(parts.entry, time)
        if self._pins:
            self._look_at_pin(where)
        return entry

    def finish(self, checkpoint: Checkpoint | None, where: str) -> None:
        """Compare the tree with what the checkpoint claims (steps 4 and 5); None if it could not be read."""
        for size in self._pins:
            self._sheet.fail(
                "completeness.pinned",
                f"the checkpoint of {size} entries is not inside this part of the log",
                where=where,
                expected=f"{size} entries or more, from an entry before {size}",
                found=f"entries {self.began_at} to {self.size}",
            )
        if checkpoint is not None and checkpoint != (here := self.head):
            self._sheet.fail(
                "integrity.tree",
                "entries and checkpoint do not belong together",
                where=where,
                expected=_head(checkpoint),
                found=_head(here),
            )

    def _begin(self, log: LogLine) -> None:
        before = log.previous_entry
        if log.size == 0 or before is None:
            if log.size or log.frontier or log.previous_proof or before is not None:
                raise MalformedError("log", "from an entry: size, compact range, entry before, proof", "only a part")
            return
        frontier = Frontier(log.size, [bytes.fromhex(each) for each in log.frontier])
        octets = encode_entry(before)
        proof = [bytes.fromhex(each) for each in log.previous_proof]
        root = frontier.root()
        if before.sequence != log.size - 1 or before.origin != log.origin:
            raise MalformedError("entry before", f"entry {log.size - 1} of {log.origin}", "another")
        if not verify_inclusion(leaf_hash(octets), log.size - 1, log.size, proof, root):
            raise MalformedError("entry before", "a proof that it is in the tree", "one that proves nothing")
        self._frontier = frontier
        self._previous = entry_digest(octets)
        self.previous_time = instant.parse(before.time)

    def _append(self, entry: bytes, time: int) -> None:
        self._previous = entry_digest(entry)
        self._frontier.append(leaf_hash(entry))
        self.previous_time = time
        if self.first_time is None:
            self.first_time = time

    def _check_links(self, entry: LogEntry, time: int, where: str) -> None:
        if entry.sequence != self._frontier.size:
            expected, found = (f"entry {sequence}" for sequence in (self._frontier.size, entry.sequence))
            self._break(where, "an entry is missing, doubled or moved", expected, found)
        elif entry.previous != self._previous:
            self._break(where, "the entry before is not the one it was", entry.previous, self._previous)
        elif entry.origin != self.origin:
            self._break(where, "an entry of another log", self.origin, entry.origin)
        elif self.previous_time is not None and time < self.previous_time:
            self._break(where, "time falls", f"{instant.text(self.previous_time)} or later", entry.time)

    def _break(self, where: str, detail: str, expected: object, found: object) -> None:
        self._sheet.fail("integrity.entry-chain", detail, where=where, expected=expected, found=found)

    def _look_at_pin(self, where: str) -> None:
        for pin in self._pins.pop(self._frontier.size, ()):
            root = self._frontier.root()
            if root == pin.root:
                self.proven_pins.append(pin.size)
                continue
            self._sheet.fail(
                "completeness.pinned",
                f"the log had another content at {pin.size} entries",
                where=where,
                expected=f"root {pin.root.hex()}",
                found=f"root {root.hex()}",
            )


def event_of(entry: bytes) -> str:
    """Return the event that an unread entry claims, empty if it is not made like one; `step` finds out if it is so."""
    end = entry.find(b'"', _EVENT_AT)
    claimed = entry[_EVENT_AT:end] if end > 0 else b""
    return _EVENTS.get(claimed) or claimed.decode("ascii", "replace")


def judge_start(chain: Chain, sheet: Sheet, where: str) -> None:
    """Note an unproven beginning."""
    if chain.start is Start.UNPROVEN:
        sheet.unproven(
            "completeness.start",
            f"the log begins at entry {chain.began_at}, and nothing pins what came before",
            where=where,
            expected="entry 0, the part before it as an earlier FILE, or a checkpoint at or after the first entry",
            found=f"entry {chain.began_at}",
        )


def judge_end(chain: Chain, question: Question, sheet: Sheet, where: str, *, stopped: bool, bound: bool) -> End:
    """Return how it is known that nothing is missing after the last entry, and note an unproven end.

    `stopped` says that the last run ended with a stop, `bound` that it was started with the caller's nonce.
    """
    last = chain.previous_time
    young = last is not None and question.at - last <= question.max_evidence_age
    if young or bound:
        return End.CLOSED if stopped else End.FRESH
    sheet.unproven(
        "completeness.end",
        "what came after the last entry is not here, and it is old",
        where=where,
        expected=f"an entry at most {question.max_evidence_age / 1000:g} s old",
        found="no entry" if last is None else f"{(question.at - last) / 1000:g} s",
    )
    return End.UNPROVEN


def _head(checkpoint: Checkpoint) -> str:
    return f"{checkpoint.size} entries, root {checkpoint.root.hex()}"
