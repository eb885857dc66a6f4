"""Servers that are measured together with the runtime that they run on: the runtime's reference, receipt by receipt.

Where an expected reference names a runtime, each measurement and violation under it names the reference that was used.

1. That reference is here, signed by a trusted sealer, of a runtime, of the demanded name, and of no lower sequence.
2. Its writers include the receipt's.
3. It was valid and not revoked when the measurement began; its time to live runs from its first use.
4. In one log the sequence of a runtime never falls: once an update was measured, nobody goes back behind it.
5. The process that was measured, if one was, runs the runtime's executable.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, final

from attest.codec import instant
from attest.errors import RefusedError
from attest.evidence.verify.question import Question
from attest.evidence.verify.references import Sealed
from attest.evidence.verify.revoked import fail_void
from attest.evidence.verify.sheet import Sheet
from attest.evidence.verify.told import Cycle, Told
from attest.evidence.verify.writers import Writers

CHECK: Final = "conformance.runtime"
_SECOND: Final = 1000


@final
class Runtimes:
    """The runtimes that the receipts about expected references were made with, over all logs."""

    def __init__(
        self, find: Callable[[str], Sealed | None], writers: Writers, question: Question, sheet: Sheet
    ) -> None:
        """Begin with none; `find` returns the reference of a digest if a trusted sealer signed it."""
        self._writers = writers
        self._find = find
        self._question = question
        self._sheet = sheet
        self._fitting: tuple[str, str, str] | None = None
        self._sequences: dict[tuple[str, str], int] = {}
        self._first_used: dict[tuple[str, str], int] = {}
        self.used: dict[str, Sealed] = {}

    def look(self, server: Sealed, told: Told, cycle: Cycle) -> None:
        """Take a measurement or violation about an expected reference."""
        used = told.lasting.runtime
        if used is None and server.reference.runtime is None:
            return
        runtime = self._fit(server, told, used)
        if runtime is None:
            return
        self.used[runtime.digest] = runtime
        self._check_validity(runtime, told, cycle)
        self._check_sequence(runtime, told)
        self._check_process(runtime, told)

    def name(self, origin: str, digests: Iterable[str], at: int) -> None:
        """Say that a run in the log `origin` is about these references, from `at` on."""
        for digest in digests:
            self._first_used.setdefault((origin, digest), at)

    def newest(self) -> tuple[Sealed, ...]:
        """Return, of each runtime, the reference of the highest sequence: what would be used now."""
        found: dict[str, Sealed] = {}
        for each in self.used.values():
            name = each.reference.server.name
            known = found.get(name)
            if known is None or known.reference.validity.sequence < each.reference.validity.sequence:
                found[name] = each
        return tuple(found.values())

    def _fit(self, server: Sealed, told: Told, digest: str | None) -> Sealed | None:
        """Steps 1 and 2."""
        demand = server.reference.runtime
        if demand is None or digest is None:
            expected = "no runtime" if demand is None else f"a reference of {demand.name}"
            self._fail("measured with another runtime than the reference names", told, expected, digest or "none")
            return None
        runtime = self._find(digest)
        if runtime is None:
            self._fail("the reference of the runtime is not here, or no trusted sealer signed it", told, digest, "none")
            return None
        fitting = (server.digest, digest, told.lasting.writer)
        if fitting == self._fitting:
            return runtime
        # Its own import: few references name a runtime, and for those it is asked once.
        from attest.trust.runtimes import check_demand

        try:
            check_demand(demand, runtime.reference, where=runtime.where)
        except RefusedError as error:
            self._fail("the runtime is not the one that the reference names", told, error.expected, error.found)
            return None
        if not self._writers.may_write(runtime.reference, told.lasting.writer):
            self._fail("the runtime's reference names other writers", told, runtime.writers, told.lasting.writer)
            return None
        self._fitting = fitting
        return runtime

    def _check_validity(self, runtime: Sealed, told: Told, cycle: Cycle) -> None:
        """Step 3."""
        began, started = told.began(cycle), cycle.started
        if started >= runtime.void.since:
            what = f"the reference of the runtime {runtime.reference.server.name}, or a key that signed it,"
            fail_void(self._sheet, what, runtime.void, found=instant.text(started), where=told.where)
        first = self._first_used.setdefault((told.lasting.log_origin, runtime.digest), began)
        for parent in runtime.parents:
            first = min(first, self._first_used.get((told.lasting.log_origin, parent), first))
        latest = runtime.not_after
        if (ttl := runtime.reference.validity.ttl_seconds) is not None:
            over = first + ttl * _SECOND
            latest = over if latest is None else min(over, latest)
        if began < runtime.not_before or (latest is not None and started > latest):
            end = "any time" if latest is None else instant.text(latest)
            valid = f"{runtime.reference.validity.not_before} to {end}"
            self._fail("the reference of the runtime is not valid then", told, valid, instant.text(started))

    def _check_sequence(self, runtime: Sealed, told: Told) -> None:
        """Step 4."""
        key = (told.lasting.log_origin, runtime.reference.server.name)
        found = runtime.reference.validity.sequence
        highest = self._sequences.get(key, 0)
        if found < highest:
            self._fail("an older reference of the runtime, after a newer one", told, f"{highest} or higher", found)
        self._sequences[key] = max(found, highest)

    def _check_process(self, runtime: Sealed, told: Told) -> None:
        """Step 5."""
        process, program = told.lasting.process, runtime.reference.program
        if process is not None and program is not None and process.executable_sha256 != program.sha256:
            found = f"{process.executable_path}, sha256:{process.executable_sha256}"
            self._fail(
                "the process runs another executable than the runtime's", told, f"sha256:{program.sha256}", found
            )

    def _fail(self, detail: str, told: Told, expected: object, found: object) -> None:
        self._sheet.fail(CHECK, detail, where=told.where, expected=expected, found=found)
