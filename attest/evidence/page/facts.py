"""What the page is told beside the evidence: the verdict, the keys to check signatures with, where it all came from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from attest.codec import instant
from attest.codec.octets import to_base64
from attest.evidence.page.pieces import Kept
from attest.evidence.reports.trouble import remedy_of
from attest.evidence.verdict import Verdict
from attest.evidence.verify.checks import CHECKS, explanation_of
from attest.evidence.verify.sheet import NOT_REACHED
from attest.signing.keyring import KeyRing
from attest.trust.role import Role
from attest.trust.trust import Trust
from attest.version import VERSION

_ROLES: Final = (Role.SEALER, Role.WRITER)
"""Who signs what stands in an evidence bundle; build evidence is not checked in a browser."""


class PageKey(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A public key of the trust file, as its SubjectPublicKeyInfo in base64."""

    role: Role
    keyid: str
    algorithm: str
    spki: str


class PageCheck(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What one check means, what to do when it fails, and where more is said."""

    meaning: str
    remedy: str
    address: str


class PageContent(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A file in pieces: how many, and what they come to unpacked."""

    pieces: int
    lines: int
    bytes: int
    sha256: str


class PageManifest(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A manifest that lay beside a reference; the browser holds it against the digest that the sealer signed."""

    content: PageContent


class PageFacts(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """All of it; the maker of a page says so, and nobody has to believe it."""

    file: str
    file_sha256: str
    """Of the file as it lies, packed or not."""
    content: PageContent
    made_at: str
    maker: str
    verdict: Verdict | None
    """None: there was no trust file to judge by."""
    keys: tuple[PageKey, ...]
    thresholds: dict[str, int]
    checks: dict[str, PageCheck]
    not_reached: str
    """The detail of each check that nobody got to."""
    command: tuple[str, ...]
    """How to verify one's own copy, word by word."""
    manifests: tuple[PageManifest, ...]


def facts_of(
    *,
    file: str,
    file_sha256: str,
    kept: Kept,
    at: int,
    verdict: Verdict | None,
    trust: Trust | None,
    command: Iterable[str],
    manifests: Iterable[Kept],
) -> PageFacts:
    """Put together what the page is told; `at` is when it is made, in milliseconds since 1970."""
    rings = [] if trust is None else [trust.ring(role, at) for role in _ROLES]
    return PageFacts(
        file=file,
        file_sha256=file_sha256,
        content=_content(kept),
        made_at=instant.text(at),
        maker=f"mcp-attest {VERSION}",
        verdict=verdict,
        keys=tuple(_keys(rings)),
        thresholds={ring.role: ring.threshold for ring in rings},
        checks=_checks(verdict),
        not_reached=NOT_REACHED,
        command=tuple(command),
        manifests=tuple(PageManifest(content=_content(each)) for each in manifests),
    )


def _content(kept: Kept) -> PageContent:
    return PageContent(pieces=len(kept.pieces), lines=kept.lines, bytes=kept.bytes, sha256=kept.sha256)


def _keys(rings: Iterable[KeyRing]) -> Iterator[PageKey]:
    for ring in rings:
        for key in ring.keys:
            yield PageKey(role=Role(ring.role), keyid=key.keyid, algorithm=key.algorithm.name, spki=to_base64(key.spki))


def _checks(verdict: Verdict | None) -> dict[str, PageCheck]:
    """Return the rows of the checks that the verdict tells of; without one, of all that there are."""
    remedies = {row.id: row.remedy for row in CHECKS.values()}
    told = remedies if verdict is None else {each.id: remedy_of(each) for each in verdict.checks}
    return {
        row.id: PageCheck(meaning=row.meaning, remedy=told[row.id], address=explanation_of(row.id))
        for row in CHECKS.values()
        if row.id in told
    }
