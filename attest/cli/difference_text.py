"""What changed between two references, for a person who has to decide about it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby
from typing import Final

from attest.cli.tools_text import definition_lines, rule_lines, wrapped
from attest.codec.printable import printable
from attest.seal.differences import Difference, EvidenceChange, FileChange, How, PackageChange, Side, TermChange
from attest.statement.levels import Origin
from attest.statement.predicates.runtime_reference import Assurance, Share

HEADING: Final = "not verified: who signed these references is not judged here"

_NOTES: Final = {
    How.REBUILT: "same version, ANOTHER ARCHIVE",
    How.LESS_KNOWN: "same archive, LESS IS PROVEN",
    How.BETTER_KNOWN: "same archive, more is proven",
}

_PATHS: Final = "unclaimed.paths"
_SHOWN: Final = 6
"""So many of them: the first update after `attest wrap` answers for thousands."""

_DIGEST: Final = re.compile(r"(sha256:[0-9a-f]{12})[0-9a-f]{52}")
"""The beginning tells digests apart; the whole ones are in the manifests and in --format json."""


def render(old: Side, new: Side, difference: Difference, *, every_file: bool) -> Iterator[str]:
    """Yield the lines; files that a changed package explains are only counted unless `every_file`."""
    yield HEADING
    yield from (_heading(name, side) for name, side in (("old", old), ("new", new)))
    if difference.is_empty:
        yield "no difference in packages, files, evidence, tools or terms"
        return
    files = difference.files if every_file else difference.unexplained
    yield from _section("packages", [_package(change) for change in difference.packages])
    yield from _section("files" if every_file else "files that no changed package explains", [_file(c) for c in files])
    yield from _lines("tools as a model reads them: [-gone-] {+come+}", definition_lines(difference.definitions))
    yield from _lines("what callers may do", rule_lines(difference.rules))
    yield from _lines("build evidence", (line for each in difference.evidence for line in _evidence(each)))
    yield from _lines("terms", _terms(difference.terms, every_one=every_file))
    yield from _section("assurance", list(_assurance(old.reference.assurance, new.reference.assurance)))


def _heading(name: str, side: Side) -> str:
    server = side.reference.server
    version = f" {server.version}" if server.version else ""
    return printable(f"{name}  sha256:{side.digest}  {server.name}{version}, sealed {side.reference.sealed_at}")


def _section(title: str, lines: list[str]) -> Iterator[str]:
    if lines:
        yield ""
        yield title
        yield from (printable(f"  {line}", limit=500) for line in lines)


def _lines(title: str, lines: Iterator[str]) -> Iterator[str]:
    """A section whose lines are printable, and whole."""
    for number, line in enumerate(lines):
        if number == 0:
            yield ""
            yield title
        yield f"  {line}"


def _package(change: PackageChange) -> str:
    versions = " -> ".join(dict.fromkeys(each for each in (change.old_version, change.new_version) if each))
    origins = " -> ".join(dict.fromkeys(each for each in (change.old_origin, change.new_origin) if each))
    note = _NOTES.get(change.how)
    tail = f"  {note}" if note else ""
    return f"{change.how:12}  {change.name} {versions}  {_counted(change.files)}, {origins}{tail}"


def _counted(files: int) -> str:
    return "1 file" if files == 1 else f"{files} files"


def _file(change: FileChange) -> str:
    contents = " -> ".join(_short(each) for each in (change.old, change.new) if each)
    return f"{change.how:12}  {change.path}  {contents}"


def _short(content: str) -> str:
    return _DIGEST.sub(r"\1…", content)


def _evidence(change: EvidenceChange) -> Iterator[str]:
    several = f" ({change.documents} documents)" if change.documents > 1 else ""
    yield from wrapped(f"{change.how:12}  {change.said}{several}", indent=0)


def _terms(terms: tuple[TermChange, ...], *, every_one: bool) -> Iterator[str]:
    """Yield a line a term; paths that no evidence answers for are counted, once they are many."""
    for (name, gone), alike in groupby(terms, key=lambda change: (change.name, change.new is None)):
        changes = tuple(alike)
        shown = changes if every_one or name != _PATHS or len(changes) <= _SHOWN else changes[: _SHOWN - 1]
        yield from (line for each in shown for line in wrapped(_term(each), indent=0))
        if len(shown) < len(changes):
            yield f"{name}  {'-' if gone else '+'} {len(changes) - len(shown):,} more, which attest diff --files names"


def _term(change: TermChange) -> str:
    if change.old is None or change.new is None:
        return f"{change.name}  {'+' if change.old is None else '-'} {change.new if change.old is None else change.old}"
    return f"{change.name}  {change.old} -> {change.new}"


def _assurance(old: Assurance, new: Assurance) -> Iterator[str]:
    before, after = _shares(old), _shares(new)
    for origin in Origin:
        was, now = (getattr(each, origin.value) for each in (old, new))
        if was != now:
            share = f"{before[origin]:6.1%} -> {after[origin]:6.1%} of the files"
            yield f"{origin.value:8}  {share}  ({_counts(was, now)})"
    if old.least != new.least:
        yield f"least     {old.least} -> {new.least}"


def _counts(old: Share, new: Share) -> str:
    pairs = ((old.files, new.files, "files"), (old.bytes, new.bytes, "bytes"))
    return ", ".join(f"{was} -> {now} {unit}" for was, now, unit in pairs if was != now)


def _shares(assurance: Assurance) -> dict[Origin, float]:
    files = {origin: getattr(assurance, origin.value).files for origin in Origin}
    return {origin: count / max(1, sum(files.values())) for origin, count in files.items()}
