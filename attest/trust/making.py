"""Make a trust file from keys, and write it so that people can read and edit it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from attest.codec import instant, strict
from attest.codec.octets import to_base64
from attest.errors import MalformedError
from attest.signing.keys import PublicKey
from attest.trust.document import (
    TRUST_SCHEMA,
    WRITER_KEY_SECONDS,
    Minima,
    SealRules,
    SigstoreRoot,
    Thresholds,
    TrustedAuthority,
    TrustedBuilder,
    TrustedIdentity,
    TrustedKey,
    TrustedVerifier,
    TrustFile,
)
from attest.trust.identity import split_identity
from attest.trust.trust import parse_trust

DEFAULT_LEVEL: Final = 1
"""The SLSA Build level that a builder is believed when nobody says more (SLSA v1, "Verifying artifacts", step 1)."""

_LEVEL = re.compile(r"(?P<rest>.*)@(?P<level>[0-9]+)", re.DOTALL)
_LEVELS: Final = ("0", "1", "2", "3")


@dataclass(frozen=True, kw_only=True)
class BuilderKey:
    """A key of a builder, and up to which SLSA Build level the builder is believed."""

    id: str
    key: PublicKey
    max_level: int = DEFAULT_LEVEL


@dataclass(frozen=True, kw_only=True)
class BuilderIdentity:
    """The certificate identity of a builder, which is its id too, and up to which level the builder is believed."""

    identity: str
    issuer: str
    max_level: int = DEFAULT_LEVEL

    @property
    def id(self) -> str:
        """The builder's id."""
        return self.identity


@dataclass(frozen=True, kw_only=True)
class VerifierKey:
    """A key that signs verdicts, and the `verifier.id` that it speaks for."""

    key: PublicKey
    id: str | None = None


def make_trust(  # noqa: PLR0913  (a trust file has that many parts, each with a name of its own)
    *,
    sealers: Sequence[PublicKey] = (),
    writers: Sequence[PublicKey] = (),
    writer_identities: Sequence[TrustedIdentity] = (),
    writer_key_seconds: int = WRITER_KEY_SECONDS,
    builders: Sequence[BuilderKey | BuilderIdentity] = (),
    verifiers: Sequence[PublicKey | VerifierKey] = (),
    witnesses: Sequence[PublicKey] = (),
    timestamp_authorities: Sequence[TrustedAuthority] = (),
    sources: Sequence[str] = (),
    minima: Minima | None = None,
    seal_rules: SealRules | None = None,
    expires: int | None = None,
    sigstore: SigstoreRoot | None = None,
    strict_statement: bool = False,
    thresholds: Thresholds | None = None,
) -> TrustFile:
    """Put a trust file together (version 1); `sources` apply to every builder, `expires` is in milliseconds since 1970.

    Several keys and identities of one builder id become one builder. Raises `MalformedError` for what `parse_trust`
    would refuse, a key in two roles above all, and for a builder with two levels.
    """
    document = TrustFile(
        schema=TRUST_SCHEMA,
        version=1,
        expires=None if expires is None else instant.text(expires),
        sealers=tuple(_row(key) for key in sealers),
        writers=tuple(_row(key) for key in writers),
        writer_identities=tuple(writer_identities),
        writer_key_seconds=writer_key_seconds,
        builders=_builders(builders, tuple(dict.fromkeys(sources))),
        verifiers=tuple(_verifier(key) for key in verifiers),
        witnesses=tuple(_row(key) for key in witnesses),
        timestamp_authorities=tuple(timestamp_authorities),
        minima=Minima() if minima is None else minima,
        seal_rules=SealRules() if seal_rules is None else seal_rules,
        sigstore=sigstore,
        strict_statement=strict_statement,
        thresholds=Thresholds() if thresholds is None else thresholds,
    )
    parse_trust(write_trust(document), where="trust file")
    return document


def write_trust(trust_file: TrustFile) -> bytes:
    """Return a trust file as indented JSON, fields in the order of the record, ending in a line feed."""
    try:
        return msgspec.json.format(msgspec.json.encode(trust_file), indent=2) + b"\n"
    except UnicodeEncodeError as error:
        raise MalformedError("trust file", "text without lone surrogates", "one") from error


