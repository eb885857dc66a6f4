"""The writing end of a log: receipts in, linked rows and signed checkpoints out. In memory; a store makes it last."""

from __future__ import annotations

from typing import Final, final

from attest.codec import instant
from attest.codec.octets import sha256_hex
from attest.errors import RefusedError
from attest.signing.keys import PrivateKey
from attest.tlog.checkpoint import Checkpoint, sign_checkpoint
from attest.tlog.entry import EntryWriter, entry_digest
from attest.tlog.merkle import leaf_hash
from attest.tlog.stores.row import NewRow
from attest.tlog.tail import Tail


@final
class Head:
    """What the next entry is built upon; it moves on with every entry that is linked to it."""

    __slots__ = ("_frontier", "_previous", "_time", "_writer", "origin")

    def __init__(self, origin: str, tail: Tail) -> None:
        """Go on after `tail` of the log `origin`."""
        self.origin: Final = origin
        self._writer = EntryWriter(origin)
        self._frontier = tail.frontier
        self._previous = tail.previous
        self._time = tail.time

    @property
    def size(self) -> int:
        """The number of entries, and so the sequence number of the next one."""
        return self._frontier.size

    @property
    def previous(self) -> str:
        """The digest of the last entry, which the next one names."""
        return self._previous

    @property
    def time(self) -> str:
        """The time of the last entry (wire form), empty without one: the next one's is no earlier."""
        return self._time

    def link(self, *, event: str, time: str, receipt: bytes, landmark: int) -> NewRow:
        """Return the row of the next entry, which commits to `receipt`, and move on; or raise and stay.

        A `time` (wire form, whose order as text is that in time) before the last entry's is a `RefusedError`: an entry
        that went back would fail every later verification.
        """
        if time < self._time:
            hint = "the clock was set back: wait, or set it right"
            raise RefusedError("clock", f"no time before the last entry's, {self._time}", time, hint=hint)
        commitment = sha256_hex(receipt)
        if time != self._time:
            instant.parse(time)
        entry = self._writer.write(
            event=event, sequence=self._frontier.size, time=time, previous=self._previous, commitment=commitment
        )
        subtrees = b"".join(self._frontier.append(leaf_hash(entry)))
        self._previous, self._time = entry_digest(entry), time
        return NewRow(entry=entry, receipt=receipt, commitment=commitment, subtrees=subtrees, landmark=landmark)

    @property
    def checkpoint(self) -> Checkpoint:
        """The checkpoint over every entry linked so far."""
        return Checkpoint(origin=self.origin, size=self.size, root=self._frontier.root())

    def sign(self, key: PrivateKey) -> bytes:
        """Sign that checkpoint, as of the last entry's time."""
        at = instant.parse(self._time) // 1000 if self._time else 0
        return sign_checkpoint(self.checkpoint, key, at=at)
