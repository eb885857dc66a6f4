"""The process that was found against the sealed command, and against the process first measured."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from attest.appraisal.closure import Closure, Where
from attest.appraisal.environment import judge_environment
from attest.appraisal.mapped import SEALED_ELSEWHERE, judge_mapped
from attest.appraisal.state import make_finding
from attest.appraisal.surroundings import Resolved, judge_surroundings
from attest.codec.printable import printable
from attest.statement.findings import Finding, FindingKind
from attest.statement.observation import FileIdentity, ObservedProcess
from attest.statement.placeholders import expand
from attest.statement.profile import ProcessProfile

WHERE = "process"
_EMPTY: Final = Closure()
_PYTHON: Final = re.compile("python|pypy|graalpy")
_REPLACED: Final = frozenset({FindingKind.EXECUTABLE_REPLACED, FindingKind.UPDATED})


def sealed_executable(profile: ProcessProfile) -> str | None:
    """Return the file that the sealed command makes the kernel run, with its placeholder.

    For a script that is the interpreter of its `#!` line. None if the profile names no command.
    """
    if profile.interpreter is not None:
        return profile.interpreter
    return profile.argv[0] if profile.argv else None


def judge_process(
    profile: ProcessProfile | None,
    places: Mapping[str, str],
    observed: ObservedProcess,
    resolved: Resolved,
    *,
    closure: Closure = _EMPTY,
    first: ObservedProcess | None = None,
    earlier: frozenset[FileIdentity] = frozenset(),
    given: Mapping[str, str] | None = None,
) -> tuple[Finding, ...]:
    """Return what about the process is not as sealed.

    `resolved.executable` is the file that `sealed_executable` resolves to now, None if there is none.
    Compared are that file (device and inode) with the one that runs, and the arguments: after the
    executable's own name all of them but the parameters, for a script the script and what follows it; a link to
    the sealed file is as good as its own path, since pipx and `uv tool` let their users call one. Then what it has
    mapped, its environment, and what is around it. Without a profile only what needs none is judged. `first` is the
    first observation in this run: from then on it has to be the same process with the same executable. `earlier` are
    the mapped files that lay in their places when they were looked at before. `given` are the variables that our own
    launcher set; None: somebody else started it.

    A process can rewrite the arguments and the environment that it shows; that they are right proves nothing by itself.
    """
    if first is not None and _name(first) != _name(observed):
        return (make_finding(FindingKind.PROCESS_REPLACED, WHERE, expected=_spelled(first), found=_spelled(observed)),)
    if not observed.alive:
        return (make_finding(FindingKind.PROCESS_GONE, WHERE, expected=_spelled(observed)),)
    if observed.trouble is not None:
        return (make_finding(observed.trouble.kind, WHERE, found=observed.trouble.detail),)
    findings = [*_judge_executable(observed, resolved.executable_path, closure, earlier)]
    replaced = any(finding.kind in _REPLACED for finding in findings)
    if profile is not None and (sealed := sealed_executable(profile)) is not None:
        if not replaced:
            findings += _judge_identity(expand(sealed, places), observed, resolved)
        if given is None or not _shows_title(observed):
            findings += _judge_arguments(profile, places, observed)
            findings += _judge_own_name(expand(sealed, places), observed, resolved)
    if first is not None and first.executable_sha256 != observed.executable_sha256:
        findings.append(
            make_finding(
                FindingKind.EXECUTABLE_OTHER,
                WHERE,
                expected=f"sha256:{first.executable_sha256}",
                found=f"sha256:{observed.executable_sha256}",
            )
        )
    if observed.environment is not None:
        rules = profile.environment if profile is not None else None
        findings += judge_environment(rules, observed.environment, given or {})
    findings += judge_mapped(observed, closure, earlier=earlier)
    findings += judge_surroundings(profile, observed, resolved, closure, first=first)
    return tuple(findings)


def runs_sealed_command(
    profile: ProcessProfile, places: Mapping[str, str], observed: ObservedProcess, resolved: Resolved
) -> bool:
    """Return whether a process runs the sealed program, or one that lay at its path, with the sealed arguments.

    That it does is no proof of anything: it says which process to measure.
    """
    if sealed_executable(profile) is None or next(_judge_arguments(profile, places, observed), None) is not None:
        return False
    return observed.executable_path == resolved.executable_path or (
        resolved.executable is not None and observed.executable_identity == resolved.executable
    )


def _judge_executable(
    observed: ObservedProcess, path: str | None, closure: Closure, earlier: frozenset[FileIdentity]
) -> Iterator[Finding]:
    found = f"{observed.executable_path}, deleted, sha256:{observed.executable_sha256}"
    if observed.executable_in_memory:
        yield make_finding(
            FindingKind.EXECUTABLE_IN_MEMORY, WHERE, expected="an executable on disk", found=f"{found}: only in memory"
        )
    elif observed.executable_deleted:
        same = _lay_there(observed, path, closure, earlier)
        kind = FindingKind.EXECUTABLE_REPLACED if same else FindingKind.EXECUTABLE_DELETED
        if not same and observed.executable_sha256 in closure.elsewhere and path in {None, observed.executable_path}:
            kind, found = FindingKind.UPDATED, f"{found}: {SEALED_ELSEWHERE}"
        yield make_finding(kind, WHERE, expected="an executable that is still on disk", found=found)


def _lay_there(observed: ObservedProcess, path: str | None, closure: Closure, earlier: frozenset[FileIdentity]) -> bool:
    """Return whether what runs is known to have lain where the sealed program lies.

    A copy from elsewhere with the sealed content is not that: an interpreter takes its library from where it lay.
    """
    where = observed.executable_path or ""
    if closure.where(where) is not Where.SEALED:
        return observed.executable_identity in earlier
    return observed.executable_sha256 in closure.digests and path in {None, where}


def _judge_identity(sealed: str, observed: ObservedProcess, resolved: Resolved) -> Iterator[Finding]:
    """The same file under another name is another program: an interpreter takes its library from where it lies."""
    known = resolved.executable_path
    elsewhere = known is not None and printable(known) != observed.executable_path
    if resolved.executable is None or resolved.executable != observed.executable_identity or elsewhere:
        missing = " (no such file)" if resolved.executable is None else ""
        yield make_finding(
            FindingKind.EXECUTABLE_OTHER,
            WHERE,
            expected=f"{sealed}{missing}",
            found=f"{observed.executable_path}, sha256:{observed.executable_sha256}",
        )


def _judge_own_name(sealed: str, observed: ObservedProcess, resolved: Resolved) -> Iterator[Finding]:
    """An interpreter of Python takes its packages from where the name leads by which it was started."""
    named, found = resolved.virtual_environment, observed.virtual_environment
    if found != named and _PYTHON.match(posixpath.basename(sealed)):
        yield make_finding(
            FindingKind.EXECUTABLE_OTHER,
            WHERE,
            expected=f"{sealed}, called so that its packages are {_packages_of(named)}",
            found=f"{observed.executable_path}, called so that they are {_packages_of(found)}",
        )


def _packages_of(environment: str | None) -> str:
    return "in no virtual environment" if environment is None else f"those of {environment}"


def _judge_arguments(
    profile: ProcessProfile, places: Mapping[str, str], observed: ObservedProcess
) -> Iterator[Finding]:
    sealed = tuple(None if argument is None else expand(argument, places) for argument in profile.fixed_argv)
    expected = sealed if profile.interpreter is not None else sealed[1:]
    found = (observed.argv or ())[1:]
    same = [wanted in {None, *_meant_by(argument, observed)} for wanted, argument in zip(expected, found, strict=False)]
    if len(found) != len(expected) or not all(same):
        shown = _without_secrets(expected, found)
        yield make_finding(FindingKind.ARGUMENTS, WHERE, expected=_quoted(expected), found=_quoted(shown))


def _shows_title(observed: ObservedProcess) -> bool:
    """Whether a process has written a title over its arguments (`process.title`, setproctitle); nothing follows one.

    Of one that our launcher started, what it was told is known without asking it.
    """
    argv = observed.argv or ()
    return len(argv) > 1 and bool(argv[0]) and not any(argv[1:])


def _without_secrets(expected: Sequence[str | None], found: Sequence[str]) -> tuple[str | None, ...]:
    """Return what may be shown: from the first parameter on, any word but a sealed one could be the secret."""
    first = expected.index(None) if None in expected else len(found)
    return tuple(word if at < first or word in expected else None for at, word in enumerate(found))


def _meant_by(argument: str, observed: ObservedProcess) -> frozenset[str | None]:
    """Return what an argument may stand for: a server may be started from its own folder, or by a link.

    Where there may be a link before a `..`, the kernel follows it and node takes both out of the text: only what is one
    to both of them counts.
    """
    path = posixpath.normpath(posixpath.join(observed.working_directory or "", argument))
    led = dict(observed.links).get(argument)
    if ".." in argument.split("/"):
        return frozenset({argument, path if path == led else None})
    return frozenset({argument, path, led})


def _name(process: ObservedProcess) -> tuple[int, int, str]:
    return process.pid, process.start_time_ticks, process.boot_id


def _spelled(process: ObservedProcess) -> str:
    return f"pid {process.pid}, started at tick {process.start_time_ticks}, boot {process.boot_id}"


def _quoted(arguments: Sequence[str | None]) -> str:
    return " ".join("…" if argument is None else ascii(argument) for argument in arguments) or "no arguments"
