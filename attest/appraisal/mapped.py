"""The files that a process has mapped as code, against the files that are sealed and were found in the same cycle.

A mapped file that is the very one (device and inode) which was looked at in the tree needs no judgement of its own:
whatever became of that file there is a finding there. What is left is code that lies elsewhere, or nowhere any more.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import Final

from attest.appraisal.closure import Closure, Where, is_below
from attest.appraisal.state import make_finding
from attest.statement.findings import Finding, FindingKind
from attest.statement.observation import FileIdentity, MappedFile, ObservedProcess

WHERE: Final = "process"
SEALED_ELSEWHERE: Final = "replaced on disk, the old one as another valid reference seals it"
_PACKAGES: Final = frozenset({"site-packages", "dist-packages", "node_modules"})
"""Where an installation keeps what is not its own."""


def judge_mapped(
    observed: ObservedProcess, closure: Closure, *, earlier: frozenset[FileIdentity] = frozenset()
) -> tuple[Finding, ...]:
    """Return what about the mapped files is not as sealed.

    `earlier` are the files that lay in their places when they were looked at before: one of those that is gone now was
    replaced on disk, and the old one still runs.
    """
    return tuple(
        finding
        for file in observed.mapped
        for finding in (*_judge_memory(file), *_judge_file(file, observed, closure, earlier))
    )


def count_outside(observed: ObservedProcess, closure: Closure) -> int:
    """Return how many mapped files lie outside every sealed root, and gave no reason for a finding."""
    return sum(
        file.identity not in closure.files
        and file.in_place is not False
        and closure.where(file.path) is Where.OUTSIDE
        and not any(_judge_outside(file, observed, closure))
        for file in observed.mapped
    )


def _judge_memory(file: MappedFile) -> Iterator[Finding]:
    if file.patched_pages:
        pages = "1 page" if file.patched_pages == 1 else f"{file.patched_pages} pages"
        yield make_finding(
            FindingKind.PATCHED,
            WHERE,
            expected="code as it is in the file",
            found=f"{pages} of {file.path} changed in memory",
        )


def _judge_file(
    file: MappedFile, observed: ObservedProcess, closure: Closure, earlier: frozenset[FileIdentity]
) -> Iterator[Finding]:
    if file.identity == observed.executable_identity:
        # The running program has a judgement of its own.
        return
    if file.in_memory:
        yield _finding(FindingKind.EXECUTABLE_IN_MEMORY, file, "code from a file on disk", "only in memory")
    elif file.identity in closure.files:
        return
    elif file.in_place is False:
        yield _judge_displaced(file, closure, earlier)
    else:
        yield from _judge_unsealed(file, observed, closure)


def _judge_displaced(file: MappedFile, closure: Closure, earlier: frozenset[FileIdentity]) -> Finding:
    """A file that is no longer what lies at its path."""
    if file.sha256 in closure.digests or (file.identity in earlier and closure.where(file.path) is not Where.SEALED):
        return _finding(
            FindingKind.EXECUTABLE_REPLACED,
            file,
            "the file that lies there now",
            "replaced on disk, the old one mapped",
        )
    if file.sha256 in closure.elsewhere:
        return _finding(FindingKind.UPDATED, file, "the file that lies there now, or a restart", SEALED_ELSEWHERE)
    return _finding(FindingKind.MAPPED_DELETED, file, "a file that is still on disk", "deleted or replaced")


def _judge_unsealed(file: MappedFile, observed: ObservedProcess, closure: Closure) -> Iterator[Finding]:
    where = closure.where(file.path)
    if where is Where.OUTSIDE:
        yield from _judge_outside(file, observed, closure)
    elif where is Where.MUTABLE:
        yield _finding(FindingKind.MAPPED, file, "a sealed file", "from a place that is declared mutable")
    elif closure.could_look_at(file.path):
        yield _finding(FindingKind.MAPPED_CHANGED, file, "the sealed file of that name", "another file")


def _judge_outside(file: MappedFile, observed: ObservedProcess, closure: Closure) -> Iterator[Finding]:
    if file.identity == observed.executable_identity or not file.writable:
        return
    if not closure.composed and _is_of_interpreter(file.path, observed.executable_path):
        # The reference says that the interpreter is not measured; whoever may write this may write that.
        return
    yield _finding(FindingKind.MAPPED, file, "a sealed file, or one that the server could not have written", "it could")


def _is_of_interpreter(path: str, executable: str | None) -> bool:
    """Whether a path lies in the library directory of the installation whose program runs: `X/lib` beside `X/bin`."""
    folder, name = posixpath.split(posixpath.dirname(executable or ""))
    if name != "bin" or not is_below(path, posixpath.join(folder, "lib")):
        return False
    return _PACKAGES.isdisjoint(path.split("/"))


def _finding(kind: FindingKind, file: MappedFile, expected: str, found: str) -> Finding:
    digest = f", sha256:{file.sha256}" if file.sha256 is not None else ""
    return make_finding(kind, WHERE, expected=expected, found=f"{file.path}{digest}: {found}")
