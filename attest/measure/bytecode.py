"""Does a .pyc follow from its source? Compiled anew, and its code compared (`attest.measure.pyc`)."""

from __future__ import annotations

import hashlib
import os
import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from attest.errors import AttestError, MalformedError
from attest.measure.compiler import Compiled, Compiler, Interpreter, Source
from attest.measure.derivations import python_bytecode
from attest.measure.derivations.rule import CompileJob, Outcome, underivable, underived
from attest.measure.facts import Facts
from attest.measure.pyc import HEADER_BYTES, Likeness, compare_code, filename_in, has_known_header, magic_of
from attest.measure.releases import other_release
from attest.statement.findings import FindingKind
from attest.statement.manifest import FileKind
from attest.statement.observation import Key, Trouble

_MOST_KEPT: Final = 500_000
_BATCH_FILES: Final = 128
_BATCH_BYTES: Final = 4 * 1024 * 1024

_Content = tuple[object, ...]
"""All that a judgement depends on: digests, level, type and mode."""


_Troubles = dict[_Content, Trouble | None]
"""None: it follows from its source."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Case:
    key: Key
    """Of the source."""
    source: Source
    compiled: bytes


class BytecodeJudge:
    """Judges .pyc files in batches and remembers the judgements by content."""

    def __init__(self, interpreters: Sequence[Path], workers: int | None = None) -> None:
        """Take the interpreters that may compile, and how many children run at a time."""
        self._compiler = Compiler(interpreters)
        self._workers = workers or os.cpu_count() or 1
        self._known: _Troubles = {}
        self._believed: frozenset[str] = frozenset()
        self.judgements: set[str] = set()
        """`judgement` of all that followed, whether it was compiled again or believed."""

    def believe(self, judgements: frozenset[str]) -> None:
        """Take for true what was judged before, as `judgement` has it; that it was is the caller's to know."""
        self._believed = judgements

    def judge(self, facts: Facts, jobs: Iterable[CompileJob]) -> dict[Key, Outcome]:
        """Return for each .pyc its derivation, or why it does not follow from its source."""
        contents = {job.compiled: (job, _content(facts, job)) for job in jobs}
        fresh = {content: job for job, content in contents.values() if content not in self._known}
        found: _Troubles = {content: None for content in fresh if _named(content) in self._believed}
        found |= self._compare_all(facts, {content: job for content, job in fresh.items() if content not in found})
        self._remember(found)
        outcomes: dict[Key, Outcome] = {}
        for key, (job, content) in contents.items():
            trouble = found[content] if content in found else self._known[content]
            outcomes[key] = trouble or python_bytecode.derivation(job.source)
        return outcomes

    def _remember(self, found: _Troubles) -> None:
        if len(self._known) > _MOST_KEPT:
            self._known = {}
            self.judgements = set()
        for content, trouble in found.items():
            # What could not be derived now may be derivable in the next cycle.
            if trouble is None or trouble.kind is not FindingKind.UNDERIVABLE:
                self._known[content] = trouble
            if trouble is None and (name := _named(content)) is not None:
                self.judgements.add(name)

    def _compare_all(self, facts: Facts, jobs: Mapping[_Content, CompileJob]) -> _Troubles:
        batches = list(_batches(facts, jobs))
        found: _Troubles = {}
        if len(batches) == 1:
            return self._compare(facts, batches[0])
        with ThreadPoolExecutor(self._workers) as pool:
            for troubles in pool.map(lambda batch: self._compare(facts, batch), batches):
                found.update(troubles)
        return found

    def _compare(self, facts: Facts, jobs: Mapping[_Content, CompileJob]) -> _Troubles:
        found: _Troubles = {}
        cases: dict[bytes, dict[_Content, _Case]] = {}
        for content, job in jobs.items():
            case = _open(facts, job)
            if isinstance(case, Trouble):
                found[content] = case
            else:
                cases.setdefault(magic_of(case.compiled), {})[content] = case
        for magic, group in cases.items():
            found.update(self._compile(facts, magic, group))
        return found

    def _compile(self, facts: Facts, magic: bytes, cases: dict[_Content, _Case]) -> _Troubles:
        nobody = underivable(f"no interpreter at hand makes .pyc files of the number {magic.hex()}")
        found: _Troubles = dict.fromkeys(cases, nobody)
        at_hand = self._compiler.interpreters(magic)
        for interpreter in at_hand:
            open_ = [content for content in cases if found[content]]
            sources = [cases[content].source for content in open_]
            answers = self._compiler.compile(interpreter, sources) if sources else []
            for content, compiled in zip(open_, answers, strict=True):
                found[content] = _judge(facts, cases[content], compiled, at_hand)
        return found


