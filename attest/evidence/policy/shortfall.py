"""What a rule finds: that something demanded is not so, or was not shown; and about which reference and file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

import msgspec

from attest.evidence.grammar import Tier
from attest.evidence.verdict import Status
from attest.evidence.verify.gathered import Judged, Measured

T = TypeVar("T")


class Shortfall(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that the policy demands and a file does not show; by `reference` and `path` exceptions pick it."""

    detail: str
    expected: object
    found: object
    status: Status = Status.FAIL
    reference: str | None = None
    """The digest of the RuntimeReference that it is about."""
    path: str | None = None
    """The file that it is about, `root/path`."""
    where: str | None = None


def about(each: Measured, detail: str, *, expected: object, found: object, path: str | None = None) -> Shortfall:
    """Return a shortfall of one expected reference."""
    return Shortfall(
        detail=f"{each.sealed.reference.server.name}: {detail}",
        expected=expected,
        found="none" if found is None else found,
        reference=each.sealed.digest,
        where=each.sealed.where,
        path=path,
    )


def of_each(judged: Judged, expected: object, judge: Callable[[Measured], Iterator[Shortfall]]) -> Iterator[Shortfall]:
    """Judge what was seen of each expected reference; if nothing of any is to be seen, that is the shortfall."""
    if judged.verdict.tier == Tier.STRUCTURAL:
        yield structural_only(expected)
    elif not judged.gathered.measured:
        yield Shortfall(detail="no expected reference is here", expected=expected, found="none")
    for each in judged.gathered.measured:
        yield from judge(each)


class Bound(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """What one value of each expected reference has to be; a value that is not there is never enough."""

    expected: object
    detail: str
    """What is wrong with a value that is not enough."""
    of: Callable[[Measured], T | None]
    enough: Callable[[T], bool]
    told: Callable[[T], str] = str
    """How a value is written."""

    def hold(self, judged: Judged) -> Iterator[Shortfall]:
        """Hold what was seen of each reference against the bound."""
        return of_each(judged, self.expected, self._judge)

    def _judge(self, each: Measured) -> Iterator[Shortfall]:
        value = self.of(each)
        if value is None or not self.enough(value):
            found = None if value is None else self.told(value)
            yield about(each, self.detail, expected=self.expected, found=found)


def structural_only(expected: object) -> Shortfall:
    """Return that nobody can know it without the receipts."""
    return Shortfall(
        detail="structural only: not to be seen without the receipts",
        expected=expected,
        found="entries alone",
        status=Status.UNPROVEN,
    )
