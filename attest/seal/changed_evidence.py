"""What the build evidence of two references says otherwise, and their archives about themselves.

A new version has new documents. What counts is whether somebody else says it, of another source, or at another level:
documents by which the same is known are only counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from attest.seal.changed_packages import digest_of, package_of
from attest.seal.changed_terms import changes_of_list, changes_of_value
from attest.seal.differences import EvidenceChange, How, TermChange
from attest.statement.predicates.runtime_reference import Artifact, BuildEvidence, RuntimeReference

_Pieces = Mapping[str, BuildEvidence]
"""By their digests."""


def changed_evidence(old: Sequence[BuildEvidence], new: Sequence[BuildEvidence]) -> Iterator[EvidenceChange]:
    """Yield what is said no more, what is said now, and how often the same is said by another document."""
    before, after = _pieces(old), _pieces(new)
    was = Counter(_said(piece) for digest, piece in before.items() if digest not in after)
    now = Counter(_said(piece) for digest, piece in after.items() if digest not in before)
    for how, counted in ((How.REMOVED, was - now), (How.ADDED, now - was), (How.RENEWED, was & now)):
        yield from (EvidenceChange(how=how, said=said, documents=counted[said]) for said in sorted(counted))


def changed_judgements(old: RuntimeReference, new: RuntimeReference) -> Iterator[TermChange]:
    """Yield what became of documents that are in both, and of what archives say of themselves."""
    before, after = _pieces(old.evidence), _pieces(new.evidence)
    for digest in sorted(before.keys() & after.keys()):
        name = f"evidence.sha256:{digest}"
        yield from changes_of_value(_written(before[digest]), _written(after[digest]), name)
    yield from _install_scripts(old.artifacts, new.artifacts)
    was, now = _archives(old.artifacts), _archives(new.artifacts)
    for digest in sorted(was.keys() & now.keys()):
        name = f"artifacts.{package_of(was[digest])[0]}"
        yield from changes_of_value(_of_itself(was[digest]), _of_itself(now[digest]), name)
        yield from _links(was[digest], now[digest], {*before} - {*after}, {*after} - {*before}, name)


def _pieces(evidence: Iterable[BuildEvidence]) -> _Pieces:
    return {piece.digest: piece for piece in evidence}


def _written(piece: BuildEvidence) -> dict[str, object]:
    return dict(msgspec.to_builtins(piece))


def _archives(artifacts: Iterable[Artifact]) -> Mapping[str, Artifact]:
    return {digest_of(artifact): artifact for artifact in artifacts}


def _said(piece: BuildEvidence) -> str:
    """Return what a document is and who says what by it, as one line; not of which archives."""
    signer = piece.identity
    by = f"{signer.identity}@{signer.issuer}" if signer is not None else ", ".join(f"key {k}" for k in piece.signers)
    told = {
        "signed by": by or "nobody",
        "builder": piece.builder,
        "source": piece.source,
        "SLSA level": piece.slsa_level,
        "checks": ", ".join(sorted(f"{check.id} {check.status}" for check in piece.checks)),
    }
    known = "" if piece.authenticated else ", NOT AUTHENTICATED"
    return f"{piece.format}{known}, " + ", ".join(f"{name} {value}" for name, value in told.items() if value)


def _install_scripts(old: Sequence[Artifact], new: Sequence[Artifact]) -> Iterator[TermChange]:
    """By package: a script that a new version brings along runs when it is installed."""
    was, now = _scripts(old), _scripts(new)
    for name in sorted(was.keys() | now.keys()):
        before, after = was.get(name, Counter()), now.get(name, Counter())
        if before != after:
            yield from changes_of_list(before, after, f"artifacts.{name}.installScripts")


def _scripts(artifacts: Sequence[Artifact]) -> Mapping[str, Counter[str]]:
    found: dict[str, Counter[str]] = {}
    for artifact in artifacts:
        found.setdefault(package_of(artifact)[0], Counter()).update(artifact.install_scripts)
    return found


def _of_itself(artifact: Artifact) -> dict[str, object]:
    """Return what is not told of it as a package."""
    told = {"origin", "evidence", "installScripts"}
    return {name: value for name, value in msgspec.to_builtins(artifact).items() if name not in told}


def _links(old: Artifact, new: Artifact, gone: set[str], come: set[str], name: str) -> Iterator[TermChange]:
    """Of which documents speak for an archive: what is not told by the documents that are gone and come."""
    before, after = Counter(old.evidence), Counter(new.evidence)
    left = Counter({digest: count for digest, count in before.items() if digest not in gone})
    right = Counter({digest: count for digest, count in after.items() if digest not in come})
    if left != right:
        yield from changes_of_list(left, right, f"{name}.evidence")
