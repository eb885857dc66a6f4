"""From where the places of roots are looked up: our own root directory, or that of a process.

A process in a mount namespace or a container of its own may see other files at the same paths. What counts are those.
Through `/proc/PID/root` one gets there, but an absolute link on the way would lead back to our own root; so paths are
resolved inside that directory (openat2, RESOLVE_IN_ROOT).
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final

from attest.measure.kernel import IN_ROOT, NO_MAGICLINKS, has_openat2, mount_of, openat2
from attest.measure.opening import open_directory, unreadable
from attest.measure.process import ProcessHandle, wait_exit
from attest.measure.processes.namespaces import has_our_users
from attest.measure.stat_cache import Caches, StatCache, read_mountinfo
from attest.statement.findings import FindingKind
from attest.statement.observation import Trouble

_ROOT: Final = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_CLOEXEC
_NO_WAY: Final = "a link or .. on the way, and no openat2 to follow it there"
_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, kw_only=True)
class Standpoint:
    """Where absolute paths start."""

    root: int | None = None
    """Descriptor of a process's root directory; None: our own."""
    prefix: str = ""
    """What goes before a path to read a file whose digest is known already: then no link on the way does harm."""
    outside: str = ""
    """The same for what nobody measures. Who made his user namespace himself may have mounted anything there: then it
    has to be what lies there for us, as if nothing went before."""
    view: tuple[str, ...] = ()
    """Equal for two processes that see the same files at the same paths."""
    process: str = "self"
    """Whose directory of procfs tells of the mounts."""
    cache: StatCache | None = None
    """What is remembered of earlier looks from here."""
    fine: frozenset[int] = frozenset()
    """The device numbers of file systems that are known to stamp changes finely."""
    helped: bool = False
    """A large tree may be read by a second process, too: no server can trace one that could not trace us as well."""
    trouble: Trouble | None = None
    """Why nothing can be seen from there."""

    def open(self, place: str) -> int:
        """Open the directory of a root; a link as its last part is refused, one on the way is followed as there.

        Raises `OSError`.
        """
        if self.root is None:
            return open_directory(place)
        if has_openat2():
            return openat2(self.root, place, _DIRECTORY, IN_ROOT | NO_MAGICLINKS)
        return _open_by_names(self.root, place)

    def mountinfo(self) -> bytes | None:
        """Return all mounts there as procfs tells them; None if nobody lets us see."""
        return read_mountinfo(self.process)

    def mounts_of_our_users(self) -> bytes | None:
        """Return the same; None also if root there may be anybody, in a user namespace that he made himself."""
        return self.mountinfo() if self.prefix == self.outside else None

    def status(self, place: str) -> os.stat_result:
        """Return what lies at a place; a link is not followed. Raises `OSError`."""
        return os.lstat(f"{self.prefix}{place}")


OURS: Final = Standpoint()


@contextmanager
def standing_at(handle: ProcessHandle | None, caches: Caches | None = None) -> Iterator[Standpoint]:
    """Stand where a process stands, or where we do if there is none.

    If it does not let us, or has ended, nothing can be seen: our own view is never passed off as its.
    """
    if handle is None:
        yield _with_cache(OURS, caches)
        return
    try:
        root = os.open(f"/proc/{handle.pid}/root", _ROOT)
    except OSError as error:
        yield Standpoint(trouble=_unreachable(unreadable(error).detail))
        return
    try:
        yield _with_cache(_at(root, handle), caches)
    finally:
        os.close(root)


def _at(root: int, handle: ProcessHandle) -> Standpoint:
    try:
        view, own = _view(f"/proc/{handle.pid}", root), _own_view()
    except OSError as error:
        return Standpoint(trouble=_unreachable(unreadable(error).detail))
    # It lived while its number was looked up, so that the number was its own.
    if wait_exit(handle, 0.0):
        return Standpoint(trouble=_unreachable("the process has ended"))
    if view == own:
        return Standpoint(root=root if has_openat2() else None, view=view)
    prefix = f"/proc/{handle.pid}/root"
    outside = prefix if has_our_users(handle.pid) else ""
    return Standpoint(root=root, prefix=prefix, outside=outside, view=view, process=f"{handle.pid}")


def _with_cache(found: Standpoint, caches: Caches | None) -> Standpoint:
    return found if caches is None or found.trouble is not None else replace(found, cache=caches.at(found.view))


def _own_view() -> tuple[str, ...]:
    root = os.open("/", _ROOT)
    try:
        return _view("/proc/self", root)
    finally:
        os.close(root)


def _view(process: str, root: int) -> tuple[str, ...]:
    """The mount namespace, and which directory of which mount the root is."""
    status, (kind, mount) = os.fstat(root), mount_of(root)
    return os.readlink(f"{process}/ns/mnt"), f"{status.st_dev}:{status.st_ino}", f"{kind}:{mount}"


def _unreachable(detail: str) -> Trouble:
    return Trouble(kind=FindingKind.UNREACHABLE, detail=detail)


def _open_by_names(root: int, place: str) -> int:
    """Open a place one name after the other. Without openat2 no link can be followed inside of another root."""
    parts = [part for part in place.split("/") if part not in {"", "."}]
    descriptor = os.dup(root)
    try:
        for part in parts[:-1]:
            if part == "..":
                # From the topmost directory that would lead out of it.
                raise OSError(errno.EOPNOTSUPP, _NO_WAY)
            try:
                inner = os.open(part, _ROOT | os.O_NOFOLLOW, dir_fd=descriptor)
            except NotADirectoryError as error:
                raise OSError(errno.EOPNOTSUPP, _NO_WAY) from error
            os.close(descriptor)
            descriptor = inner
        return os.open(parts[-1] if parts else ".", _DIRECTORY, dir_fd=descriptor)
    finally:
        os.close(descriptor)
