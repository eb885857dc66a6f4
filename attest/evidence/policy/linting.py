"""What is odd about a policy that can be read: rules that never fail, exceptions that are over or will be soon."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from attest.evidence.grammar import Tier
from attest.evidence.policy.document import AssuranceTable, ExceptionTable, GatePolicy
from attest.evidence.policy.excusing import MATCHED, ends_at
from attest.evidence.policy.rules import RULES
from attest.statement.levels import Binding, Isolation

SOON_DAYS: Final = 14
"""So long before its last day an exception is warned of."""

_DAY: Final = 86_400_000
_NEVER: Final[tuple[tuple[str, str, object, str], ...]] = (
    ("required", "tier", Tier.STRUCTURAL, "every evidence bundle holds that much"),
    ("measured", "min_seconds", 0, "that long was everything measured"),
    ("measured", "min_cycles", 0, "verify demands a measurement anyway"),
    ("measured", "min_cycles", 1, "verify demands a measurement anyway"),
    ("measured", "min_binding", Binding.REMOTE, "it is the weakest binding"),
    ("measured", "min_isolation", Isolation.SAME_UID, "it is the weakest isolation"),
    ("assurance", "least", "site", "it is the weakest origin"),
    ("runtime_assurance", "least", "site", "it is the weakest origin"),
    ("calls", "min_permitted", 0, "there are never fewer"),
)
"""Table, key, and the value with which it demands nothing."""

_SHARE_OF: Final = {"min_built": "built", "min_listed": "listed", "min_locked": "locked"}
_AT_LEAST: Final = {
    "built": ("built",),
    "listed": ("built", "listed"),
    "locked": ("built", "listed", "locked"),
}
"""By origin: those that are no worse."""


def warnings(policy: GatePolicy, at: int) -> Iterator[str]:
    """Yield a line for each oddity, as of `at` (milliseconds since 1970); expired exceptions are not among them."""
    if not any(rule.asked(policy) for rule in RULES.values()):
        yield "it demands nothing"
    yield from _empty(policy)
    for table, key, value, reason in _NEVER:
        if getattr(getattr(policy, table), key, None) == value:
            yield f"{_name(table)}.{_name(key)}: it can never fail, since {reason}"
    for name in ("assurance", "runtime_assurance"):
        yield from _shares(name, getattr(policy, name))
    yield from _wide(policy)
    yield from _unreachable(policy)
    yield from _covered(policy.exceptions)
    for number, exception in enumerate(policy.exceptions, 1):
        yield from (f"exceptions, number {number}: {told}" for told in _of_exception(policy, exception, at))


def expired(policy: GatePolicy, at: int) -> Iterator[str]:
    """Yield a line for each exception that is over."""
    for number, each in enumerate(policy.exceptions, 1):
        if at >= ends_at(each):
            yield f"exceptions, number {number}: {', '.join(each.checks)}, over since {each.expires.isoformat()}"


def _empty(policy: GatePolicy) -> Iterator[str]:
    for name in ("required", "measured", "assurance", "runtime_assurance", "build", "calls"):
        table = getattr(policy, name)
        if table is not None and table == type(table)():
            yield f"{_name(name)}: the table demands nothing"


def _shares(name: str, table: AssuranceTable | None) -> Iterator[str]:
    """Of shares that include one another, one that is no higher than a narrower one never fails by itself.

    Nor does one of files that are known so well anyway, since none may be known worse.
    """
    if table is None:
        return
    narrower = 0.0
    for key, origin in _SHARE_OF.items():
        if getattr(table, key) is not None and table.least in _AT_LEAST[origin]:
            yield f"{_name(name)}.{_name(key)}: it can never fail by itself, since least = {table.least}"
    for key in ("min_built", "min_listed", "min_locked"):
        share = getattr(table, key)
        if share is not None and share <= narrower:
            yield f"{_name(name)}.{_name(key)}: it can never fail by itself, since a narrower share is as high"
        narrower = max(narrower, share or 0.0)


def _wide(policy: GatePolicy) -> Iterator[str]:
    if policy.site is not None and any(not glob.strip("*") for glob in policy.site.allowed):
        yield "site.allowed: it can never fail, since it allows every file"
    least = policy.assurance.least if policy.assurance is not None else None
    if policy.site is not None and policy.site.allowed and least in _AT_LEAST["locked"]:
        yield f"site.allowed: it allows nothing, since with assurance.least = {least} no such file may be there"
    if policy.build is not None and policy.build.min_slsa_level == 0:
        yield "build.min-slsa-level: it demands hardly anything, since any signed provenance has level 0"
    if policy.build is not None and any(not glob.strip("*") for glob in policy.build.artifacts):
        yield "build.artifacts: it means every artifact, those of libraries too"


def _unreachable(policy: GatePolicy) -> Iterator[str]:
    required = policy.required
    if required is not None and "build-link" in required.proven_axes:
        yield (
            "required.proven-axes: no evidence bundle proves build-link, since assurance is the sealer's word; "
            "[assurance] holds it to a minimum"
        )

    if required is not None and "conformance" in required.proven_axes and required.tier is not Tier.FULL:
        yield (
            "required.proven-axes: calls leave conformance asserted where their arguments are not disclosed, "
            "as at tier receipts"
        )


def _covered(exceptions: Sequence[ExceptionTable]) -> Iterator[str]:
    """Of two exceptions for the same check, the first that covers something counts."""
    whole: dict[str, int] = {}
    for number, each in enumerate(exceptions, 1):
        for check in each.checks:
            if check in whole:
                yield f"exceptions, number {number}: of {check} it excuses nothing that number {whole[check]} leaves"
            elif each.reference is None and not each.paths:
                whole[check] = number


def _of_exception(policy: GatePolicy, exception: ExceptionTable, at: int) -> Iterator[str]:
    left = ends_at(exception) - at
    if 0 < left <= SOON_DAYS * _DAY:
        yield f"it expires within {SOON_DAYS} days, on {exception.expires.isoformat()}"
    for check in exception.checks:
        if check != MATCHED and not RULES[check].asked(policy):
            yield f"it excuses nothing, since the policy does not ask for {check}"
    required = policy.required
    if MATCHED in exception.checks and required is not None and "conformance" in required.proven_axes:
        yield f"it is of no use, since an excused {MATCHED} is asserted, and conformance has to be proven"


def _name(field: str) -> str:
    return field.replace("_", "-")
