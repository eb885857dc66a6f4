"""The terms of a reference, whatever it seals: how it is measured, for how long it is good, what follows drift.

Also what the trust file's seal rules demand of it.
"""

from __future__ import annotations

from collections.abc import Sequence

from attest.codec import instant
from attest.errors import RefusedError
from attest.seal.reacting import enforcement_of
from attest.seal.request import SealRequest
from attest.statement.enforcing import Enforcement
from attest.statement.predicates.runtime_reference import MeasurementRules, RuntimeReference, Validity
from attest.trust.document import SealRules
from attest.trust.leftovers import CHECK as LEFTOVER
from attest.trust.leftovers import find_leftovers
from attest.trust.references import OpenedReference


def measurement_of(request: SealRequest) -> MeasurementRules:
    """Return how the server has to be measured."""
    if request.like is not None:
        return request.like.measurement
    rules = request.rules
    return MeasurementRules(
        cycle_seconds=rules.cycle,
        max_gap_seconds=rules.max_gap,
        max_age_seconds=rules.max_age,
        window_cycles=rules.window,
        scrub_seconds=rules.scrub,
        min_binding=rules.min_binding,
        min_isolation=rules.min_isolation,
    )


def enforcement_like(request: SealRequest) -> Enforcement:
    """Return what follows drift."""
    return enforcement_of(request.rules) if request.like is None else request.like.enforcement


def validity_of(request: SealRequest, superseded: Sequence[OpenedReference], at: int) -> Validity:
    """Return for how long the reference is good, from `at` (milliseconds since 1970) unless it says otherwise."""
    if request.like is not None:
        return _validity_like(superseded, request.like.validity, at)
    rules = request.rules
    before = [item.predicate.validity.sequence for item in superseded]
    return Validity(
        not_before=instant.text(rules.not_before if rules.not_before is not None else at),
        not_after=instant.text(rules.not_after) if rules.not_after is not None else None,
        ttl_seconds=rules.ttl,
        sequence=max(before, default=0) + 1,
        supersedes=tuple(sorted(item.digest for item in superseded)),
    )


def _validity_like(superseded: Sequence[OpenedReference], before: Validity, at: int) -> Validity:
    """As long as the one before, from now on."""
    length = None
    if before.not_after is not None:
        length = instant.parse(before.not_after, where="notAfter") - instant.parse(before.not_before, where="notBefore")
    return Validity(
        not_before=instant.text(at),
        not_after=None if length is None else instant.text(at + length),
        ttl_seconds=before.ttl_seconds,
        sequence=max([before.sequence, *(item.predicate.validity.sequence for item in superseded)]) + 1,
        supersedes=tuple(sorted(item.digest for item in superseded)),
    )


def refuse_leftovers(rules: SealRules, reference: RuntimeReference, runtime: RuntimeReference | None) -> None:
    """Refuse with all that is left over, of the reference and of the runtime: who mends one wants to know the next."""
    broken = [("", leftover) for leftover in find_leftovers(reference, rules)]
    if runtime is not None:
        of = f" for the runtime {runtime.server.name}"
        broken += [(of, leftover) for leftover in find_leftovers(runtime, rules)]
    if broken:
        raise RefusedError(
            "seal rules" + "".join(dict.fromkeys(of for of, _ in broken)),
            "; ".join(dict.fromkeys(leftover.expected for _, leftover in broken)),
            "; ".join(f"{leftover.found}{of}" for of, leftover in broken),
            hint="; ".join(dict.fromkeys(leftover.hint for _, leftover in broken)),
            check=LEFTOVER,
        )
