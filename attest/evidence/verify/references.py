"""References and build evidence of a bundle: who signed them, which are expected, and what holds when judged again."""

from collections.abc import Collection, Iterable, Mapping
from typing import Final, final

import msgspec

from attest.codec import canonical, instant
from attest.codec.octets import from_base64, sha256_hex
from attest.errors import MalformedError, UntrustedError
from attest.evidence.grammar import (
    MAX_EVIDENCE,
    MAX_EVIDENCE_BYTES,
    MAX_REFERENCES,
    BuildEvidenceLine,
    ReferenceLine,
)
from attest.evidence.verify.question import Question
from attest.evidence.verify.revoked import GOOD, VoidFrom, void_from
from attest.evidence.verify.sheet import Sheet
from attest.evidence.verify.writers import Writers
from attest.provenance.model import VerifiedEvidence
from attest.provenance.read import read_evidence
from attest.signing.dsse import payload_of
from attest.statement.digests import DigestSet, Subject
from attest.statement.parents import claimed_parent
from attest.statement.predicates.runtime_reference import RuntimeReference
from attest.trust.references import OpenedReference, open_reference, void_of

Evidence = VerifiedEvidence | MalformedError | UntrustedError

SUB_MANDATE: Final = "authenticity.sub-mandate"

_SEALED: Final = frozenset({"authenticity.references"})
_HANDED_ON: Final = _SEALED | {SUB_MANDATE}
"""What fails where a reference cannot be opened, and nobody says what of it was wrong."""

_SECOND: Final = 1000


class Sealed(msgspec.Struct, frozen=True, kw_only=True):
    """A reference that a trusted sealer signed, with what is compared for every receipt made ready."""

    digest: str
    reference: RuntimeReference
    subjects: tuple[Subject, ...]
    about: frozenset[DigestSet]
    """The digests that a measurement may have as subjects: the manifest and the artifacts."""
    max_gap: int
    not_before: int
    not_after: int | None
    void: VoidFrom
    """From when on it is revoked, itself, a parent of it, or a key that signed one."""
    where: str
    parents: tuple[str, ...] = ()
    """Of a sub-mandate, which was judged with them: the digests of its parents, the nearest first."""

    @property
    def writers(self) -> str:
        """Whose receipts about it count, for people."""
        jobs = [f"a key certified by {each.identity}" for each in self.reference.writer_identities]
        return ", ".join([*self.reference.writers, *jobs])

    def is_about(self, subjects: tuple[Subject, ...]) -> bool:
        """Return whether the subjects of a measurement are the sealed manifest, and artifacts if any."""
        digests = [subject.digest for subject in subjects]
        return digests[0] == self.reference.manifest.digest and self.about.issuperset(digests)


