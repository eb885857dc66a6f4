"""What npm says about a package version: the registry's publish attestation, and the build's provenance beside it.

The publish attestation is signed with the registry's own key and names package and version in its predicate; both name
them in their subjects, as package URLs. Whoever reads only some of these can be handed the attestations of another
package.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import unquote

import msgspec

from attest.codec import strict
from attest.codec.records import Line
from attest.errors import UntrustedError
from attest.provenance.model import Component, VerifiedEvidence

PUBLISH: Final = "https://github.com/npm/attestation/tree/main/specs/publish/v0.1"
SUBJECT: Final = "build-link.subject"

_PURL: Final = r"pkg:npm/(?P<name>(?:%40|@)?[^@]+)@(?P<version>[^@?#]+)"


class _Publish(msgspec.Struct, frozen=True):
    name: Line
    version: Line
    registry: Line | None = None


def read_publish(predicate: object, *, where: str) -> tuple[str, str]:
    """Return (name, version) of a publish predicate; raise `MalformedError`."""
    said = strict.convert(predicate, _Publish, where=where)
    return said.name, said.version


def check_publish(evidence: VerifiedEvidence, named: tuple[str, str], where: str) -> None:
    """Check that the subjects of a publish attestation are the package version that its predicate names."""
    _check_one(package_of(evidence, where), named, where)


def check_npm(found: Iterable[VerifiedEvidence], *, where: str) -> None:
    """Check over all attestations of a file: each type once, and one package version in all subjects."""
    pieces = tuple(found)
    types = [piece.predicate_type for piece in pieces]
    if len(set(types)) != len(types):
        # Readers that take the first and readers that take the last would see two answers.
        twice = next(each for each in types if types.count(each) > 1)
        raise UntrustedError(where, "each predicate type once", f"{twice} twice", check="integrity.grammar")
    packages = [package_of(piece, where) for piece in pieces]
    for package in packages[1:]:
        _check_one(package, packages[0], where)


def package_of(evidence: VerifiedEvidence, where: str) -> tuple[str, str]:
    """Return (name, version) as the one package URL of the subjects says."""
    names = [subject.name for subject in evidence.subjects]
    match = re.fullmatch(_PURL, names[0] or "") if len(names) == 1 else None
    if match is None:
        found = ", ".join(ascii(name) for name in names)[:200]
        raise UntrustedError(f"{where}: subject", "one package URL, pkg:npm/NAME@VERSION", found, check=SUBJECT)
    return unquote(match["name"]), unquote(match["version"])


def published_component(named: tuple[str, str], evidence: VerifiedEvidence) -> Component:
    """Return the archive that the registry published, as a part that it names."""
    return Component(
        name=named[0],
        version=named[1],
        purl=evidence.subjects[0].name,
        archives=tuple(subject.digest for subject in evidence.subjects),
    )


def _check_one(found: tuple[str, str], expected: tuple[str, str], where: str) -> None:
    if found != expected:
        wanted, other = (f"{name}@{version}" for name, version in (expected, found))
        raise UntrustedError(f"{where}: subject", f"one package version, {wanted}", other, check=SUBJECT)
