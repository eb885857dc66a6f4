"""The parents of a sub-mandate as a side file: their envelopes, one a line, the nearest first.

It stands beside the reference (`REF.parents.jsonl`) and travels with it, as nobody takes a sub-mandate by itself. Who
signed what, and whether the one is narrower than the other, `attest.trust.references` judges.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from attest.codec.files import read_file
from attest.codec.strict import MAX_DOCUMENT_BYTES
from attest.errors import MalformedError, UnavailableError
from attest.signing.dsse import Envelope, payload_of, read_envelope
from attest.statement.companions import parents_path
from attest.statement.predicates.runtime_reference import PREDICATE_TYPE

MAX_PARENTS: Final = 16
"""Lines that are read at all; how many a sub-mandate may have is a matter of trust, and fewer."""


class _Naming(msgspec.Struct, frozen=True):
    parent: str | None = None


class _NamingStatement(msgspec.Struct, frozen=True, rename="camel"):
    predicate_type: str = ""
    predicate: _Naming = _Naming()


def claimed_parent(envelope: Envelope, *, where: str) -> str | None:
    """Return the digest of the parent that a reference names, None without one; WITHOUT checking who signed it."""
    try:
        said = msgspec.json.decode(payload_of(envelope, where=where), type=_NamingStatement)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedError(where, "a RuntimeReference", "something else") from error
    return said.predicate.parent if said.predicate_type == PREDICATE_TYPE else None


def read_parents(path: Path, octets: bytes) -> tuple[bytes, ...]:
    """Return the envelopes beside the reference at `path`, whose bytes are `octets`; none if it names no parent.

    Raises `UnavailableError` if it does and they do not lie there, `MalformedError` for their form.
    """
    if claimed_parent(read_envelope(octets, where=str(path)), where=str(path)) is None:
        return ()
    beside = parents_path(path)
    try:
        lines = read_file(beside, max_bytes=MAX_PARENTS * MAX_DOCUMENT_BYTES).splitlines(keepends=True)
    except UnavailableError as error:
        hint = "a sub-mandate is never used without its parents: move its .parents.jsonl along with it"
        raise UnavailableError(error.where, f"the parents of {path.name}", error.found, hint=hint) from error
    return split_parents(lines, where=str(beside))


def split_parents(lines: list[bytes], *, where: str) -> tuple[bytes, ...]:
    """Return the envelopes in lines; raise `MalformedError` for too many, or one without a line feed."""
    if len(lines) > MAX_PARENTS:
        raise MalformedError(where, f"at most {MAX_PARENTS} parents", f"{len(lines)}")
    if any(not line.endswith(b"\n") for line in lines):
        raise MalformedError(where, "lines that end in a line feed", "one that does not")
    return tuple(line.removesuffix(b"\n") for line in lines)
