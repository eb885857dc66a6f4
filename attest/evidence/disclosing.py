"""Which commitments of a log its owner can open: an index over the disclosures that are kept beside it.

Values stay on disk until their line is written; what is held is where each lies.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple, final

import msgspec

from attest.codec import canonical, strict
from attest.codec.octets import from_base64
from attest.errors import MalformedError, UnavailableError
from attest.evidence.grammar import MAX_SECTION_LINE_BYTES, DisclosureLine
from attest.statement.tools.calls import Commitment, DenialStage
from attest.statement.tools.committing import opens
from attest.statement.tools.disclosures import FOLDER, Disclosure, segments


class _Place(NamedTuple):
    """Where a disclosure lies."""

    path: Path
    offset: int


class _Named(msgspec.Struct, frozen=True):
    sha256: str


class _Call(msgspec.Struct, frozen=True):
    arguments: Commitment | None = None


class _Outcome(msgspec.Struct, frozen=True):
    result: Commitment | None = None


class _Denial(msgspec.Struct, frozen=True):
    call: _Call
    stage: str
    result: Commitment | None = None


class _Predicate(msgspec.Struct, frozen=True):
    call: _Call = _Call()
    outcome: _Outcome | None = None
    denial: _Denial | None = None


class _Statement(msgspec.Struct, frozen=True):
    predicate: _Predicate


_NAMES: Final = msgspec.json.Decoder(_Named)
_STATEMENTS: Final = msgspec.json.Decoder(_Statement)


@final
class Kept:
    """What is kept beside one log."""

    def __init__(self, log: Path) -> None:
        """Look through the folder beside the log in `log`; raise `UnavailableError` if it cannot be read."""
        self._places: dict[bytes, _Place] = {}
        for path in segments(log / FOLDER):
            try:
                self._index(path)
            except OSError as error:
                raise UnavailableError(str(path), "a readable file", error.strerror or "an error") from error

    def holds(self, commitment: Commitment) -> bool:
        """Return whether a commitment can be opened."""
        return bytes.fromhex(commitment.sha256) in self._places

    def line(self, commitment: Commitment) -> bytes:
        """Return the line of a bundle that opens a commitment; raise `MalformedError` if what is kept does not."""
        place = self._places[bytes.fromhex(commitment.sha256)]
        where = f"{place.path.name} at {place.offset}"
        try:
            with place.path.open("rb") as file:
                file.seek(place.offset)
                octets = file.readline(MAX_SECTION_LINE_BYTES)
        except OSError as error:
            raise UnavailableError(str(place.path), "a readable file", error.strerror or "an error") from error
        kept = strict.read(octets.removesuffix(b"\n"), Disclosure, where=where, max_bytes=MAX_SECTION_LINE_BYTES)
        if not opens(commitment, bytes.fromhex(kept.salt), from_base64(kept.value, where=where)):
            raise MalformedError(where, f"what opens {commitment.sha256}", "another salt or value")
        return canonical.encode(DisclosureLine(salt=kept.salt, value=kept.value)) + b"\n"

    def _index(self, path: Path) -> None:
        offset = 0
        with path.open("rb") as file:
            for line in file:
                if line.endswith(b"\n"):
                    try:
                        self._places[bytes.fromhex(_NAMES.decode(line).sha256)] = _Place(path, offset)
                    except (msgspec.MsgspecError, ValueError) as error:
                        raise MalformedError(f"{path.name} at {offset}", "a disclosure", str(error)[:120]) from error
                offset += len(line)


def openable(payload: bytes, *, where: str) -> Commitment | None:
    """Return the commitment of a receipt that can be opened behind it; None if it has none."""
    try:
        said = _STATEMENTS.decode(payload).predicate
    except msgspec.MsgspecError as error:
        raise MalformedError(where, "a receipt", str(error)[:120]) from error
    if said.denial is not None:
        denial = said.denial
        return denial.result if denial.stage == DenialStage.RESULT else denial.call.arguments
    return said.call.arguments if said.outcome is None else said.outcome.result
