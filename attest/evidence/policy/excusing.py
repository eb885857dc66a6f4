"""Exceptions: what they may be about, when they are over, and what of a verdict they excuse.

1. An exception excuses what the policy itself demands; by that a verdict becomes what it would be without the demand.
2. Of all other checks it excuses drift alone, `conformance.matched`, if every violation in the file was of named files,
   each fits its `paths`, and all were written out.
3. Nothing else. By integrity and authenticity a forged file is told from an honest one; by completeness, freshness and
   build link a cut, an old or another one from what was asked for; by the rest of conformance a writer that is kept
   apart, and tells what happened, from one that does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final, NoReturn

import msgspec

from attest.errors import MalformedError
from attest.evidence.policy.document import ExceptionTable
from attest.evidence.policy.globs import fits, literal_part
from attest.evidence.policy.rules import RULES
from attest.evidence.policy.shortfall import Shortfall
from attest.evidence.verdict import CheckResult, Status
from attest.evidence.verify.checks import CHECKS
from attest.evidence.verify.checks_of_policy import EXCEPTIONS
from attest.evidence.verify.gathered import Deviation
from attest.evidence.verify.sheet import NOT_REACHED
from attest.statement.findings import FindingKind

MATCHED: Final = "conformance.matched"

_OF_FILES: Final = frozenset(
    {
        FindingKind.CHANGED,
        FindingKind.MISSING,
        FindingKind.EXTRA,
        FindingKind.TYPE,
        FindingKind.EXECUTABLE,
        FindingKind.LINK_TARGET,
        FindingKind.UNDERIVED,
    }
)
"""What drift of a file on disk can be; not what runs, is mapped, or could not be read."""

_DAY: Final = 86_400_000
_EPOCH: Final = date(1970, 1, 1).toordinal()


def check_exception(exception: ExceptionTable, *, where: str) -> None:
    """Refuse an exception that could excuse nothing, or more than one may; raise `MalformedError`."""
    for check in exception.checks:
        rule = RULES.get(check)
        if rule is None and check != MATCHED:
            _refuse_check(check, f"{where}: checks")
        if exception.reference is not None and rule is not None and not rule.of_references:
            raise MalformedError(f"{where}: reference", f"none, since {check} is about no reference", "one")
        if exception.paths and rule is not None and not rule.of_paths:
            raise MalformedError(f"{where}: paths", f"none, since {check} is about no file", "some")
    if MATCHED in exception.checks:
        _check_paths(exception.paths, f"{where}: paths")


def _refuse_check(check: str, where: str) -> NoReturn:
    import difflib  # only for whoever made a mistake

    expected = f"{', '.join(RULES)} or {MATCHED}"
    if check in CHECKS and check != EXCEPTIONS:
        hint: str | None = "what tells true evidence from forged, cut, old or foreign evidence cannot be excused"
    else:
        close = difflib.get_close_matches(check[:64], [*RULES, MATCHED], n=1)
        hint = f"did you mean {close[0]}?" if close else None
    raise MalformedError(where, expected, check[:64], hint=hint)


def _check_paths(globs: Sequence[str], where: str) -> None:
    """Refuse to excuse any drift whatever: of which directory at least has to be said."""
    if not globs:
        raise MalformedError(where, f"the files whose drift {MATCHED} may show", "none")
    for glob in globs:
        if not literal_part(glob).partition("/")[2]:
            raise MalformedError(where, "globs that begin with a root and a part of a path, tree/cache/*", glob)


def ends_at(exception: ExceptionTable) -> int:
    """Return when an exception is over, milliseconds since 1970: at the end of its last day, in UTC."""
    return (exception.expires.toordinal() - _EPOCH + 1) * _DAY


class Excused(msgspec.Struct, frozen=True, kw_only=True):
    """What is left of what a check found, and the exceptions (by their place) that excused the rest."""

    left: tuple[Shortfall, ...]
    used: tuple[int, ...]


Live = Sequence[tuple[int, ExceptionTable]]
"""The exceptions that have not expired, with their places in the policy."""


def live(exceptions: Iterable[ExceptionTable], at: int) -> Live:
    """Return the exceptions that still count."""
    return tuple((place, each) for place, each in enumerate(exceptions) if at < ends_at(each))


def excuse(check: str, found: Iterable[Shortfall], exceptions: Live) -> Excused:
    """Sort what a rule found into what is excused and what is left."""
    left: list[Shortfall] = []
    used: list[int] = []
    for shortfall in found:
        place = _find(exceptions, check, shortfall.reference, shortfall.path)
        if place is None:
            left.append(shortfall)
        else:
            used.append(place)
    return Excused(left=tuple(left), used=tuple(used))


def excuse_drift(
    result: CheckResult, deviations: Sequence[Deviation] | None, exceptions: Live
) -> tuple[CheckResult, tuple[int, ...]]:
    """Return what becomes of `conformance.matched` where this was found, and what excused it: all, or nothing is."""
    if result.status is not Status.FAIL or result.detail == NOT_REACHED or not deviations:
        return result, ()
    used: list[int] = []
    for each in deviations:
        place = None
        if each.where is not None and each.kind in _OF_FILES:
            place = _find(exceptions, MATCHED, each.reference, each.where)
        if place is None:
            return result, ()
        used.append(place)
    told = [exceptions_told(one) for place, one in exceptions if place in used]
    return as_excused(result, told), tuple(used)


def exceptions_told(exception: ExceptionTable) -> str:
    """Return how a verdict names an exception."""
    return f"until {exception.expires.isoformat()}: {exception.reason}"


def as_excused(result: CheckResult, told: Sequence[str]) -> CheckResult:
    """Return a failed check as what the policy's owner says is good enough for now."""
    detail = f"excused {'; '.join(told)}. It was: {result.detail}"
    return msgspec.structs.replace(result, status=Status.ASSERTED, detail=detail)


def _find(exceptions: Live, check: str, reference: str | None, path: str | None) -> int | None:
    return next((place for place, each in exceptions if _covers(each, check, reference, path)), None)


def _covers(exception: ExceptionTable, check: str, reference: str | None, path: str | None) -> bool:
    if check not in exception.checks:
        return False
    if exception.reference is not None and exception.reference != f"sha256:{reference}":
        return False
    return not exception.paths or (path is not None and fits(path, exception.paths))
