"""What surrounds the measurements of a run: whether its references may be used, what was revoked, what time it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from attest.agent.history import ClockReading, History
from attest.agent.revocation_files import RevocationFiles
from attest.agent.sealed import SealedServer
from attest.appraisal.clock import judge_step, step_of
from attest.appraisal.revocation import judge_known, judge_revoked
from attest.appraisal.validity import judge_validity
from attest.codec import instant
from attest.codec.clock import Clock
from attest.statement.findings import Finding
from attest.statement.predicates.runtime_event import Event, EventKind
from attest.trust.references import OpenedReference, void_of
from attest.trust.revocations import is_void

MARGIN_MILLISECONDS: Final = 60_000
"""So long before its key counts no more a run ends: whatever is under way, and the stop itself, still count then."""


@dataclass(kw_only=True)
class Circumstances:
    """The state of one run's surroundings; asked once a cycle (`begin`) and once a reference (`judge`)."""

    clock: Clock
    files: RevocationFiles
    max_revocation_age_seconds: int | None
    writer: str
    """The id of the key that signs the receipts."""
    until: int | None = None
    """Until when it counts, in milliseconds since 1970; None: without end."""
    first_used: dict[str, int] = field(default_factory=dict)
    """By digest, when a reference was first used, be it by a sub-mandate: its time-to-live runs from then on."""
    parents: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Of the sub-mandates among its references, the digests of their parents."""
    _offset: int | None = None

    def remember(self, history: History) -> None:
        """Take up what the log tells; the clocks only if the machine was not booted since."""
        self.first_used.update(history.first_used)
        if history.last is not None and history.last.boot_id == self.clock.boot_id:
            self._offset = history.last.offset

    def use(self, digests: Iterable[str], at: int) -> None:
        """Note that references are used from `at` on, unless they were before."""
        for digest in digests:
            for each in (digest, *self.parents.get(digest, ())):
                self.first_used.setdefault(each, at)

    def know(self, references: Iterable[OpenedReference]) -> None:
        """Take references that may be used from now on."""
        self.parents |= {each.digest: tuple(one.digest for one in each.parents) for each in references if each.parent}

    def begin(self, record: Callable[[Event], None]) -> tuple[Finding, ...]:
        """Look at clocks and revocations at the beginning of a cycle; return what is found for every server.

        A step of real time is recorded first, and known only then: it may be what keeps it from being recorded.
        """
        now = ClockReading(real=self.clock.real(), boot=self.clock.boot(), boot_id=self.clock.boot_id)
        step = None if self._offset is None else step_of(self._offset, now.offset)
        if step is not None:
            record(Event(kind=EventKind.CLOCK_STEP, step_milliseconds=step))
        if step is not None or self._offset is None:
            self._offset = now.offset
        self.files.refresh()
        known_at = self.files.known.known_at(now.real)
        known = judge_known(known_at, now.real, max_age_seconds=self.max_revocation_age_seconds)
        return (*judge_step(step), *self.files.judge(), *known)

    def judge(self, sealed: SealedServer, at: int) -> tuple[Finding, ...]:
        """Return why a reference may not be used at `at` (milliseconds since 1970)."""
        return (
            *judge_validity(sealed.reference, at, first_used_at=self.first_use(sealed.opened)),
            *judge_revoked(void_of(sealed.opened, self.files.known), at),
        )

    def first_use(self, opened: OpenedReference) -> int | None:
        """Return when a reference, or one that it is narrower than, was first used here; None: never yet.

        So that a sub-mandate never begins anew the time that its parent has.
        """
        times = [self.first_used.get(each.digest) for each in (opened, *opened.parents)]
        return min((each for each in times if each is not None), default=None)

    def audits(self, sealed: SealedServer) -> bool:
        """Return whether a reference that may be used now says that findings are only recorded."""
        return sealed.reference.enforcement.audit_only and not self.judge(sealed, self.clock.real())

    def why_no_more(self) -> str | None:
        """Return why a run has to end now, if anything about its key is why."""
        if self.writer_is_void():
            return "the writer's key was revoked: nothing that it signs counts any more"
        if self.until is not None and self.clock.real() > self.until - MARGIN_MILLISECONDS:
            return f"the writer's key is certified until {instant.text(self.until)}: the next run needs a new one"
        return None

    def writer_is_void(self) -> bool:
        """Return whether nothing counts any more that this agent signs."""
        return is_void(self.files.known.of_key(self.writer), self.clock.real())
