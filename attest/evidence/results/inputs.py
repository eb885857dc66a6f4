"""What goes into a result beside the conclusion: who verified, by which policies, from which attestations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final
from urllib.parse import quote

import msgspec

from attest.codec.records import Line, Record
from attest.evidence.verdict import Verdict
from attest.statement.digests import DigestSet

VERIFIER_ID: Final = "https://mcp-attest.github.io/verifier/v0.1"
"""Who verified, unless the caller gives a URI of his own; a new one if the same evidence comes to something else."""

_TRUST_FILE: Final = "https://mcp-attest.github.io/policies/trust-file"
_GATE_POLICY: Final = "https://mcp-attest.github.io/policies/gate-policy"


class Resource(Record, kw_only=True):
    """in-toto's ResourceDescriptor, as far as results need one."""

    uri: Line
    digest: DigestSet


class Inputs(msgspec.Struct, frozen=True, kw_only=True):
    """Who verified what, by which policies, and when."""

    verifier_id: str
    resource_uri: str | None
    verified_at: str
    policies: tuple[Resource, ...]
    """The trust file, and what else had to be kept."""
    attestations: tuple[Resource, ...]
    """Every file, and the build evidence in it."""


def inputs_of(
    verdicts: Sequence[Verdict], digests: Mapping[str, str], *, verifier_id: str | None, resource_uri: str | None
) -> Inputs:
    """Gather them from the verdicts of a call; `digests` has the SHA-256 of each file by its name in the verdict."""
    files = {verdict.file: (_name(verdict.file), digests[verdict.file]) for verdict in verdicts}
    pieces = {
        each.digest: Resource(uri=f"{files[verdict.file][0]}#{quote(each.where)}", digest=DigestSet(sha256=each.digest))
        for verdict in verdicts
        for each in verdict.attestations
    }
    whole = [Resource(uri=name, digest=DigestSet(sha256=digest)) for name, digest in files.values()]
    pieces = {digest: piece for digest, piece in pieces.items() if digest not in set(digests.values())}
    return Inputs(
        verifier_id=verifier_id or VERIFIER_ID,
        resource_uri=resource_uri,
        verified_at=max(verdict.at for verdict in verdicts),
        policies=tuple(dict.fromkeys(_policies(verdicts))),
        attestations=(*whole, *pieces.values()),
    )


def _policies(verdicts: Sequence[Verdict]) -> Iterator[Resource]:
    """Yield the trust files, and after them the gate policies."""
    for verdict in verdicts:
        yield Resource(uri=_TRUST_FILE, digest=DigestSet(sha256=verdict.trust.sha256))
    for verdict in verdicts:
        if verdict.policy is not None:
            yield Resource(uri=_GATE_POLICY, digest=DigestSet(sha256=verdict.policy.sha256))


def _name(file: str) -> str:
    """Return the file's own name: where it lies on this machine is nobody's business."""
    return quote(file.rpartition("/")[2])
