"""The sheet of checks: laid out before anything is read, each as not reached; filled in, never shortened."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from attest.codec.printable import printable
from attest.errors import AttestError, MalformedError
from attest.evidence.verdict import STATUS_RANK, Axes, Axis, CheckResult, Status
from attest.evidence.verify.check import Check
from attest.evidence.verify.checks import CHECKS

NOT_REACHED: Final = "not reached: what came before it failed"
STRUCTURAL_ONLY: Final = "structural only: not judged without the receipts"
_MAX_TEXT: Final = 600


class Sheet:
    """The checks that apply to one file, and what became of each so far.

    A check passes only if it was settled and nothing worse was noted about it. Of several notes the first of the worst
    kind is shown, and how many there were.
    """

    def __init__(self, applicable: Iterable[Check]) -> None:
        """Lay out the checks that apply."""
        self._checks = {check.id: check for check in applicable}
        self._worst: dict[str, CheckResult] = {}
        self._notes: dict[str, int] = {}
        self._settled: dict[str, str] = {}

    def __contains__(self, check: object) -> bool:
        """Whether a check was laid out or noted."""
        return check in self._checks

    def narrow(self, applicable: Iterable[Check]) -> None:
        """Keep only the checks that apply, now that more is known about the file; what was noted stays."""
        kept = {check.id: check for check in applicable}
        self._checks = {name: check for name, check in self._checks.items() if name in kept or name in self._worst}

    def lay(self, check: str) -> None:
        """Lay out one more check: the file turned out to be one that it applies to."""
        self._checks.setdefault(check, CHECKS[check])

    def lift(self, check: str) -> None:
        """Take a check away that does not apply to the file after all, unless something was said about it."""
        if not self.reached(check):
            self._checks.pop(check, None)

    def note(
        self,
        check: str,
        status: Status,
        detail: str,
        *,
        where: str | None = None,
        expected: object = None,
        found: object = None,
    ) -> None:
        """Note something about a check that keeps it from passing; a check that was not laid out is added."""
        self._checks.setdefault(check, CHECKS[check])
        known = self._worst.get(check)
        same = known is not None and STATUS_RANK[known.status] >= STATUS_RANK[status]
        if known is not None and same:
            self._notes[check] += known.status is status
            return
        self._notes[check] = 1
        self._worst[check] = CheckResult(
            id=check,
            axis=CHECKS[check].axis,
            status=status,
            detail=text_of(detail) or "",
            where=text_of(where),
            expected=text_of(expected),
            found=text_of(found),
        )

    def fail(
        self,
        check: str,
        detail: str,
        *,
        where: str | None = None,
        expected: object = None,
        found: object = None,
    ) -> None:
        """Note that a check failed."""
        self.note(check, Status.FAIL, detail, where=where, expected=expected, found=found)

    def unproven(
        self,
        check: str,
        detail: str,
        *,
        where: str | None = None,
        expected: object = None,
        found: object = None,
    ) -> None:
        """Note that a check could not be proven; it fails the verdict all the same."""
        self.note(check, Status.UNPROVEN, detail, where=where, expected=expected, found=found)

    def fail_with(self, check: str, error: AttestError, *, where: str | None = None) -> None:
        """Note that a check failed with what an error says, each part of it once.

        `where` is its place in a file of several documents; else what stands before the first colon of the error's own,
        as the line. What is more exact than that stands in the detail.
        """
        place = where or error.where.partition(": ")[0]
        inside = error.where.removeprefix(place).removeprefix(": ")
        said = "malformed" if isinstance(error, MalformedError) else "not to be trusted"
        detail = f"{inside}: {said}" if inside else said
        self.fail(check, detail, where=place, expected=error.expected, found=error.found)

    def settle(self, *checks: str, detail: str | None = None) -> None:
        """Say that everything these checks are about was looked at; `detail` is what they say if nothing was wrong."""
        for check in checks:
            if check in self._checks:
                self._settled[check] = detail or CHECKS[check].meaning

    def reached(self, check: str) -> bool:
        """Return whether anything was said about a check yet."""
        return check in self._worst or check in self._settled

    def results(self) -> tuple[CheckResult, ...]:
        """Return all checks in the order of the table."""
        return tuple(self._result(check) for check in CHECKS if check in self._checks)

    def _result(self, check: str) -> CheckResult:
        worst = self._worst.get(check)
        if worst is not None and (worst.status is Status.FAIL or check in self._settled):
            more = self._notes[check] - 1
            tail = f" (and {more} more)" if more else ""
            return CheckResult(
                id=worst.id,
                axis=worst.axis,
                status=worst.status,
                detail=worst.detail + tail,
                where=worst.where,
                expected=worst.expected,
                found=worst.found,
            )
        settled = self._settled.get(check)
        return CheckResult(
            id=check,
            axis=CHECKS[check].axis,
            status=Status.FAIL if settled is None else Status.PASS,
            detail=NOT_REACHED if settled is None else settled,
        )


def axes_of(results: Iterable[CheckResult]) -> Axes:
    """Return the worst status of each axis; an axis without any check is not applicable."""
    worst: dict[Axis, Status] = dict.fromkeys(Axis, Status.NOT_APPLICABLE)
    for result in results:
        known = worst[result.axis]
        if STATUS_RANK.get(known, -1) < STATUS_RANK[result.status]:
            worst[result.axis] = result.status
    return Axes(
        integrity=worst[Axis.INTEGRITY],
        authenticity=worst[Axis.AUTHENTICITY],
        completeness=worst[Axis.COMPLETENESS],
        freshness=worst[Axis.FRESHNESS],
        build_link=worst[Axis.BUILD_LINK],
        conformance=worst[Axis.CONFORMANCE],
        policy=worst[Axis.POLICY] if worst[Axis.POLICY] is not Status.NOT_APPLICABLE else msgspec.UNSET,
    )


def text_of(value: object) -> str | None:
    """Return a value as one printable line that is not too long; None of None."""
    return None if value is None else printable(str(value), limit=_MAX_TEXT)
