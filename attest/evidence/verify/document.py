"""Judge a file that is one document: a RuntimeReference, a receipt, build evidence; anything else fails."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from attest.codec.octets import from_base64
from attest.errors import MalformedError, UntrustedError
from attest.evidence.verdict import Kind
from attest.evidence.verify.build_evidence import judge_build_evidence
from attest.evidence.verify.checks import applicable
from attest.evidence.verify.gathered import Gathered, Judged
from attest.evidence.verify.mistaken import seems
from attest.evidence.verify.one_proof import judge_proof
from attest.evidence.verify.one_receipt import judge_receipt
from attest.evidence.verify.one_reference import judge_reference
from attest.evidence.verify.question import Question
from attest.evidence.verify.result import Seen, judge_asked, make_verdict
from attest.evidence.verify.sheet import Sheet
from attest.evidence.verify.told import TYPE_OF
from attest.provenance.containers.shape import Shape, shape_of
from attest.signing.dsse import read_foreign_envelope
from attest.statement.predicates.runtime_reference import PREDICATE_TYPE
from attest.statement.statement import predicate_type_in
from attest.tlog.proof import PROOF_HEADER

_HERE = "file"


def kind_of(octets: bytes) -> Kind:
    """Return what a document claims to be; nothing is verified by that.

    A reference may have its parents in the lines behind it.
    """
    if _is_proof(octets):
        return Kind.RECEIPT
    first, _, more = octets.partition(b"\n")
    claimed = _claimed_type(first) or _claimed_type(octets)
    if claimed == PREDICATE_TYPE:
        return Kind.RUNTIME_REFERENCE
    if claimed in TYPE_OF.values() and not more:
        return Kind.RECEIPT
    shape = shape_of(octets)
    return Kind.UNKNOWN if shape is None else _KINDS[shape]


def _claimed_type(octets: bytes) -> str:
    """Return the type of an envelope's statement, in whatever spelling: the judge of ours refuses any but their own."""
    try:
        payload = from_base64(read_foreign_envelope(octets, where=_HERE).payload, where=_HERE)
        return predicate_type_in(payload, where=_HERE)
    except MalformedError:
        return ""


def verify_document(octets: bytes, question: Question, file: str) -> Judged:
    """Judge one document as the kind that it claims to be."""
    kind = kind_of(octets)
    sheet = Sheet(applicable(kind, None, question))
    judge_asked(kind, question, sheet)
    seen = Seen()
    try:
        seen = _JUDGES[kind](octets, question, sheet)
    except (MalformedError, UntrustedError) as error:
        sheet.fail_with(error.check or "integrity.grammar", error)
    return Judged(verdict=make_verdict(file, kind, question, sheet, seen), gathered=seen.gathered)


def verify_unreadable(error: MalformedError, question: Question, file: str) -> Judged:
    """Return the verdict over a file that could not even be unpacked or split into lines."""
    sheet = Sheet(applicable(Kind.UNKNOWN, None, question))
    judge_asked(Kind.UNKNOWN, question, sheet)
    sheet.fail_with("integrity.grammar", error)
    return Judged(verdict=make_verdict(file, Kind.UNKNOWN, question, sheet, Seen()), gathered=Gathered())


def _is_proof(octets: bytes) -> bool:
    return octets.startswith(f"{PROOF_HEADER}\n".encode())


def _judge_receipt(octets: bytes, question: Question, sheet: Sheet) -> Seen:
    """Judge a receipt by itself, or with the proof of its place in the log."""
    return (judge_proof if _is_proof(octets) else judge_receipt)(octets, question, sheet)


def _judge_unknown(octets: bytes, _question: Question, sheet: Sheet) -> Seen:
    sheet.fail(
        "integrity.grammar",
        "a file of unknown kind",
        expected="an evidence bundle, a RuntimeReference, a receipt, or build evidence",
        found=seems(octets),
    )
    return Seen()


_KINDS: Final = {
    Shape.DSSE: Kind.DSSE,
    Shape.SIGSTORE_BUNDLE: Kind.SIGSTORE_BUNDLE,
    Shape.JSON_LINES: Kind.IN_TOTO_JSONL,
    Shape.LAYOUT: Kind.IN_TOTO_LAYOUT,
    Shape.NPM_ATTESTATIONS: Kind.NPM_ATTESTATIONS,
    Shape.PYPI_ATTESTATION: Kind.PYPI_ATTESTATIONS,
    Shape.PYPI_PROVENANCE: Kind.PYPI_ATTESTATIONS,
}

_JUDGES: Final[dict[Kind, Callable[[bytes, Question, Sheet], Seen]]] = {
    Kind.UNKNOWN: _judge_unknown,
    Kind.RUNTIME_REFERENCE: judge_reference,
    Kind.RECEIPT: _judge_receipt,
    **dict.fromkeys(_KINDS.values(), judge_build_evidence),
}
