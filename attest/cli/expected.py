"""What a caller expects evidence to be about: a file of his own, or a digest that he typed."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

import click

from attest.cli.home import REFERENCE
from attest.codec.files import read_file
from attest.errors import AttestError, MalformedError, UnavailableError
from attest.signing.dsse import read_envelope
from attest.statement.digests import ALGORITHMS, DigestSet, from_foreign
from attest.statement.statement import payload_digest, predicate_type_of

_HEXADECIMAL: Final = "0123456789abcdef"
_CHUNK_BYTES: Final = 1024 * 1024
_SHOWN: Final = 80
"""Characters of a type, which may be anything."""


def reference_digest(given: str) -> str:
    """Return the payload digest that `REF` or `sha256:HEX` names; whoever signed the file, it is the caller's own."""
    typed = _split(given)
    if typed is None:
        if given.startswith("sha256:"):
            raise click.UsageError(f"--reference: expected sha256: and 64 hexadecimal digits, found {given!r}")
        return _digest_of(REFERENCE.convert(given, None, None), given)
    digest = _typed(given, *typed)
    if digest.sha256 is None:
        raise click.UsageError(f"--reference: expected REF or sha256:HEX, found {given!r}")
    return digest.sha256


def reference_file(given: str) -> Path | None:
    """Return the file that `REF` names; None for a digest."""
    file: Path = REFERENCE.convert(given, None, None)
    return file if _split(given) is None else None


def _digest_of(file: Path, given: str) -> str:
    from attest.statement.predicates.runtime_reference import PREDICATE_TYPE

    envelope = read_envelope(read_file(file), where=given)
    claimed = predicate_type_of(envelope, where=given)
    if claimed != PREDICATE_TYPE:
        raise MalformedError(given, "a RuntimeReference", f"a statement of type {claimed[:_SHOWN]}")
    return payload_digest(envelope, where=given)


def artifact_digest(given: str) -> DigestSet:
    """Return the digest that `ALG:HEX` is, or the digests of a file."""
    typed = _split(given)
    return _digests_of(Path(given)) if typed is None else _typed(given, *typed)


def _split(given: str) -> tuple[str, str] | None:
    """Return algorithm and hexadecimal digits of what is a digest; None for the name of a file."""
    algorithm, _, digits = given.partition(":")
    return (algorithm, digits) if algorithm in ALGORITHMS and digits and not digits.strip(_HEXADECIMAL) else None


def _typed(given: str, algorithm: str, digits: str) -> DigestSet:
    try:
        digest = from_foreign({algorithm: digits}, where=given)
    except AttestError as error:
        raise click.UsageError(f"expected {algorithm}: and all of its digits, found {len(digits)}: {given}") from error
    if digest is None:
        raise click.UsageError(f"expected one of {', '.join(ALGORITHMS)}, found {given!r}")
    return digest


def _digests_of(path: Path) -> DigestSet:
    sha256, sha512 = hashlib.sha256(), hashlib.sha512()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                sha256.update(chunk)
                sha512.update(chunk)
    except OSError as error:
        raise UnavailableError(str(path), "a readable file", error.strerror or "an error") from error
    return DigestSet(sha256=sha256.hexdigest(), sha512=sha512.hexdigest())
