"""The anchors of a bundle: somebody outside saw a checkpoint of the log, so that what it covers existed by then.

1. They stand behind their log's checkpoint, in order, each once.
2. Each is over a checkpoint of this log, signed by the writer of its receipts, of at least one entry.
3. The log's tree begins with the tree of that checkpoint (RFC 6962, 2.1.2).
4. An authority of the trust file said so, about the note's exact bytes, and not in the future.

An anchor proves "existed before", and never an end: what came after it, it says nothing of. Without any authority in
the trust file nothing is concluded from anchors.
"""

from __future__ import annotations

from typing import Final, final

import msgspec

from attest.codec import instant
from attest.codec.octets import from_base64, sha256_hex
from attest.errors import MalformedError, UntrustedError
from attest.evidence.grammar import MAX_ANCHORS, AnchorLine
from attest.evidence.verdict import Status
from attest.evidence.verify.noted import check_note
from attest.evidence.verify.question import FUTURE_TOLERANCE_MILLISECONDS, Question
from attest.evidence.verify.sheet import Sheet
from attest.signing.keyring import KeyRing
from attest.signing.timestamps import Timestamp
from attest.tlog.anchors import ANCHORS
from attest.tlog.checkpoint import Checkpoint, read_checkpoint_unverified
from attest.tlog.merkle import verify_consistency
from attest.trust.authorities import authorities_of

CHECK: Final = "freshness.anchor"


class _Newest(msgspec.Struct, frozen=True, kw_only=True):
    checkpoint: Checkpoint
    stamp: Timestamp

    @property
    def told(self) -> str:
        """What it proves, in words."""
        entries = f"{self.checkpoint.size} entries of {self.checkpoint.origin}"
        return f"{entries} existed by {instant.text(self.stamp.at)}, says {self.stamp.authority}"


@final
class Anchored:
    """The anchors of one bundle so far, and the newest that holds of each log."""

    def __init__(self, question: Question, sheet: Sheet) -> None:
        """Begin before the first."""
        self._latest = question.at + FUTURE_TOLERANCE_MILLISECONDS
        self._sheet = sheet
        self._authorities = authorities_of(question.trust.document)
        self._before: dict[str, tuple[int, str]] = {}
        self._counts: dict[str, int] = {}
        self._newest: dict[str, _Newest] = {}
        sheet.lay(CHECK)

    def take(self, record: AnchorLine, head: Checkpoint, ring: KeyRing, where: str) -> None:
        """Take an anchor of the log that ends in `head`, as its entries make it; `ring` are those who may have signed.

        Raises `MalformedError` where it stands out of order.
        """
        note, answer = record.note.encode(), from_base64(record.answer, where=where)
        claimed = read_checkpoint_unverified(note, where=where)
        self._order(head.origin, (claimed.size, sha256_hex(answer)), where)
        try:
            check_note(note, claimed, head.origin, ring, where)
            self._check_tree(record, claimed, head, where)
            if self._authorities:
                self._stamp(record, claimed, answer, where)
        except (MalformedError, UntrustedError) as error:
            self._sheet.fail_with(CHECK, error)

    def close(self) -> None:
        """Say what was judged, at the end of the file."""
        if not self._authorities:
            count = sum(self._counts.values())
            detail = f"{count} anchors, and the trust file names no authority: nothing is concluded from them"
            self._sheet.note(CHECK, Status.ASSERTED, detail)
        self._sheet.settle(CHECK, detail="; ".join(each.told for each in self._newest.values()))

    def at(self, logs: int) -> str | None:
        """Return when the newest anchor of each of so many logs was made, the oldest of those; None if one has none."""
        if len(self._newest) != logs:
            return None
        return instant.text(min(each.stamp.at for each in self._newest.values()))

    def _order(self, origin: str, place: tuple[int, str], where: str) -> None:
        count = self._counts[origin] = self._counts.get(origin, 0) + 1
        if count > MAX_ANCHORS or place <= self._before.get(origin, (0, "")):
            expected = f"at most {MAX_ANCHORS} anchors over entries, sorted by their number"
            raise MalformedError(where, expected, f"one over {place[0]}")
        self._before[origin] = place

    def _check_tree(self, record: AnchorLine, claimed: Checkpoint, head: Checkpoint, where: str) -> None:
        proof = [bytes.fromhex(each) for each in record.proof]
        if not verify_consistency(claimed.size, head.size, proof, claimed.root, head.root):
            expected = f"a checkpoint that the log of {head.size} entries begins with"
            raise UntrustedError(where, expected, f"{claimed.size} entries, root {claimed.root.hex()}")

    def _stamp(self, record: AnchorLine, claimed: Checkpoint, answer: bytes, where: str) -> None:
        stamp = ANCHORS[record.method].check(record.note.encode(), answer, self._authorities, None, where)
        if stamp.at > self._latest:
            raise UntrustedError(where, "a time that is not in the future", instant.text(stamp.at))
        newest = self._newest.get(claimed.origin)
        # Of two over the same checkpoint the earlier one says more.
        if newest is None or claimed.size > newest.checkpoint.size or stamp.at < newest.stamp.at:
            self._newest[claimed.origin] = _Newest(checkpoint=claimed, stamp=stamp)
