"""Windows of one log: clean cycles that share a receipt, numbered without holes from each start, resume and reload on.

1. Cycles are numbered from 0 after each start, resume and reload; a window begins where the one before ended.
2. It begins after the newest cycle of the one before, and its head is another one.
3. It stands for no more cycles than the reference seals, and for one alone where it seals none.
4. So many cycles with no larger gap than it states fit between its first and its newest beginning.

What is not checked: the records of the single cycles, which only their writer holds.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, final

import msgspec

from attest.codec import instant
from attest.evidence.verify.references import Sealed
from attest.evidence.verify.sheet import Sheet
from attest.evidence.verify.told import Cycle, Told
from attest.statement.predicates.runtime_measurement import Window

CHECK: Final = "completeness.windows"


class _Before(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The window before: its last number, the beginning of that cycle, its head."""

    last: int
    started: int
    head: str


@final
class Windows:
    """The windows of one log, by reference."""

    def __init__(self, sheet: Sheet, *, from_genesis: bool) -> None:
        """Begin before the section's first entry."""
        self._sheet = sheet
        self._before: dict[str, _Before] = {}
        self._counting_from_zero = from_genesis
        """Whether the numbers of whoever has no window before are known: not in the midst of a run."""
        self.cycles = 0
        """Clean cycles that the measurements stand for, those alone included."""
        self.shared: dict[str, int] = {}
        """By reference: the cycles that share the receipt of another one."""

    def restart(self) -> None:
        """Say that a run began, or goes on after a crash or a reload: what was not signed by then is lost."""
        self._before.clear()
        self._counting_from_zero = True

    def count(self, told: Told) -> None:
        """Count the cycles of a measurement, whichever reference it is about."""
        lasting = told.lasting
        if lasting.is_measurement:
            self.cycles += 1
            if lasting.window is not None:
                self._share(lasting.references, lasting.window.last - lasting.window.first)

    def _share(self, references: Iterable[str], more: int) -> None:
        self.cycles += more
        for digest in references:
            self.shared[digest] = self.shared.get(digest, 0) + more

    def look(self, sealed: Sealed, told: Told, window: Window, cycle: Cycle) -> None:
        """Take a measurement or violation about an expected reference, as a window."""
        if not told.lasting.is_measurement:
            self._fail("a violation is no window", told, "one cycle", "a window")
            return
        self._check_order(sealed, told, window)
        self._check_size(sealed, told, window, cycle)
        self._before[sealed.digest] = _Before(last=window.last, started=cycle.started, head=window.head)

    def _check_order(self, sealed: Sealed, told: Told, window: Window) -> None:
        """Steps 1 and 2."""
        before = self._before.get(sealed.digest)
        expected = before.last + 1 if before is not None else 0 if self._counting_from_zero else window.first
        if window.first != expected:
            self._fail("cycles are missing before this window, or were counted twice", told, expected, window.first)
        if before is not None and instant.parse(window.began_at) < before.started:
            self._fail(
                "a window that began before the one before it ended",
                told,
                instant.text(before.started),
                window.began_at,
            )
        if before is not None and window.head == before.head:
            self._fail("a window that adds nothing to the chain", told, "another head", window.head)

    def _check_size(self, sealed: Sealed, told: Told, window: Window, cycle: Cycle) -> None:
        """Steps 3 and 4."""
        size, most = window.last - window.first + 1, sealed.reference.measurement.window_cycles or 1
        if size > most:
            self._fail("a window of more cycles than the reference seals", told, f"at most {most}", size)
        lasted = cycle.started - instant.parse(window.began_at)
        if not 0 <= lasted <= (size - 1) * window.largest_gap_milliseconds:
            self._fail(
                "a window that so few cycles with such gaps do not fill",
                told,
                f"0 to {(size - 1) * window.largest_gap_milliseconds} ms between its first and last beginning",
                f"{lasted} ms",
            )

    def _fail(self, detail: str, told: Told, expected: object, found: object) -> None:
        self._sheet.fail(CHECK, detail, where=told.where, expected=expected, found=found)