def parse_builder_argument(text: str) -> tuple[str, Path, int]:
    """Split `ID=PUB[@LEVEL]` from the right into (builder id, key file, level); CLI.md.

    LEVEL is `@0` to `@3` and 1 if left out; PUB follows the last `=`, so that an id may hold both signs.
    """
    rest, level = _split_level(text)
    name, sign, file = rest.rpartition("=")
    if not sign or not name or not file:
        raise MalformedError("builder", "ID=PUB or ID=PUB@LEVEL", repr(text[:120]))
    return name, Path(file), level


def parse_builder_identity_argument(text: str) -> BuilderIdentity:
    """Split `ID@ISSUER[@LEVEL]` from the right; ISSUER starts at the last `@https://` (CLI.md)."""
    rest, level = _split_level(text)
    identity, issuer = split_identity(rest)
    return BuilderIdentity(identity=identity, issuer=issuer, max_level=level)


def parse_identity_argument(text: str) -> TrustedIdentity:
    """Split `ID@ISSUER` from the right (CLI.md)."""
    identity, issuer = split_identity(text)
    return TrustedIdentity(identity=identity, issuer=issuer)


def parse_verifier_argument(text: str) -> tuple[str | None, Path]:
    """Split `[ID=]PUB` from the right into (verifier id, key file)."""
    name, _, file = text.rpartition("=")
    return (name or None), Path(file)


def read_root(octets: bytes, *, at: int, max_age_seconds: int | None = None, where: str) -> SigstoreRoot:
    """Return a custom Sigstore instance, given the bytes of its `trusted_root.json`, as of `at` (ms since 1970).

    Only that it is an object is checked here; whoever verifies with it reads what is in it.
    """
    root = strict.parse(octets, where=where)
    if not isinstance(root, dict):
        raise MalformedError(where, "a trusted_root.json, an object", type(root).__name__)
    return SigstoreRoot(name="custom", trusted_root=root, updated_at=instant.text(at), max_age_seconds=max_age_seconds)


def authority_of(pem: bytes, *, where: str) -> TrustedAuthority:
    """Return the time stamping authority whose certificates a PEM file holds, under its root's name."""
    from attest.signing.authorities import name_of, read_authority

    certificates = read_authority(pem, where=where)
    return TrustedAuthority(
        name=name_of(certificates[-1]), certificates=tuple(to_base64(each.der) for each in certificates)
    )


def _split_level(text: str) -> tuple[str, int]:
    match = _LEVEL.fullmatch(text)
    if match is None:
        return text, DEFAULT_LEVEL
    if match["level"] not in _LEVELS:
        raise MalformedError("builder", "a level @0 to @3", f"@{match['level'][:20]}")
    return match["rest"], int(match["level"])


def _row(key: PublicKey) -> TrustedKey:
    return TrustedKey(keyid=key.keyid, algorithm=key.algorithm.name, public_key=to_base64(key.spki))


def _verifier(given: PublicKey | VerifierKey) -> TrustedVerifier:
    key, name = (given.key, given.id) if isinstance(given, VerifierKey) else (given, None)
    return TrustedVerifier(keyid=key.keyid, algorithm=key.algorithm.name, public_key=to_base64(key.spki), id=name)


def _builders(given: Sequence[BuilderKey | BuilderIdentity], sources: tuple[str, ...]) -> tuple[TrustedBuilder, ...]:
    levels: dict[str, int] = {}
    keys: dict[str, list[TrustedKey]] = {}
    identities: dict[str, list[TrustedIdentity]] = {}
    for builder in given:
        if levels.setdefault(builder.id, builder.max_level) != builder.max_level:
            found = f"{levels[builder.id]} and {builder.max_level}"
            raise MalformedError(f"builder {builder.id}", "one level", found)
        if isinstance(builder, BuilderKey):
            keys.setdefault(builder.id, []).append(_row(builder.key))
        else:
            row = TrustedIdentity(identity=builder.identity, issuer=builder.issuer)
            identities.setdefault(builder.id, []).append(row)
    return tuple(
        TrustedBuilder(
            id=name,
            keys=tuple(keys.get(name, ())),
            identities=tuple(identities.get(name, ())),
            max_level=level,
            sources=sources,
        )
        for name, level in levels.items()
    )
