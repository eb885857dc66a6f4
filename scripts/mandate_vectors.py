"""Vectors of a sub-mandate with its parents behind it, an envelope a line: whole, and wider than it was given."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from attest.signing.keys import PrivateKey
from attest.statement.predicates.runtime_reference import RuntimeReference
from attest.trust.narrowing import MAX_DEPTH
from scripts.vector import Vector, bad, good
from tests.documents import SUBJECTS, after
from tests.evidence_story import change, seal
from tests.mandates import CHILD, OTHER_DIGEST, PARENT, PARENT_DIGEST, PARENT_ENVELOPE, TOOLS, lineage, narrowed
from tests.world import SECOND_SEALER, STRANGER, WRITER

FORMAT: Final = "sub-mandate"

WIDER: Final[dict[str, dict[str, Any]]] = {
    "a-later-end": {"validity__not_after": after(90_000)},
    "an-earlier-beginning": {"validity__not_before": after(-7200)},
    "another-deriver": {"derivers": (STRANGER.keyid,)},
    "another-manifest": {"manifest__entries": 6},
    "another-parent": {"parent": OTHER_DIGEST},
    "another-writer": {"writers": (WRITER.keyid, STRANGER.keyid)},
    "audit-only": {"enforcement__audit_only": True},
    "no-end": {"validity__not_after": None},
    "no-order-of-tools": {"tools": change(narrowed(PARENT, PARENT_DIGEST, *TOOLS).tools, sequences=())},
    "no-time-to-live": {"validity__ttl_seconds": None},
    "no-tool-rules": {"tools": None},
}


def sub_mandates() -> Iterator[Vector]:
    """Yield lines of references."""
    child = _signed()
    yield from good("good", _lines(child, PARENT_ENVELOPE), FORMAT)
    yield from good("good-as-deep-as-may-be", _lines(*lineage(MAX_DEPTH)), FORMAT)
    yield from good("good-without-a-parent", _lines(PARENT_ENVELOPE), FORMAT)
    malformed = (
        ("cut-line-feed", _lines(child, PARENT_ENVELOPE)[:-1]),
        ("empty", b""),
        ("empty-line-between", _lines(child, b"", PARENT_ENVELOPE)),
        ("parent-of-none", _lines(PARENT_ENVELOPE, PARENT_ENVELOPE)),
        ("parent-that-is-no-envelope", _lines(child, b"{}")),
    )
    yield from bad(FORMAT, malformed)
    first, second, third = lineage(2)
    untrusted = (
        ("alone", _lines(child)),
        ("grandparent-missing", _lines(first, second)),
        ("link-left-out", _lines(first, third)),
        ("link-twice", _lines(first, second, second, third)),
        ("parents-in-another-order", _lines(first, third, second)),
        ("signed-by-no-sealer", _lines(_signed(key=STRANGER), PARENT_ENVELOPE)),
        ("subject-of-something-else", _lines(seal(CHILD, SECOND_SEALER, SUBJECTS[:1])[1], PARENT_ENVELOPE)),
        ("too-deep", _lines(*lineage(MAX_DEPTH + 1))),
        *(
            (f"wider-by-{name}", _lines(_signed(change(CHILD, **changes)), PARENT_ENVELOPE))
            for name, changes in WIDER.items()
        ),
    )
    yield from bad(FORMAT, untrusted, error="UntrustedError")


def _signed(child: RuntimeReference = CHILD, key: PrivateKey = SECOND_SEALER) -> bytes:
    return seal(child, key)[1]


def _lines(*envelopes: bytes) -> bytes:
    return b"".join(each + b"\n" for each in envelopes)
