"""A reference with tool rules, and sub-mandates of it: good ones, and ones that somebody made wider by hand."""

from __future__ import annotations

from typing import Any, Final

from attest.codec.octets import sha256_hex
from attest.signing.keys import PrivateKey
from attest.statement.predicates.runtime_reference import RuntimeReference
from attest.statement.tools.rules import Order, SequenceRule
from attest.trust.narrowing import narrow
from attest.trust.references import OpenedReference, open_reference, open_with_parents
from attest.trust.trust import Trust
from tests.documents import after
from tests.evidence_story import REFERENCE, change, seal
from tests.tool_rules import rules, tool
from tests.world import NOW, SEALER, SECOND_SEALER, make_trust_file, trust_of

SEQUENCES: Final = (
    SequenceRule(id="log-in", order=Order.REQUIRED, first=("login", "token"), then=("write",)),
    SequenceRule(id="no-leak", order=Order.FORBIDDEN, first=("read",), then=("list", "send")),
)
TOOLS: Final = ("list", "login", "read", "send", "token", "write")
END: Final = after(86_400)

PARENT: Final[RuntimeReference] = change(
    REFERENCE,
    tools=rules(*map(tool, TOOLS), sequences=SEQUENCES),
    derivers=(SECOND_SEALER.keyid,),
    validity__not_after=END,
)
"""Six tools until tomorrow; `SEALER` seals it, and `SECOND_SEALER` may derive from it."""

PARENT_DIGEST, PARENT_ENVELOPE = seal(PARENT)
MANDATES: Final = trust_of(make_trust_file(sealers=(SEALER, SECOND_SEALER)))
"""Trusts both."""


def narrowed(parent: RuntimeReference, digest: str, *tools: str, until: str | None = None) -> RuntimeReference:
    """Return a sub-mandate for these tools."""
    return narrow(parent, digest, tools=tools, not_after=until, sealed_at=after(0))


CHILD: Final = narrowed(PARENT, PARENT_DIGEST, "list", "read", until=after(3600))
"""Two of the tools for an hour."""


def opened(child: RuntimeReference, *keys: PrivateKey, trust: Trust = MANDATES, at: int = NOW) -> OpenedReference:
    """Open a sub-mandate of `PARENT` that this key signed."""
    parent = open_reference(PARENT_ENVELOPE, trust, at=at, where="parent")
    (key,) = keys or (SECOND_SEALER,)
    return open_reference(seal(child, key)[1], trust, at=at, where="child", parent=parent)


def lineage(depth: int, **changes: Any) -> list[bytes]:
    """Return the envelopes of a sub-mandate with so many parents, itself first."""
    reference, envelopes = change(PARENT, **changes), list[bytes]()
    digest, envelope = seal(reference)
    for _ in range(depth):
        envelopes.insert(0, envelope)
        reference = narrowed(reference, digest, "list", "read")
        digest, envelope = seal(reference, SECOND_SEALER)
    return [envelope, *envelopes]


def open_lineage(envelopes: list[bytes], trust: Trust = MANDATES) -> OpenedReference:
    """Open the first of envelopes, the others being its parents."""
    return open_with_parents(envelopes[0], envelopes[1:], trust, at=NOW, where="child")


GOOD: Final = b"%b\n%b\n" % (seal(CHILD, SECOND_SEALER)[1], PARENT_ENVELOPE)
"""The sub-mandate with its parent behind it."""

OTHER_DIGEST: Final = sha256_hex(b"another reference")
