"""The chain over clean cycles that share a receipt: what each adds to its head, and the records to hold against it."""

import hashlib
from collections.abc import Iterable
from typing import Final

import msgspec

from attest.codec import canonical
from attest.codec.records import Count, Id128, Record, Sha256Hex
from attest.errors import UntrustedError
from attest.statement.predicates.runtime_measurement import Measured, Window

NO_HEAD: Final = "0" * 64
"""The head before the first cycle of a run."""


class CycleRecord(Record, kw_only=True):
    """One clean cycle as it is kept beside the log: nothing by itself, and proof together with a signed head."""

    run: Id128
    cycle: Count
    head: Sha256Hex
    """The head of the chain with this cycle in it."""
    measured: Measured


def next_head(head: str, measured: Measured) -> str:
    """Return the head with one more cycle: SHA-256 of 64 hexadecimal digits and the RFC 8785 form of `measured`."""
    alone = msgspec.structs.replace(measured, window=None) if measured.window is not None else measured
    return hashlib.sha256(head.encode("ascii") + canonical.encode(alone)).hexdigest()


def check_cycles(head: str, window: Window, records: Iterable[CycleRecord], *, where: str) -> None:
    """Hold the records of a window's cycles against its signed head; `head` is that of the window before.

    Raises `UntrustedError` if one is missing, changed, or not of this window.
    """
    number = window.first
    for record in records:
        head = next_head(head, record.measured)
        if (record.cycle, record.head) != (number, head):
            raise UntrustedError(where, f"cycle {number} with head {head}", f"{record.cycle} with {record.head}")
        number += 1
    if number != window.last + 1:
        raise UntrustedError(where, f"cycles {window.first} to {window.last}", f"{number - window.first} records")
    if head != window.head:
        raise UntrustedError(where, f"the signed head {window.head}", head)
