"""The private directory for a server's byte code: made anew for each run, looked at in each cycle, removed at the end.

Byte code in a tree is trusted by its time stamp: whoever may write there makes CPython run other code than its sources
say. A server that we start has none in its tree that counts. It begins with a directory that holds nothing but what
earlier runs were seen to make of the same sources (`attest.agent.launching.kept_code`). From then on that belongs to
the server, since it is the one who compiles; so what lies there is no more believed than the rest: each file has to be
what its source makes, compiled again here.
"""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Final

from attest.agent.closure import Looked
from attest.agent.launching.library import Library
from attest.agent.launching.sweeping import own_prefix, sweep
from attest.appraisal.files import compare_files
from attest.errors import UnavailableError
from attest.measure.derivations.rule import CompileJob
from attest.measure.deriver import Deriver
from attest.measure.facts import Facts
from attest.measure.redirected import compile_job, is_in_the_making, source_path
from attest.measure.standpoint import OURS, Standpoint
from attest.measure.tree import look_at_roots
from attest.statement.findings import FindingKind
from attest.statement.manifest import Root, Scope
from attest.statement.observation import Derivation, Key, Observation, Trouble
from attest.statement.packed_files import as_packed
from attest.statement.together import Together

ROOT: Final = Root(name="byte code", scope=Scope.EXACT, mutable=())
"""Under this name findings speak of it. No sealed root has one with a blank."""
OUTSIDE: Final = Root(name="outside the closure", scope=Scope.LISTED, mutable=())
"""The sources of an interpreter's library that is not sealed: stated as such, and compared with their byte code."""

_NOBODY_LOOKED: Final = Trouble(kind=FindingKind.UNREACHABLE, detail="where its source would be, nobody could look")
_TEMPORARY: Final = ("/tmp", "/var/tmp")  # noqa: S108  (`mkdtemp` in there, and only where the sticky bit is set)


@contextmanager
def private_directory() -> Iterator[str]:
    """Make an empty directory that nobody else may enter (mode 0700), and remove it at the end.

    What killed launchers left behind is removed, too.
    Not in `TMPDIR`, which the caller may have set to a place that this user cannot reach.
    """
    folder = _temporary()
    sweep(Path(folder or tempfile.gettempdir()))
    try:
        place = tempfile.mkdtemp(prefix=own_prefix(), dir=folder)
    except OSError as error:
        raise UnavailableError("byte code", "a place for a directory", error.strerror or "none") from error
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def hand_over(place: str, uid: int, gid: int) -> None:
    """Make the directory, and all that we laid into it, the server's user's: before, that one could not enter it."""
    if uid == os.geteuid():
        return
    for folder, _, names in os.walk(place, topdown=False):
        for each in (*(f"{folder}/{name}" for name in names), folder):
            os.chown(each, uid, gid, follow_symlinks=False)


@dataclass(frozen=True, kw_only=True)
class Sealed:
    """What byte code may be made from: the sources of the closure that were just seen, and what is known of them."""

    observations: tuple[Observation, ...]
    known: Mapping[Key, str]
    derived: frozenset[Key]

    def facts(self, *further: Observation) -> Facts:
        """Return all of it as one; roots have different names, of a server and its runtime too."""
        seen = (*self.observations, *further)
        whole = Observation(
            files=Together(tuple(each.files for each in seen)),
            places={name: place for each in seen for name, place in each.places.items()},
            started_at=min(each.started_at for each in seen),
            finished_at=max(each.finished_at for each in seen),
        )
        return Facts(observation=whole, known=self.known, derived=self.derived)


