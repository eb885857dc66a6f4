"""Does a .pyc follow from its source? Compiled anew, compared byte for byte, else in normal form.

Byte for byte is the comparison `bytes`: a right header, and `marshal.dumps(compile(...))` as body.
Where the bodies differ, `attest.measure.marshal_form` is the comparison. The header is right if it
holds the modification time and size of the source (flags 0) or its hash (flags 1 and 3, PEP 552).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from attest.errors import AttestError, MalformedError
from attest.measure.compiler import Compiled, Compiler, Source
from attest.measure.derivations import python_bytecode
from attest.measure.derivations.rule import CompileJob, Outcome, underivable, underived
from attest.measure.facts import Facts
from attest.measure.marshal_form import normal_form
from attest.statement.findings import FindingKind
from attest.statement.manifest import FileKind
from attest.statement.observation import Key, Trouble

_HEADER_BYTES: Final = 16
_MOST_KEPT: Final = 500_000
_BATCH_FILES: Final = 128
_BATCH_BYTES: Final = 4 * 1024 * 1024

_HASH_BASED: Final = {1, 3}
"""Flags of hash-based .pyc files (PEP 552): unchecked and checked."""

_Content = tuple[object, ...]
"""All that a judgement depends on: digests, names, level, time and size."""


_Troubles = dict[_Content, Trouble | None]
"""None: it follows from its source."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Case:
    job: CompileJob
    source: bytes
    compiled: bytes
    filenames: tuple[str, ...]
    mtime_seconds: int | None


class BytecodeJudge:
    """Judges .pyc files in batches and remembers the judgements by content."""

    def __init__(self, interpreters: Sequence[Path], workers: int | None = None) -> None:
        """Take the interpreters that may compile, and how many children run at a time."""
        self._compiler = Compiler(interpreters)
        self._workers = workers or os.cpu_count() or 1
        self._known: _Troubles = {}

    def judge(self, facts: Facts, jobs: Iterable[CompileJob]) -> dict[Key, Outcome]:
        """Return for each .pyc its derivation, or why it does not follow from its source."""
        contents = {job.compiled: (job, _content(facts, job)) for job in jobs}
        fresh = {content: job for job, content in contents.values() if content not in self._known}
        found = self._compare_all(facts, fresh)
        self._remember(found)
        outcomes: dict[Key, Outcome] = {}
        for key, (job, content) in contents.items():
            trouble = found[content] if content in found else self._known[content]
            outcomes[key] = trouble or python_bytecode.derivation(job.source)
        return outcomes

    def _remember(self, found: _Troubles) -> None:
        if len(self._known) > _MOST_KEPT:
            self._known = {}
        for content, trouble in found.items():
            # What could not be derived now may be derivable in the next cycle.
            if trouble is None or trouble.kind is not FindingKind.UNDERIVABLE:
                self._known[content] = trouble

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
                cases.setdefault(case.compiled[:4], {})[content] = case
        for magic, group in cases.items():
            found.update(self._compile(magic, group))
        return found

    def _compile(self, magic: bytes, cases: dict[_Content, _Case]) -> _Troubles:
        nobody = underivable(f"no interpreter at hand makes .pyc files of the number {magic.hex()}")
        found: _Troubles = dict.fromkeys(cases, nobody)
        for interpreter in self._compiler.interpreters(magic):
            for nth in range(max(len(case.filenames) for case in cases.values())):
                open_ = [c for c in cases if found[c] and nth < len(cases[c].filenames)]
                sources = [_source(cases[content], nth) for content in open_]
                answers = self._compiler.compile(interpreter, sources) if sources else []
                for content, compiled in zip(open_, answers, strict=True):
                    found[content] = _judge(cases[content], compiled)
        return found


def _content(facts: Facts, job: CompileJob) -> _Content:
    source, compiled = facts.observed(job.source), facts.observed(job.compiled)
    if source is None or compiled is None:
        return (*job.source, *job.compiled)
    times = (source.mtime_seconds, source.size)
    modes = (compiled.type_, compiled.executable)
    return (source.sha256, compiled.sha256, job.filenames, job.optimize, *times, *modes)


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
    seen, source = facts.observed(job.compiled), facts.observed(job.source)
    if seen is None or source is None or seen.type_ is not FileKind.FILE or seen.executable:
        return underived("not a plain file")
    try:
        octets, compiled = facts.read(job.source), facts.read(job.compiled)
    except AttestError as error:
        return underivable(str(error))
    filenames = tuple(name for name in job.filenames if name.encode() in compiled)
    if len(compiled) <= _HEADER_BYTES or not filenames:
        return underived("compiled under another name, or no code in it")
    return _Case(
        job=job,
        source=octets,
        compiled=compiled,
        filenames=filenames,
        mtime_seconds=source.mtime_seconds,
    )


def _source(case: _Case, nth: int) -> Source:
    return Source(filename=case.filenames[nth], optimize=case.job.optimize, octets=case.source)


def _judge(case: _Case, compiled: Compiled | None) -> Trouble | None:
    if compiled is None:
        return underivable("the compiler crashed or took too long")
    if compiled.code is None:
        return underived(f"its source does not compile ({compiled.error})")
    if not _right_header(case, compiled.source_hash):
        return underived("its header does not fit its source")
    body = case.compiled[_HEADER_BYTES:]
    if body == compiled.code:
        return None
    try:
        magic = case.compiled[:4]
        same = normal_form(body, magic, where="found") == normal_form(compiled.code, magic, where="derived")
    except MalformedError as error:
        return underived(str(error))
    return None if same else _other_code(case, compiled.code)


def _other_code(case: _Case, code: bytes) -> Trouble:
    """Name both files by digest: the one that the source compiles to here, and the one that lies there."""
    derived = hashlib.sha256(case.compiled[:_HEADER_BYTES] + code).hexdigest()
    found = hashlib.sha256(case.compiled).hexdigest()
    detail = f"sha256:{found}, other code than its source compiles to"
    return Trouble(kind=FindingKind.UNDERIVED, detail=detail, expected=f"sha256:{derived}, compiled from its source")


def _right_header(case: _Case, source_hash: bytes) -> bool:
    flags = int.from_bytes(case.compiled[4:8], "little")
    rest = case.compiled[8:_HEADER_BYTES]
    if flags in _HASH_BASED:
        return rest == source_hash
    if flags or case.mtime_seconds is None:
        return False
    return rest == _word(case.mtime_seconds) + _word(len(case.source))


def _word(number: int) -> bytes:
    return (number & 0xFFFFFFFF).to_bytes(4, "little")
