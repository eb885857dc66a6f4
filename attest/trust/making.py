"""Make a trust file from keys, and write it so that people can read and edit it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from attest.codec import instant
from attest.codec.octets import to_base64
from attest.errors import MalformedError
from attest.signing.keys import PublicKey
from attest.trust.document import TRUST_SCHEMA, Minima, SealRules, TrustedBuilder, TrustedKey, TrustFile
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


def make_trust(  # noqa: PLR0913  (a trust file has that many parts, each with a name of its own)
    *,
    sealers: Sequence[PublicKey] = (),
    writers: Sequence[PublicKey] = (),
    builders: Sequence[BuilderKey] = (),
    verifiers: Sequence[PublicKey] = (),
    witnesses: Sequence[PublicKey] = (),
    sources: Sequence[str] = (),
    minima: Minima | None = None,
    seal_rules: SealRules | None = None,
    expires: int | None = None,
) -> TrustFile:
    """Put a trust file together (version 1); `sources` apply to every builder, `expires` is in milliseconds since 1970.

    Several keys of one builder id become one builder. Raises `MalformedError` for what `parse_trust` would refuse, a
    key in two roles above all, and for a builder with two levels.
    """
    document = TrustFile(
        schema=TRUST_SCHEMA,
        version=1,
        expires=None if expires is None else instant.text(expires),
        sealers=tuple(_row(key) for key in sealers),
        writers=tuple(_row(key) for key in writers),
        builders=_builders(builders, tuple(dict.fromkeys(sources))),
        verifiers=tuple(_row(key) for key in verifiers),
        witnesses=tuple(_row(key) for key in witnesses),
        minima=Minima() if minima is None else minima,
        seal_rules=SealRules() if seal_rules is None else seal_rules,
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
    match = _LEVEL.fullmatch(text)
    if match is not None and match["level"] not in _LEVELS:
        raise MalformedError("builder", "a level @0 to @3", f"@{match['level'][:20]}")
    rest, level = (match["rest"], int(match["level"])) if match is not None else (text, DEFAULT_LEVEL)
    name, sign, file = rest.rpartition("=")
    if not sign or not name or not file:
        raise MalformedError("builder", "ID=PUB or ID=PUB@LEVEL", repr(text[:120]))
    return name, Path(file), level


def _row(key: PublicKey) -> TrustedKey:
    return TrustedKey(keyid=key.keyid, algorithm=key.algorithm.name, public_key=to_base64(key.spki))


def _builders(given: Sequence[BuilderKey], sources: tuple[str, ...]) -> tuple[TrustedBuilder, ...]:
    levels: dict[str, int] = {}
    keys: dict[str, list[TrustedKey]] = {}
    for builder in given:
        if levels.setdefault(builder.id, builder.max_level) != builder.max_level:
            found = f"{levels[builder.id]} and {builder.max_level}"
            raise MalformedError(f"builder {builder.id}", "one level", found)
        keys.setdefault(builder.id, []).append(_row(builder.key))
    return tuple(
        TrustedBuilder(id=name, keys=tuple(keys[name]), max_level=level, sources=sources)
        for name, level in levels.items()
    )
