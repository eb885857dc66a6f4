"""A process, held by a descriptor: whatever is read about its number is checked to be about itself.

Process ids are used again. A pidfd stays with one process; as long as that one lives, what lies
under `/proc/PID` belongs to it. So everything is read first and believed once the pidfd says that
the process still lives and its start time is unchanged. Linux only.
"""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Self

from attest.codec.printable import printable
from attest.errors import MalformedError, UnavailableError
from attest.measure.opening import MAX_RETRIES, unreadable
from attest.measure.processes.children import look_at_children, read_stat
from attest.measure.processes.environ import MAX_ENVIRONMENT_BYTES, parse_environment
from attest.measure.processes.executable import look_at_executable
from attest.measure.processes.held import HeldFiles
from attest.measure.processes.mapped import identity_of, look_at_mapped
from attest.measure.processes.mounts import look_at_mounts
from attest.measure.processes.namespaces import look_at_namespaces
from attest.measure.processes.own_name import environment_by_name
from attest.measure.processes.reading import read_whole
from attest.measure.processes.sockets import look_at_listening
from attest.measure.processes.status import ProcessUser, parse_status
from attest.measure.processes.writing import Writing
from attest.measure.trail import real_path
from attest.statement.findings import FindingKind
from attest.statement.observation import FileIdentity, ObservedProcess, Trouble

MAX_ARGUMENT_BYTES: Final = 4 * 1024 * 1024
"""More than the kernel's own limit for arguments and environment together, by default 2 MiB."""
_EXEC_WAITS_SECONDS: Final = (0, 0.002, 0.01, 0.05)
"""Waits before each try to read the arguments; an exec takes well under a millisecond on an idle machine."""
_MAX_STATUS_BYTES: Final = 1024 * 1024
"""A user may be in 65,536 groups (NGROUPS_MAX)."""


