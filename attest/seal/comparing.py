"""What changed from one RuntimeReference to the next: by package first, then by file, tools, and what is demanded.

Values in, values out. Nothing is verified here: whoever decides opens both references against the trust file before.
No field of a reference changes without a word: what has no comparison of its own, or of which that says nothing, is
compared as it stands on the wire.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import msgspec

from attest.codec import canonical
from attest.codec.octets import sha256_hex
from attest.seal.changed_evidence import changed_evidence, changed_judgements
from attest.seal.changed_files import changed_files
from attest.seal.changed_packages import changed_packages, moved_packages, packages_of
from attest.seal.changed_terms import changed_terms, changes_of_value
from attest.seal.differences import Difference, Side, TermChange
from attest.seal.tools.comparing import compare_definitions, compare_rules
from attest.statement.predicates.runtime_reference import RuntimeReference


def compare(old: Side, new: Side) -> Difference:
    """Return what changed from `old` to `new`."""
    before, after = packages_of(old.reference.artifacts), packages_of(new.reference.artifacts)
    changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    files = tuple(changed_files(old, new, moved=moved_packages(before, after), changed=changed))
    counts = Counter(change.package for change in files if change.package is not None)
    difference = Difference(
        packages=tuple(changed_packages(before, after, counts)),
        files=files,
        terms=(*_roots(old, new), *changed_judgements(old.reference, new.reference)),
        definitions=compare_definitions(old.reference.tools, new.reference.tools),
        rules=compare_rules(old.reference.tools, new.reference.tools),
        evidence=tuple(changed_evidence(old.reference.evidence, new.reference.evidence)),
        assurance=tuple(changed_terms(old.reference.assurance, new.reference.assurance)),
    )
    terms = changed_terms(old.reference, new.reference, told=set(_told(old, new, difference)))
    return msgspec.structs.replace(difference, terms=(*terms, *difference.terms))


def _told(old: Side, new: Side, difference: Difference) -> Iterator[str]:
    """Yield the fields of a reference of which something is told already, or that follow from another one."""
    yield from ("sealedAt", "assurance")
    parts = {term.name.partition(".")[0] for term in difference.terms}
    told = {
        "subjectIdentifier": _follows(old.reference) and _follows(new.reference),
        "manifest": bool(difference.files) or "roots" in parts,
        "tools": bool(difference.definitions or difference.rules),
        "artifacts": bool(difference.packages) or "artifacts" in parts,
        "evidence": bool(difference.evidence) or "evidence" in parts,
    }
    yield from (name for name, is_told in told.items() if is_told)


def _follows(reference: RuntimeReference) -> bool:
    """Whether the identifier says what the manifest and the server say."""
    identifier = reference.subject_identifier
    metadata = sha256_hex(canonical.encode(reference.server))
    return (identifier.content, identifier.metadata) == (reference.manifest.digest.sha256, metadata)


def _roots(old: Side, new: Side) -> Iterator[TermChange]:
    """Yield what is sealed of each root, and what may change in it; where it lies is among the places."""
    before, after = ({root.name: msgspec.to_builtins(root) for root in side.roots} for side in (old, new))
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            yield from changes_of_value(before.get(name), after.get(name), f"roots.{name}")