def judgement(source: str, compiled: str, optimize: int) -> str:
    """Return the name, a SHA-256, of the judgement that a .pyc is what a source makes; both by their SHA-256."""
    return hashlib.sha256(f"{source} {compiled} {optimize}".encode("ascii")).hexdigest()


def _named(content: _Content) -> str | None:
    """Return the name of the judgement that such a .pyc follows; None for one of which that is never said."""
    match content:
        case (str(source), str(compiled), int(optimize), FileKind.FILE, False):
            return judgement(source, compiled, optimize)
        case _:
            return None


def _content(facts: Facts, job: CompileJob) -> _Content:
    source, compiled = facts.observed(job.source), facts.observed(job.compiled)
    if source is None or compiled is None:
        return (*job.source, *job.compiled)
    return (source.sha256, compiled.sha256, job.optimize, compiled.type_, compiled.executable)


def _batches(facts: Facts, jobs: Mapping[_Content, CompileJob]) -> Iterator[dict[_Content, CompileJob]]:
    batch: dict[_Content, CompileJob] = {}
    size = 0
    for content, job in jobs.items():
        seen = facts.observed(job.source)
        size += (seen.size or 0) if seen else 0
        batch[content] = job
        if size > _BATCH_BYTES or len(batch) >= _BATCH_FILES:
            yield batch
            batch, size = {}, 0
    if batch:
        yield batch


def _open(facts: Facts, job: CompileJob) -> _Case | Trouble:
    seen = facts.observed(job.compiled)
    if seen is None or seen.type_ is not FileKind.FILE or seen.executable:
        return underived("not a plain file")
    try:
        octets, compiled = facts.read_once(job.source), facts.read_once(job.compiled)
    except AttestError as error:
        return underivable(str(error))
    if len(compiled) <= HEADER_BYTES or not has_known_header(compiled):
        return underived("not as interpreters write them: no header of a known kind, or no code")
    name = posixpath.basename(job.source[1])
    filename = filename_in(compiled, name) or facts.absolute(job.source)
    return _Case(
        key=job.source, source=Source(filename=filename, optimize=job.optimize, octets=octets), compiled=compiled
    )


def _judge(facts: Facts, case: _Case, compiled: Compiled | None, at_hand: Sequence[Interpreter]) -> Trouble | None:
    if compiled is None:
        return underivable("the compiler crashed or took too long")
    if compiled.code is None:
        return underived(f"its source does not compile ({compiled.error})")
    try:
        likeness = compare_code(case.compiled, compiled.code)
    except MalformedError as error:
        return underived(str(error))
    if likeness is Likeness.SAME:
        return None
    other = other_release(facts, case.key, at_hand) if likeness is Likeness.LINES_DIFFER else None
    return other or _other_code(case, compiled.code)


def _other_code(case: _Case, code: bytes) -> Trouble:
    """Name both files by digest: the one that the source compiles to here, and the one that lies there."""
    derived = hashlib.sha256(case.compiled[:HEADER_BYTES] + code).hexdigest()
    found = hashlib.sha256(case.compiled).hexdigest()
    detail = f"sha256:{found}, other code than its source compiles to"
    return Trouble(kind=FindingKind.UNDERIVED, detail=detail, expected=f"sha256:{derived}, compiled from its source")
