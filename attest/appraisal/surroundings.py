"""Where and as whom a process runs, what it started and where it listens, against what is sealed and was first seen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from attest.appraisal.closure import Closure, is_below
from attest.appraisal.state import make_finding
from attest.statement.findings import Finding, FindingKind
from attest.statement.manifest import Scope
from attest.statement.observation import FileIdentity, MappedFile, Mount, ObservedChild, ObservedMounts, ObservedProcess
from attest.statement.profile import ProcessProfile

WHERE: Final = "process"


@dataclass(frozen=True, kw_only=True)
class Resolved:
    """What the paths of the sealed profile lead to now, links followed."""

    executable: FileIdentity | None = None
    """The file that `sealed_executable` is; None if there is none."""
    executable_path: str | None = None
    """Where it lies, absolute, as procfs would tell it of the process; None if none is sealed."""
    virtual_environment: str | None = None
    """To which an interpreter of Python is led by the name of that program (PEP 405); None if to none."""
    programs: frozenset[FileIdentity] = frozenset()
    """The sealed children."""
    working_directory: str | None = None
    """Absolute; None if none is sealed."""


def judge_surroundings(
    profile: ProcessProfile | None,
    observed: ObservedProcess,
    resolved: Resolved,
    closure: Closure,
    *,
    first: ObservedProcess | None = None,
) -> tuple[Finding, ...]:
    """Return what is not as sealed, or not as it was at the first look in this run."""
    findings = [*_judge_children(profile, observed, closure, resolved.programs)]
    if observed.mounts is not None:
        findings += _judge_mounts(observed.mounts, closure)
    if profile is not None:
        findings += _judge_directory(resolved.working_directory, observed)
        findings += _judge_listening(profile, observed)
    if first is not None:
        findings += _judge_changes(first, observed)
    return tuple(findings)


def _judge_directory(sealed: str | None, observed: ObservedProcess) -> Iterator[Finding]:
    if sealed is not None and observed.working_directory != sealed:
        found = observed.working_directory or "unknown"
        yield make_finding(FindingKind.WORKING_DIRECTORY, WHERE, expected=sealed, found=found)


def _judge_listening(profile: ProcessProfile, observed: ObservedProcess) -> Iterator[Finding]:
    if profile.listening is None or observed.listening is None:
        return
    sealed = ", ".join(profile.listening) or "nowhere"
    for where in observed.listening:
        if where not in profile.listening:
            yield make_finding(FindingKind.LISTENING, WHERE, expected=sealed, found=where)


def _judge_changes(first: ObservedProcess, observed: ObservedProcess) -> Iterator[Finding]:
    if (first.uid, first.real_uid) != (observed.uid, observed.real_uid):
        yield make_finding(
            FindingKind.CREDENTIALS,
            WHERE,
            expected=f"effective uid {first.uid}, real uid {first.real_uid}, as at first",
            found=f"effective uid {observed.uid}, real uid {observed.real_uid}",
        )
    before, now = dict(first.namespaces), dict(observed.namespaces)
    for name in sorted(before.keys() | now.keys()):
        if before.get(name) != now.get(name):
            yield make_finding(
                FindingKind.NAMESPACE,
                WHERE,
                expected=f"{before.get(name, f'no {name}')}, as at first",
                found=now.get(name, f"no {name}"),
            )


def _judge_children(
    profile: ProcessProfile | None, observed: ObservedProcess, closure: Closure, programs: frozenset[FileIdentity]
) -> Iterator[Finding]:
    sealed = None if profile is None else profile.children
    for child in observed.children:
        found = _what_is_wrong(child, observed, closure, None if sealed is None else programs)
        if found is not None:
            path = "unknown" if child.executable is None else child.executable.path
            yield make_finding(
                FindingKind.CHILD if child.executable is not None else FindingKind.UNREACHABLE,
                WHERE,
                expected="a program that it may start" if sealed is None else ", ".join((*sealed, "its own program")),
                found=f"pid {child.pid}, {path}: {found}",
            )


def _what_is_wrong(
    child: ObservedChild,
    observed: ObservedProcess,
    closure: Closure,
    programs: frozenset[FileIdentity] | None,
) -> str | None:
    """Return why a child may not run; without `programs` it may run what the server could not have written."""
    file = child.executable
    if file is None:
        return None if programs is None else "nobody lets us see what it runs"
    if file.identity == observed.executable_identity:
        return None
    if programs is not None:
        return None if file.identity in programs else "not sealed"
    return None if file.identity in closure.files else _what_is_wrong_with(file, closure)


def _what_is_wrong_with(file: MappedFile, closure: Closure) -> str | None:
    """Return why a program that is not sealed may not be started."""
    if file.in_memory:
        return "only in memory"
    if file.in_place is False:
        known = file.sha256 in closure.digests or file.sha256 in closure.elsewhere
        return None if known else "deleted or replaced"
    return "the server could have written it" if file.writable else None


def _judge_mounts(mounts: ObservedMounts, closure: Closure) -> Iterator[Finding]:
    for place in mounts.owned:
        yield make_finding(
            FindingKind.MOUNT,
            WHERE,
            expected=f"{place}: files for which the kernel answers",
            found="a file system that the server's user may have mounted",
        )
    private = frozenset(mounts.theirs).difference(mounts.theirs if mounts.ours is None else mounts.ours)
    for mount in dict.fromkeys(mounts.theirs):
        if _covers(mount, closure, private):
            yield make_finding(
                FindingKind.MOUNT,
                WHERE,
                expected="nothing mounted over what is sealed",
                found=f"{mount.point}: {mount.root} of device {mount.device}",
            )


def _covers(mount: Mount, closure: Closure, private: frozenset[Mount]) -> bool:
    """Whether something is mounted in an exact root, or, for the process alone, over a file that is listed."""
    for place, root in closure.roots:
        if mount.point == place or not is_below(mount.point, place):
            continue
        if root.scope is Scope.EXACT:
            if not any(is_below(mount.point, f"{place}/{each}") for each in root.mutable):
                return True
        elif mount in private and any(is_below(path, mount.point) for path in closure.listed):
            return True
    return False