@dataclass(frozen=True, kw_only=True)
class ProcessHandle:
    """One process for ever: its descriptor, and what names it for others. Closed by `close`."""

    pid: int
    start_time_ticks: int
    boot_id: str
    descriptor: int
    _closed: list[bool] = field(default_factory=list, repr=False, compare=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the descriptor back; a second call does nothing."""
        if not self._closed:
            self._closed.append(True)
            os.close(self.descriptor)


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What to ask of a process besides what is always looked at."""

    salt: bytes = b""
    """For the digests of its variables."""
    places: tuple[str, ...] = ()
    """Absolute paths of directories, in which nobody but the kernel may answer for what it reads."""
    listening: bool = False
    """Where it listens: on a busy machine the tables of all sockets are long."""
    adopted: tuple[int, ...] = ()
    """What it started and disowned, and was handed to us."""
    prefix: str = ""
    """Its root directory, if that is not ours."""
    hashed_with_tree: FileIdentity | None = None
    """A file that is hashed in the same cycle anyway: if it is the executable, its digest is left to `complete`."""
    held: HeldFiles = field(default_factory=HeldFiles)
    """What it had mapped when it was looked at before."""


_NOTHING: Final = Wanted()


def open_process(pid: int) -> ProcessHandle:
    """Take hold of a running process; raise `UnavailableError` if there is none of that number."""
    where = f"process {pid}"
    try:
        boot = boot_id()
        descriptor = os.pidfd_open(pid)
    except (OSError, ValueError, OverflowError) as error:
        raise UnavailableError(where, "a running process", _reason(error)) from error
    try:
        ticks = _start_time_ticks(pid)
    except (OSError, MalformedError) as error:
        os.close(descriptor)
        raise UnavailableError(where, "a running process", _reason(error)) from error
    handle = ProcessHandle(pid=pid, start_time_ticks=ticks, boot_id=boot, descriptor=descriptor)
    if wait_exit(handle, 0.0):
        handle.close()
        raise UnavailableError(where, "a running process", "one that has ended")
    return handle


def observe_process(handle: ProcessHandle, wanted: Wanted = _NOTHING) -> ObservedProcess:
    """Look at the process as it is now.

    The running file itself is hashed, whatever lies at its path. If the process changes its
    executable meanwhile, it is looked at again; after `MAX_RETRIES` that is trouble, as is
    everything that cannot be read. One that ends meanwhile is reported as not alive.
    """
    trouble = Trouble(kind=FindingKind.UNSTABLE, detail="the executable changed in every look")
    try:
        for _ in range(MAX_RETRIES + 1):
            before = _identity_of(f"/proc/{handle.pid}/exe")
            seen = _observe(handle, wanted)
            if not _is_same(handle):
                return _ended(handle)
            if seen is not None and before == seen.executable_identity:
                return seen
    except OSError as error:
        if not _is_same(handle):
            return _ended(handle)
        trouble = unreadable(error)
    except MalformedError as error:
        if not _is_same(handle):
            return _ended(handle)
        trouble = Trouble(kind=FindingKind.UNREADABLE, detail=printable(str(error)))
    return ObservedProcess(
        pid=handle.pid,
        start_time_ticks=handle.start_time_ticks,
        boot_id=handle.boot_id,
        alive=True,
        trouble=trouble,
    )


def complete(handle: ProcessHandle, seen: ObservedProcess, digest: str | None) -> ObservedProcess:
    """Return an observation with the digest that was left out, `digest` if the tree had it, else taken now.

    Of the executable that was seen: a process that runs another by now is trouble, one that has ended is not alive.
    """
    if not seen.alive or seen.trouble is not None or seen.executable_sha256 is not None:
        return seen
    if digest is not None:
        return replace(seen, executable_sha256=digest)
    trouble = Trouble(kind=FindingKind.UNSTABLE, detail="the executable changed after the look")
    try:
        now = look_at_executable(handle.pid, None)
        if now is not None and now.identity == seen.executable_identity:
            return replace(seen, executable_sha256=now.sha256)
    except OSError as error:
        trouble = unreadable(error)
    return replace(seen, trouble=trouble) if _is_same(handle) else _ended(handle)


def signal_process(handle: ProcessHandle, number: signal.Signals) -> bool:
    """Send a signal to this very process; return False if it has ended.

    Raises `UnavailableError` if the system does not let us.
    """
    try:
        signal.pidfd_send_signal(handle.descriptor, number)
    except ProcessLookupError:
        return False
    except OSError as error:
        raise UnavailableError(f"process {handle.pid}", f"leave to send {number.name}", _reason(error)) from error
    return True


def wait_exit(handle: ProcessHandle, seconds: float) -> bool:
    """Wait until the process ends, at most so long; return whether it did. A zombie has ended."""
    poller = select.poll()
    poller.register(handle.descriptor, select.POLLIN)
    return bool(poller.poll(max(0.0, seconds) * 1000))


def file_identity(path: str | os.PathLike[str], prefix: str = "") -> FileIdentity | None:
    """Return which file a path leads to, links followed; None if to none that we can see.

    `prefix` is the root directory of the process that it is meant for (`attest.measure.trail`), if that is not ours.
    """
    try:
        return _identity_of(f"{prefix}{real_path(os.fspath(path), prefix)}" if prefix else path)
    except (OSError, ValueError):
        return None


def effective_uid(handle: ProcessHandle) -> int | None:
    """Return the effective user id of the process; None if it cannot be seen."""
    try:
        uid = _user(handle.pid).uid
    except (OSError, MalformedError):
        return None
    return uid if _is_same(handle) else None


def _observe(handle: ProcessHandle, wanted: Wanted) -> ObservedProcess | None:
    """None if the executable's file changed while it was hashed."""
    pid = handle.pid
    executable = look_at_executable(pid, wanted.hashed_with_tree)
    if executable is None:
        return None
    user = _user(pid)
    mapped = look_at_mapped(pid, Writing(f"/proc/{pid}/root", user), wanted.held)
    children = look_at_children(pid, user, wanted.adopted)
    arguments = arguments_of(pid)
    environment = read_whole(f"/proc/{pid}/environ", MAX_ENVIRONMENT_BYTES)
    folder = os.readlink(f"/proc/{pid}/cwd")
    return ObservedProcess(
        pid=pid,
        start_time_ticks=handle.start_time_ticks,
        boot_id=handle.boot_id,
        alive=True,
        uid=user.uid,
        real_uid=user.real_uid,
        argv=arguments,
        links=links_of(arguments, folder, wanted.prefix),
        virtual_environment=environment_by_name(arguments, environment, folder, wanted.prefix),
        working_directory=folder,
        executable_path=executable.path,
        executable_deleted=executable.deleted,
        executable_in_memory=executable.in_memory,
        executable_sha256=executable.sha256,
        executable_identity=executable.identity,
        mapped=mapped.files,
        mapped_files_seen=mapped.themselves,
        memory_seen=mapped.memory,
        environment=parse_environment(environment, wanted.salt),
        namespaces=look_at_namespaces(pid),
        mounts=look_at_mounts(pid, wanted.places),
        children=children,
        listening=look_at_listening((pid, *(child.pid for child in children))) if wanted.listening else None,
    )


def _ended(handle: ProcessHandle) -> ObservedProcess:
    return ObservedProcess(
        pid=handle.pid,
        start_time_ticks=handle.start_time_ticks,
        boot_id=handle.boot_id,
        alive=False,
    )


def _is_same(handle: ProcessHandle) -> bool:
    try:
        ticks = _start_time_ticks(handle.pid)
    except (OSError, MalformedError):
        return False
    return ticks == handle.start_time_ticks and not wait_exit(handle, 0.0)


def _start_time_ticks(pid: int) -> int:
    return read_stat(pid).start_time_ticks


def boot_id() -> str:
    """Return what names this boot of the machine. Raises `OSError`."""
    return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()


def links_of(arguments: Sequence[str], folder: str, prefix: str = "") -> tuple[tuple[str, str], ...]:
    """Return the arguments after the first that name a link now, or hold `..`, and the file that each leads to.

    `folder` is where relative ones start; `prefix` is the root directory of the process, if that is not ours.
    """
    paths = ((each, os.path.join(folder, each)) for each in arguments[1:] if "/" in each and "\0" not in each)
    return tuple(
        (each, real_path(path, prefix))
        for each, path in paths
        if ".." in each.split("/") or (each.startswith("/") and os.path.islink(f"{prefix}{each}"))
    )


def arguments_of(pid: int) -> tuple[str, ...]:
    """Return the arguments that a process shows; bytes that are not UTF-8 as surrogates. Raises `OSError`."""
    octets = b""
    for wait in _EXEC_WAITS_SECONDS:
        # In the middle of its exec a process shows no arguments for a moment.
        if wait:
            time.sleep(wait)
        with Path(f"/proc/{pid}/cmdline").open("rb") as file:
            octets = file.read(MAX_ARGUMENT_BYTES)
        if octets:
            break
    if not octets:
        return ()
    texts = octets.removesuffix(b"\0").split(b"\0")
    return tuple(text.decode("utf-8", "surrogateescape") for text in texts)


def _user(pid: int) -> ProcessUser:
    return parse_status(read_whole(f"/proc/{pid}/status", _MAX_STATUS_BYTES))


def _identity_of(path: str | os.PathLike[str]) -> FileIdentity:
    return identity_of(os.stat(path))


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or "no such process id"