@final
class Section:
    """The part of a bundle before its logs, as it is read."""

    def __init__(self, question: Question, sheet: Sheet) -> None:
        """Begin with nothing."""
        self._question = question
        self._sheet = sheet
        self._last = ""
        self._octets = 0
        self._claimed: set[str] = set()
        self.writers = Writers(question, sheet)
        self.evidence: dict[str, Evidence] = {}
        self.places: dict[str, str] = {}
        """Where each piece of evidence stands."""
        self.sealed: dict[str, Sealed] = {}
        self._opened: dict[str, OpenedReference] = {}
        self._waiting: dict[str, tuple[str, ReferenceLine, str]] = {}
        """Sub-mandates, with the parent that each names, until all lines are read: it may stand behind one."""

    def take_evidence(self, record: BuildEvidenceLine, where: str) -> None:
        """Read a piece of build evidence and verify it again; raise `MalformedError` if it is not what it says."""
        octets = from_base64(record.bytes, where=where)
        self._octets += len(octets)
        if len(self.evidence) >= MAX_EVIDENCE or self._octets > MAX_EVIDENCE_BYTES:
            raise MalformedError(where, f"at most {MAX_EVIDENCE} pieces, {MAX_EVIDENCE_BYTES} bytes", "more")
        self._check_order(record.digest, where)
        if sha256_hex(octets) != record.digest:
            raise MalformedError(where, f"build evidence {record.digest}", sha256_hex(octets))
        self.evidence[record.digest] = read_again(octets, self._question, where)
        self.places[record.digest] = where

    def take_reference(self, record: ReferenceLine, where: str) -> None:
        """Open a reference; one that no trusted sealer signed is a failed check and counts for nothing."""
        if not self._claimed:
            self._last = ""
        if len(self._claimed) >= MAX_REFERENCES:
            raise MalformedError(where, f"at most {MAX_REFERENCES} references", "more")
        self._check_order(record.digest, where)
        self._claimed.add(record.digest)
        found = sha256_hex(payload_of(record.envelope, where=where))
        if found != record.digest:
            raise MalformedError(where, f"reference {record.digest}", found)
        parent = claimed_parent(record.envelope, where=where)
        if parent is None:
            self._open(record, None, where, _SEALED)
        else:
            self._sheet.lay(SUB_MANDATE)
            self._waiting[record.digest] = (parent, record, where)

    def end_references(self) -> None:
        """Open the sub-mandates, each after its parent, now that all references are here."""
        while self._waiting:
            # The first that waits for none that waits; there is one, as no document holds its own digest.
            digest = next(iter(self._waiting))
            while (parent := self._waiting[digest][0]) in self._waiting:
                digest = parent
            _, record, where = self._waiting.pop(digest)
            self._open(record, self._opened.get(parent), where, _HANDED_ON)

    def _open(self, record: ReferenceLine, parent: OpenedReference | None, where: str, checks: frozenset[str]) -> None:
        question = self._question
        try:
            opened = open_reference(
                canonical.encode(record.envelope), question.trust, at=question.at, where=where, parent=parent
            )
        except (MalformedError, UntrustedError) as error:
            for check in checks if error.check is None else (error.check,):
                self._sheet.fail_with(check, error)
            return
        self._opened[opened.digest] = opened
        self.sealed[opened.digest] = sealed_of(opened, question, where)

    def parents_of(self, named: Iterable[str]) -> frozenset[str]:
        """Return the digests of the parents of these references, which may stand here for that alone."""
        return frozenset(parent for digest in named if digest in self.sealed for parent in self.sealed[digest].parents)

    def finish(self, named: Collection[str]) -> None:
        """Check that nothing stands here that nobody names; `named` are the digests that receipts speak about."""
        for digest in sorted(self._claimed.difference(named, self.parents_of(named))):
            self._sheet.fail("authenticity.references", "no receipt is about this reference", found=digest)
        if self._claimed != set(self.sealed):
            return
        pieces = {each.digest for row in self.sealed.values() for each in row.reference.evidence}
        for digest in sorted(set(self.evidence) - pieces):
            self._sheet.fail("integrity.grammar", "build evidence that no reference names", found=digest)

    def holds(self, digest: str) -> bool:
        """Return whether a reference of that digest stands here, trusted or not."""
        return digest in self._claimed

    def _check_order(self, digest: str, where: str) -> None:
        if digest <= self._last:
            raise MalformedError(where, "lines sorted by digest, each once", digest)
        self._last = digest


def sealed_of(opened: OpenedReference, question: Question, where: str) -> Sealed:
    """Return an opened reference as receipts are held against it."""
    reference = opened.predicate
    validity = reference.validity
    subjects = opened.statement.value.subject
    artifacts = {artifact.digest for artifact in reference.artifacts}
    known = question.revocations
    return Sealed(
        digest=opened.digest,
        reference=reference,
        subjects=subjects,
        about=frozenset({reference.manifest.digest, *artifacts}),
        max_gap=reference.measurement.max_gap_seconds * _SECOND,
        not_before=instant.parse(validity.not_before),
        not_after=None if validity.not_after is None else instant.parse(validity.not_after),
        void=GOOD if known is None else void_from(void_of(opened, known)),
        where=where,
        parents=tuple(each.digest for each in opened.parents),
    )


def read_again(octets: bytes, question: Question, where: str) -> Evidence:
    """Verify build evidence against the trust file as of `at`; what is wrong with it is returned, not raised."""
    try:
        return read_evidence(
            octets,
            trust=question.trust.as_of(question.at),
            expectations=question.expectations,
            where=where,
        )
    except (MalformedError, UntrustedError) as error:
        return error


def expected_references(sealed: Mapping[str, Sealed], question: Question) -> tuple[tuple[Sealed, ...], tuple[str, ...]]:
    """Return the references that the verdict is about, and the digests of those that were expected and are missing.

    Named by `--reference`; else those with an expected artifact; else all that are there.
    """
    if question.references:
        missing = tuple(digest for digest in question.references if digest not in sealed)
        return tuple(sealed[each] for each in dict.fromkeys(question.references) if each in sealed), missing
    if question.artifacts:
        return tuple(each for each in sealed.values() if artifacts_in(each, question.artifacts)), ()
    return tuple(sealed.values()), ()


def artifacts_in(sealed: Sealed, wanted: Iterable[DigestSet]) -> tuple[DigestSet, ...]:
    """Return which of the wanted artifacts a reference names."""
    return tuple(
        digest for digest in wanted if any(artifact.digest.matches(digest) for artifact in sealed.reference.artifacts)
    )
