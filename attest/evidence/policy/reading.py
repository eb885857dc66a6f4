"""Reading `attest-policy.toml`, strictly: only known keys, and nothing that could not mean what it says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NoReturn

import msgspec

from attest.codec import strict
from attest.codec.octets import sha256_hex
from attest.codec.printable import printable
from attest.codec.toml import parse_toml
from attest.errors import MalformedError
from attest.evidence.grammar import Tier
from attest.evidence.policy.document import (
    MAX_POLICY_BYTES,
    AssuranceTable,
    BuildTable,
    CallsTable,
    ExceptionTable,
    GatePolicy,
    MeasuredTable,
    RequiredTable,
    SiteTable,
)
from attest.evidence.policy.excusing import check_exception

_TABLES: Final[dict[str, type[msgspec.Struct]]] = {
    "required": RequiredTable,
    "measured": MeasuredTable,
    "assurance": AssuranceTable,
    "runtime-assurance": AssuranceTable,
    "site": SiteTable,
    "build": BuildTable,
    "calls": CallsTable,
}
_EXCEPTIONS: Final = "exceptions"
_CONTENT: Final = ("measured", "assurance", "runtime_assurance", "site", "build", "calls")
"""What only receipts and references show."""


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """A gate policy that was read, and the SHA-256 of the very bytes."""

    document: GatePolicy
    sha256: str


def read_policy(octets: bytes, *, where: str) -> Policy:
    """Return what the bytes of a file demand; raise `MalformedError` with the place of what is not right.

    Whether its exceptions have expired is not looked at: that is for a verdict to say.
    """
    value = parse_toml(octets, where=where, max_bytes=MAX_POLICY_BYTES)
    _check_keys(value, GatePolicy, where)
    for name, table, kind in _tables(value):
        place = f"{where}: {name}"
        if isinstance(table, dict):
            _check_keys(table, kind, place)
        strict.convert(table, kind, where=place)
    document = strict.convert(value, GatePolicy, where=where)
    _check_tier(document, where)
    for number, exception in enumerate(document.exceptions, 1):
        check_exception(exception, where=f"{where}: exceptions, number {number}")
    return Policy(document=document, sha256=sha256_hex(octets))


def _tables(value: Mapping[str, Any]) -> Iterator[tuple[str, Any, type[msgspec.Struct]]]:
    """The tables, each alone: what is wrong in one is then said with its name."""
    for name, kind in _TABLES.items():
        if name in value:
            yield name, value[name], kind
    exceptions = value.get(_EXCEPTIONS)
    for number, table in enumerate(exceptions if isinstance(exceptions, list) else (), 1):
        yield f"{_EXCEPTIONS}, number {number}", table, ExceptionTable


def _check_keys(table: Mapping[str, Any], kind: type[msgspec.Struct], where: str) -> None:
    known = kind.__struct_encode_fields__
    for key in table:
        if key not in known:
            _refuse_key(key, known, where)


def _refuse_key(key: str, known: tuple[str, ...], where: str) -> NoReturn:
    import difflib  # only for whoever made a mistake

    close = difflib.get_close_matches(key.replace("_", "-").lower()[:64], known, n=1)
    hint = f"did you mean {close[0]}?" if close else None
    raise MalformedError(where, f"one of the keys {', '.join(known)}", printable(key, limit=64), hint=hint)


def _check_tier(document: GatePolicy, where: str) -> None:
    """Refuse a policy that is content with entries alone, and demands what they do not show."""
    if document.required is None or document.required.tier is not Tier.STRUCTURAL:
        return
    for name in _CONTENT:
        if getattr(document, name) is not None:
            demanded = name.replace("_", "-")
            raise MalformedError(
                f"{where}: required.tier", f"receipts or full, since [{demanded}] needs receipts", Tier.STRUCTURAL
            )
