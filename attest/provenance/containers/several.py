"""Files that hold several attestations: npm's, PyPI's, and JSON Lines; cut into the exact bytes of each.

Such a file is not signed as a whole: anybody can take an attestation out or put one in, and order means nothing. So
every one is judged by itself, and what only a whole npm or PyPI file can show is checked over all of them.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec

from attest.codec import strict
from attest.errors import MalformedError, UntrustedError
from attest.provenance.containers.shape import Shape, shape_of
from attest.provenance.model import VerifiedEvidence
from attest.provenance.npm import check_npm
from attest.statement.digests import DigestSet

MAX_ATTESTATIONS: Final = 256
SUBJECT: Final = "build-link.subject"


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """One attestation of a file: its place, its exact bytes, and what the file around it says that it is."""

    where: str
    octets: bytes
    predicate_type: str | None = None


class Members(msgspec.Struct, frozen=True, kw_only=True):
    """All attestations of a file, and how many of its lines are none."""

    members: tuple[Member, ...]
    ignored: int = 0


class _NpmAttestation(msgspec.Struct, frozen=True, rename="camel"):
    predicate_type: str
    bundle: msgspec.Raw


class _NpmFile(msgspec.Struct, frozen=True):
    attestations: Annotated[tuple[_NpmAttestation, ...], msgspec.Meta(min_length=1, max_length=MAX_ATTESTATIONS)]


class _Publisher(msgspec.Struct, frozen=True):
    attestations: Annotated[tuple[msgspec.Raw, ...], msgspec.Meta(max_length=MAX_ATTESTATIONS)]
    publisher: Any = None
    """Unsigned: whoever serves the file says so."""


class _PypiFile(msgspec.Struct, frozen=True):
    attestation_bundles: Annotated[tuple[_Publisher, ...], msgspec.Meta(min_length=1, max_length=MAX_ATTESTATIONS)]


def members_of(octets: bytes, shape: Shape, *, where: str) -> Members:
    """Cut a file into its attestations; raise `MalformedError` for its form, or if it holds none."""
    if shape is Shape.JSON_LINES:
        return _lines(octets, where)
    # Duplicate keys and depth are the strict parser's to find; the other one keeps the exact bytes of each member.
    strict.parse(octets, where=where)
    if shape is Shape.NPM_ATTESTATIONS:
        npm = strict.read_any_form(octets, _NpmFile, where=where).attestations  # type: ignore[type-var]  # not ours
        return Members(
            members=tuple(
                Member(where=_place(number), octets=bytes(each.bundle), predicate_type=each.predicate_type)
                for number, each in enumerate(npm)
            )
        )
    if shape is Shape.PYPI_PROVENANCE:
        pypi = strict.read_any_form(octets, _PypiFile, where=where)  # type: ignore[type-var]  # not ours
        raw = [each for publisher in pypi.attestation_bundles for each in publisher.attestations]
        if not raw:
            raise MalformedError(where, "at least one attestation", "none")
        members = tuple(Member(where=_place(number), octets=bytes(each)) for number, each in enumerate(raw))
        return Members(members=members)
    return Members(members=(Member(where=where, octets=octets),))


def check_together(shape: Shape, found: tuple[VerifiedEvidence, ...], *, where: str) -> None:
    """Check what only the whole file can show; raise `UntrustedError`.

    All attestations of an npm or PyPI file are about one archive. Of an npm file see `attest.provenance.npm`.
    """
    if shape is Shape.NPM_ATTESTATIONS:
        check_npm(found, where=where)
    if shape in {Shape.NPM_ATTESTATIONS, Shape.PYPI_PROVENANCE}:
        _check_one_archive([_only(each, where) for each in found], where)


def _only(found: VerifiedEvidence, where: str) -> DigestSet:
    if len(found.subjects) != 1:
        raise UntrustedError(f"{where}: subject", "one archive", f"{len(found.subjects)}", check=SUBJECT)
    return found.subjects[0].digest


def _check_one_archive(digests: list[DigestSet], where: str) -> None:
    for digest in digests[1:]:
        if not digest.matches(digests[0]):
            expected, other = (
                ", ".join(f"{name}:{value}" for name, value in each.items()) for each in (digests[0], digest)
            )
            raise UntrustedError(f"{where}: subject", f"one archive, {expected}", other, check=SUBJECT)


def _lines(octets: bytes, where: str) -> Members:
    lines = [line for line in octets.splitlines() if line.strip()]
    known = [line for line in lines if shape_of(line) in {Shape.DSSE, Shape.SIGSTORE_BUNDLE, Shape.PYPI_ATTESTATION}]
    if not known:
        raise MalformedError(where, "at least one attestation", "none")
    if len(known) > MAX_ATTESTATIONS:
        raise MalformedError(where, f"at most {MAX_ATTESTATIONS} attestations", f"{len(known)}")
    members = tuple(Member(where=_place(number), octets=line) for number, line in enumerate(known))
    return Members(members=members, ignored=len(lines) - len(known))


def _place(number: int) -> str:
    return f"attestations[{number}]"
