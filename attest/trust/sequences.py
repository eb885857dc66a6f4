"""Anti-rollback: of references of one server name a newer one replaces an older one, save in an overlap that ends."""

from __future__ import annotations

from collections.abc import Mapping

from attest.codec import instant
from attest.errors import RefusedError
from attest.statement.predicates.runtime_reference import RuntimeReference
from attest.trust.revocations import Void


def check_sequence(
    reference: RuntimeReference, highest: Mapping[str, int], at: int, *, void: Void | None, where: str
) -> None:
    """Refuse a reference with a lower sequence than the `highest` that is known of its server, as of `at` (ms).

    In an overlap both are good: while a time is set from which on the older one is not, by its own notAfter or by a
    revocation that is yet to take effect.
    """
    name, found = reference.server.name, reference.validity.sequence
    known = highest.get(name, found)
    not_after = reference.validity.not_after
    overlaps = (not_after is not None and at <= instant.parse(not_after)) or (void is not None and at < void.since)
    if found < known and not overlaps:
        raise RefusedError(
            where,
            f"sequence {known} or higher of {name}, or an older one that is still in an overlap",
            f"{found}",
            hint="use the newest reference; for an overlap give the revocation of the older one: --revocations",
        )
