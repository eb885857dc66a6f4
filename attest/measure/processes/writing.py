"""Whether a process could have written a file: by the owners and modes of the file and of the directories above it.

Looked at through the process's own root. Not looked at: access control lists, which can give more than modes do, and
attributes such as `immutable`, which take away. For root there is no such line; what counts then is whether anybody
else could have written it, or put it where everybody may put things.
"""

from __future__ import annotations

import os
import posixpath
import stat

from attest.measure.processes.status import ProcessUser


class Writing:
    """The answer for one process in one look; each directory is looked at once."""

    def __init__(self, root: str, user: ProcessUser) -> None:
        """Take the process's root, as `/proc/PID/root`, and as whom it runs."""
        self._root = root
        self._user = user
        self._directories: dict[str, bool] = {}

    def can_write(self, path: str, status: os.stat_result) -> bool:
        """Return whether the process could have written the file at this absolute path. Raises `OSError`."""
        if not (self._may_write(status) or self._any_above(posixpath.dirname(path))):
            return False
        return not os.statvfs(self._root + path).f_flag & os.ST_RDONLY

    def _any_above(self, directory: str) -> bool:
        known = self._directories.get(directory)
        if known is None:
            status = os.stat(self._root + directory)
            known = self._may_exchange(status) or (directory != "/" and self._any_above(posixpath.dirname(directory)))
            self._directories[directory] = known
        return known

    def _may_write(self, status: os.stat_result) -> bool:
        if self._user.powerful:
            return status.st_uid != 0 or _others_may_write(status)
        if status.st_uid in self._user.uids:
            # An owner can give itself the mode.
            return True
        in_group = status.st_gid in self._user.groups
        return bool(status.st_mode & stat.S_IWOTH or (in_group and status.st_mode & stat.S_IWGRP))

    def _may_exchange(self, status: os.stat_result) -> bool:
        """In a sticky directory nobody can exchange the files of others; root's own could still have come so."""
        if self._user.powerful or not status.st_mode & stat.S_ISVTX:
            return self._may_write(status)
        return status.st_uid in self._user.uids


def _others_may_write(status: os.stat_result) -> bool:
    return bool(status.st_mode & stat.S_IWOTH or (status.st_gid != 0 and status.st_mode & stat.S_IWGRP))