def look_at_byte_code(
    place: str,
    sealed: Sealed,
    library: Library,
    deriver: Deriver,
    clock_ms: Callable[[], int],
    standpoint: Standpoint = OURS,
) -> Looked:
    """Look at the directory, compile again what lies there from sealed sources, and judge it.

    A file whose source is neither sealed nor in the interpreter's own library is a finding: that code is not sealed.
    Where nobody could look at the place of its source, as when the server has just ended, nobody knows.
    """
    seen = look_at_roots({ROOT.name: place}, (ROOT,), {}, clock_ms=clock_ms, standpoint=standpoint)
    observation = replace(seen, files={key: item for key, item in seen.files.items() if not is_in_the_making(key[1])})
    facts, jobs = jobs_of(observation.files, sealed, library, clock_ms, observation)
    outcomes = {**_in_the_dark(observation.files, sealed, facts), **deriver.compile_again(facts, jobs)}
    return Looked(
        observation=observation,
        findings=compare_files((ROOT,), {}, observation, outcomes),
        derivations={key: found for key, found in outcomes.items() if isinstance(found, Derivation)},
    )


def jobs_of(
    compiled: Iterable[Key], sealed: Sealed, library: Library, clock_ms: Callable[[], int], *further: Observation
) -> tuple[Facts, list[CompileJob]]:
    """Return the question of each .pyc whether it follows from its source, if it has one, and what answers it."""
    paths = {key: path for key in compiled if (path := source_path(key[1])) is not None}
    inside, outside = _sources(paths, sealed.facts(), library)
    beside = look_at_roots(
        {OUTSIDE.name: "/"}, (OUTSIDE,), {OUTSIDE.name: {path for _, path in outside.values()}}, clock_ms=clock_ms
    )
    vouched = {key: item.sha256 for key, item in beside.files.items() if item.sha256 is not None}
    facts = replace(sealed, known=Together((sealed.known, vouched))).facts(*further, beside)
    return facts, [compile_job(*pair) for pair in {**inside, **outside}.items()]


def _sources(paths: Mapping[Key, str], facts: Facts, library: Library) -> tuple[dict[Key, Key], dict[Key, Key]]:
    """Return for each .pyc where its source is: a sealed file, or one that may be outside the closure."""
    inside: dict[Key, Key] = {}
    outside: dict[Key, Key] = {}
    for key, path in paths.items():
        found = _in_closure(facts, path)
        if found is not None and (facts.explained(found) or facts.in_doubt(found)):
            inside[key] = found
        elif found is None and (real := library.source(path)) is not None:
            outside[key] = (OUTSIDE.name, real.lstrip("/"))
    return inside, outside


def _in_the_dark(compiled: Iterable[Key], sealed: Sealed, facts: Facts) -> dict[Key, Trouble]:
    """Return each .pyc whose source would lie in a root, or in a directory of one, that could not be looked at."""
    singles = [as_packed(each.files).single for each in sealed.observations]
    dark = {key for single in singles for key, seen in single.items() if seen.trouble is not None}
    paths = {key: path for key in compiled if dark and (path := source_path(key[1])) is not None}
    located = {key: found for key, path in paths.items() if (found := facts.locate(path)) is not None}
    return {key: _NOBODY_LOOKED for key, found in located.items() if not dark.isdisjoint(_above(found))}


def _above(key: Key) -> Iterator[Key]:
    """Yield every directory above a file, and its root as a whole."""
    yield from ((key[0], str(each)) for each in PurePosixPath(key[1]).parents)


def _in_closure(facts: Facts, path: str) -> Key | None:
    """Return which file of the closure a path leads to: as it is spelled, or where its folder really lies."""
    spelled = Path(path)
    for each in (spelled, Path(os.path.realpath(spelled.parent), spelled.name)):
        key = facts.locate(str(each))
        if key is not None and facts.observed(key) is not None:
            return key
    return None


def _temporary() -> str | None:
    """Return a directory in which everybody may make files and nobody else may remove ours; None for the default."""
    for place in _TEMPORARY:
        try:
            mode = Path(place).stat().st_mode
        except OSError:
            continue
        if stat.S_ISDIR(mode) and mode & stat.S_ISVTX and os.access(place, os.W_OK):
            return place
    return None
