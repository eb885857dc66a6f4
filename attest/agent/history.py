"""What the agent's own log tells of the time before this start: a restart renews nothing.

The writer's signature is checked on every receipt that something is concluded from. Whoever can change the log's file
and still sign is the agent itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from attest.codec import instant
from attest.recorder import Landmark, open_receipt
from attest.signing.keyring import KeyRing
from attest.signing.keys import PublicKey
from attest.statement.predicates.runtime_event import RuntimeEvent
from attest.statement.receipt import ReceiptHeader
from attest.tlog.documents import Documents
from attest.tlog.stores import SQLITE
from attest.trust.role import Role


@dataclass(frozen=True, kw_only=True)
class ClockReading:
    """Real time and the time since boot, read together; milliseconds."""

    real: int
    boot: int
    boot_id: str

    @property
    def offset(self) -> int:
        """How far real time is ahead."""
        return self.real - self.boot


@dataclass(frozen=True, kw_only=True)
class History:
    """When references were first used, and the last reading of the clocks."""

    first_used: dict[str, int]
    last: ClockReading | None


def read_history(log: Path, key: PublicKey, digests: Iterable[str]) -> History:
    """Read what the log in folder `log` tells about the references of these digests.

    Raises `MalformedError` or `UntrustedError` if a receipt in it is not what it has to be.
    """
    ring = KeyRing(role=Role.WRITER.value, keys=(key,))
    kept = set(Documents(log).digests("reference"))
    # What was never kept beside the log was never used in it.
    wanted = {digest for digest in digests if digest in kept}
    first_used: dict[str, int] = {}
    last = None
    reader = SQLITE.open_reader(log)
    try:
        for row in reader.landmarks(Landmark.RUN) if wanted else ():
            said = open_receipt(row, reader, ring)
            if isinstance(said, RuntimeEvent):
                for digest in wanted.intersection(said.event.references):
                    first_used[digest] = instant.parse(said.receipt.real_time)
                wanted -= set(first_used)
            if not wanted:
                break
        for row in reader.rows(max(0, reader.size - 1), reader.size):
            header: ReceiptHeader = open_receipt(row, reader, ring).receipt  # type: ignore[attr-defined]  # every receipt has one
            last = ClockReading(
                real=instant.parse(header.real_time), boot=header.boot_time_milliseconds, boot_id=header.boot_id
            )
    finally:
        reader.close()
    return History(first_used=first_used, last=last)
