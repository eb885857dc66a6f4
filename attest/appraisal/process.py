"""The process that was found against the sealed command, and against the process first measured."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping

from attest.appraisal.state import make_finding
from attest.statement.findings import Finding, FindingKind
from attest.statement.observation import FileIdentity, ObservedProcess
from attest.statement.placeholders import expand
from attest.statement.profile import ProcessProfile

WHERE = "process"


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
    executable: FileIdentity | None,
    *,
    first: ObservedProcess | None = None,
) -> tuple[Finding, ...]:
    """Return what about the process is not as sealed.

    `executable` is the file that `sealed_executable` resolves to now, None if there is none.
    Compared are that file (device and inode) with the one that runs, and the arguments: after the
    executable's own name all of them, which for a script are the script and what follows it; a link to
    the sealed file is as good as its own path, since pipx and `uv tool` let their users call one. Without
    a profile only what needs none is judged. `first` is the first observation in this run: from then
    on it has to be the same process with the same executable.

    A process can rewrite the arguments it shows; that they are right proves nothing by itself.
    """
    if first is not None and _name(first) != _name(observed):
        return (make_finding(FindingKind.PROCESS_REPLACED, WHERE, expected=_spelled(first), found=_spelled(observed)),)
    if not observed.alive:
        return (make_finding(FindingKind.PROCESS_GONE, WHERE, expected=_spelled(observed)),)
    if observed.trouble is not None:
        return (make_finding(observed.trouble.kind, WHERE, found=observed.trouble.detail),)
    findings = [*_judge_executable(observed)]
    if profile is not None and (sealed := sealed_executable(profile)) is not None:
        findings += _judge_identity(expand(sealed, places), observed, executable)
        findings += _judge_arguments(profile, places, observed)
    if first is not None and first.executable_sha256 != observed.executable_sha256:
        findings.append(
            make_finding(
                FindingKind.EXECUTABLE_OTHER,
                WHERE,
                expected=f"sha256:{first.executable_sha256}",
                found=f"sha256:{observed.executable_sha256}",
            )
        )
    return tuple(findings)


def _judge_executable(observed: ObservedProcess) -> Iterator[Finding]:
    if observed.executable_deleted:
        yield make_finding(
            FindingKind.EXECUTABLE_DELETED,
            WHERE,
            expected="an executable that is still on disk",
            found=f"{observed.executable_path}, deleted, sha256:{observed.executable_sha256}",
        )


def _judge_identity(sealed: str, observed: ObservedProcess, executable: FileIdentity | None) -> Iterator[Finding]:
    if executable is None or executable != observed.executable_identity:
        missing = " (no such file)" if executable is None else ""
        yield make_finding(
            FindingKind.EXECUTABLE_OTHER,
            WHERE,
            expected=f"{sealed}{missing}",
            found=f"{observed.executable_path}, sha256:{observed.executable_sha256}",
        )


def _judge_arguments(
    profile: ProcessProfile, places: Mapping[str, str], observed: ObservedProcess
) -> Iterator[Finding]:
    sealed = tuple(expand(argument, places) for argument in profile.argv)
    expected = sealed if profile.interpreter is not None else sealed[1:]
    found = (observed.argv or ())[1:]
    links = dict(observed.links)
    same = [
        wanted in {argument, _absolute(argument, observed.working_directory), links.get(argument)}
        for wanted, argument in zip(expected, found, strict=False)
    ]
    if len(found) != len(expected) or not all(same):
        yield make_finding(FindingKind.ARGUMENTS, WHERE, expected=_quoted(expected), found=_quoted(found))


def _absolute(argument: str, working_directory: str | None) -> str:
    """Return what an argument names if it is a relative path: a server may be started from its own folder."""
    return posixpath.normpath(posixpath.join(working_directory or "", argument))


def _name(process: ObservedProcess) -> tuple[int, int, str]:
    return process.pid, process.start_time_ticks, process.boot_id


def _spelled(process: ObservedProcess) -> str:
    return f"pid {process.pid}, started at tick {process.start_time_ticks}, boot {process.boot_id}"


def _quoted(arguments: tuple[str, ...]) -> str:
    return " ".join(ascii(argument) for argument in arguments) or "no arguments"
