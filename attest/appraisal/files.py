"""The files that were found against the entries of the manifest: an exact set, file by file.

An extra file is a finding as much as a changed one: a stray `.pth` or `.pyc` runs code. Modes are
compared by their executable bit alone, since installers and umasks differ in all others; times and
owners are not compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from attest.appraisal.state import STATE_OF, make_finding
from attest.codec.paths import sort_key
from attest.statement.findings import Finding, FindingKind
from attest.statement.manifest import Entry, FileKind, Root, Scope
from attest.statement.observation import Derivation, Key, Observation, Observed, Trouble
from attest.statement.packed_entries import as_packed_entries
from attest.statement.packed_files import FolderKey, as_packed
from attest.statement.states import State

Derivations = Mapping[Key, Derivation | Trouble | None]
"""What rules said about files: what makes the file, why they cannot tell, or that nothing does."""


def compare_files(
    roots: Sequence[Root],
    entries: Mapping[Key, Entry],
    observation: Observation,
    derivations: Derivations,
    *,
    optional_rules: frozenset[str] = frozenset(),
    sealed_rules: frozenset[str] = frozenset(),
    made: frozenset[FolderKey] = frozenset(),
) -> tuple[Finding, ...]:
    """Return every deviation, sorted by where it is; none means that all is as sealed.

    A sealed file that a rule derives has to have a derivation by that rule from those inputs; it may
    be absent if the rule is one of `optional_rules`. A file that is not sealed is a finding, unless
    it has a derivation by a rule that is none of `sealed_rules`, lies below a mutable directory or in
    a root of which only the entries are sealed; there, too, it is one where the root says that nothing
    may lie. Below a directory that could not be read, or over which something is mounted, nothing is
    called missing: the directory is the finding. Byte code that is as it was seen when it was sealed needs no
    derivation in a directory of which all packed files are as sealed. Directories `made` hold nothing but what has the
    derivation that is sealed, by one of the optional rules.
    """
    files, sealed = as_packed(observation.files), as_packed_entries(entries)
    # Compared as a whole: its plain files are exactly those that are sealed there, each with its content.
    settled = sealed.settled(files)
    unseen = frozenset(key for key, seen in files.single.items() if _hides_what_is_below(seen))
    judged: list[tuple[Key, Finding]] = []
    for key, entry in sealed.outside(settled, made):
        seen = files.get(key)
        if seen is not None:
            found = _judge_sealed(entry, seen, derivations.get(key))
        else:
            found = _judge_absent(entry, unseen, optional_rules)
        judged.extend((key, finding) for finding in found)
    by_name = {root.name: root for root in roots}
    for key, seen in files.outside(settled | made):
        if key not in sealed:
            found = _judge_unsealed(by_name.get(key[0]), seen, _without(derivations.get(key), sealed_rules))
            judged.extend((key, finding) for finding in found)
    judged.sort(key=lambda pair: (pair[0][0].encode(), sort_key(pair[0][1]), pair[1].kind))
    return tuple(finding for _, finding in judged)


def _without(derivation: Derivation | Trouble | None, rules: frozenset[str]) -> Derivation | Trouble | None:
    return None if isinstance(derivation, Derivation) and derivation.rule in rules else derivation


def _judge_sealed(entry: Entry, seen: Observed, derivation: Derivation | Trouble | None) -> Iterator[Finding]:
    where = f"{entry.root}/{entry.path}"
    if seen.trouble is not None:
        yield make_finding(seen.trouble.kind, where, found=seen.trouble.detail)
        return
    # What an installer makes may be a link here and a copy there; the rule has looked at either.
    if seen.type_ is not entry.type_ and not isinstance(derivation, Derivation):
        yield make_finding(FindingKind.TYPE, where, expected=_type_name(entry.type_), found=_type_name(seen.type_))
        return
    if seen.special:
        yield _special(where)
    if entry.rule is not None:
        yield from _judge_derived(entry, where, derivation)
    elif entry.type_ is FileKind.LINK:
        if seen.target != entry.target:
            yield make_finding(FindingKind.LINK_TARGET, where, expected=entry.target, found=seen.target)
    else:
        yield from _judge_content(entry, seen, where)


def _judge_content(entry: Entry, seen: Observed, where: str) -> Iterator[Finding]:
    if seen.sha256 != entry.sha256 or seen.size != entry.size:
        yield make_finding(
            FindingKind.CHANGED,
            where,
            expected=_content(entry.sha256, entry.size, seen.sha256),
            found=_content(seen.sha256, seen.size, entry.sha256),
        )
    if seen.executable != entry.executable:
        yield make_finding(
            FindingKind.EXECUTABLE,
            where,
            expected=_executable_name(entry.executable),
            found=_executable_name(seen.executable),
        )


def _judge_derived(entry: Entry, where: str, derivation: Derivation | Trouble | None) -> Iterator[Finding]:
    if isinstance(derivation, Trouble):
        yield _troubled(derivation, where)
        return
    expected = _derivation_text(entry.rule or "", entry.inputs)
    if derivation is None:
        found = "something that no rule makes"
        yield make_finding(FindingKind.UNDERIVED, where, expected=expected, found=found)
    elif (derivation.rule, derivation.inputs) != (entry.rule, entry.inputs):
        found = _derivation_text(derivation.rule, derivation.inputs)
        yield make_finding(FindingKind.UNDERIVED, where, expected=expected, found=found)


def _judge_absent(entry: Entry, unseen: frozenset[Key], optional_rules: frozenset[str]) -> Iterator[Finding]:
    if entry.rule in optional_rules:
        return
    if unseen and any((entry.root, above) in unseen for above in _above(entry.path)):
        return
    expected = f"the link to {entry.target}" if entry.target is not None else None
    if entry.rule is not None:
        expected = _derivation_text(entry.rule, entry.inputs)
    elif entry.sha256 is not None:
        expected = f"sha256:{entry.sha256}"
    yield make_finding(FindingKind.MISSING, f"{entry.root}/{entry.path}", expected=expected)


def _judge_unsealed(root: Root | None, seen: Observed, derivation: Derivation | Trouble | None) -> Iterator[Finding]:
    where = f"{seen.root}/{seen.path}"
    if root is not None and any(above in root.mutable for above in _above(seen.path)):
        return
    if seen.trouble is not None:
        yield make_finding(seen.trouble.kind, where, found=seen.trouble.detail)
        return
    if root is not None and root.scope is Scope.LISTED:
        if seen.path in root.absent:
            yield make_finding(FindingKind.EXTRA, where, expected="nothing there", found=_shown(seen))
        return
    if seen.special:
        yield _special(where)
    if isinstance(derivation, Trouble):
        yield _troubled(derivation, where)
    elif derivation is None:
        yield make_finding(FindingKind.EXTRA, where, found=_shown(seen))


def _hides_what_is_below(seen: Observed) -> bool:
    """Nobody looked any further."""
    if seen.trouble is None:
        return False
    return seen.trouble.kind is FindingKind.MOUNT or STATE_OF[seen.trouble.kind] is State.UNKNOWN


def _above(path: str) -> Iterator[str]:
    """Yield `.` (the root as a whole) and the directories above a path."""
    yield "."
    cut = path.find("/")
    while cut >= 0:
        yield path[:cut]
        cut = path.find("/", cut + 1)


def _troubled(trouble: Trouble, where: str) -> Finding:
    return make_finding(trouble.kind, where, expected=trouble.expected, found=trouble.detail)


def _special(where: str) -> Finding:
    return make_finding(FindingKind.SPECIAL_MODE, where, expected="no setuid or setgid bit", found="one")


def _shown(seen: Observed) -> str:
    if seen.type_ is FileKind.LINK:
        return f"a link to {seen.target}"
    return f"sha256:{seen.sha256}" if seen.sha256 is not None else _type_name(seen.type_)


def _content(sha256: str | None, size: int | None, other: str | None) -> str:
    """Name a content by its digest, and by its size if the digests are equal."""
    digest = f"sha256:{sha256}"
    return f"{digest}, {size} bytes" if sha256 == other else digest


def _derivation_text(rule: str, inputs: Sequence[str]) -> str:
    return f"{rule}({', '.join(inputs)})"


def _type_name(kind: FileKind | None) -> str:
    return "neither file nor link" if kind is None else f"a {kind}"


def _executable_name(executable: bool | None) -> str:  # noqa: FBT001  (a value from a record)
    return "executable" if executable else "not executable"
