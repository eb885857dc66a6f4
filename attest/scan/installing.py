"""Scripts that a package manager runs while it installs a package: they lie in a server's files and are no server."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from attest.errors import MalformedError
from attest.measure.processes.children import read_stat

_EVENT: Final = "npm_lifecycle_event"
"""pnpm and Yarn set it as well."""
_INSTALLING: Final = frozenset(
    {"preinstall", "install", "postinstall", "prepublish", "preprepare", "prepare", "postprepare"}
)
"""Events of `npm install` and `npm ci`; `npx` and `npm start` have others."""
_MANAGERS: Final = frozenset({"npm", "npm-cli.js", "pnpm", "pnpm.cjs", "yarn", "yarn.js", "bun"})
_GENERATIONS: Final = 6
"""The manager, a shell, what it starts, and what that starts: install scripts call others."""
_TITLE_BYTES: Final = 4096


def is_install_script(pid: int, environment: Mapping[str, str]) -> bool:
    """Return whether a process is run by an installation.

    Its environment says so, and the package manager still waits for it: what outlives that is a process by itself.
    """
    if environment.get(_EVENT) not in _INSTALLING:
        return False
    for _ in range(_GENERATIONS):
        try:
            pid = read_stat(pid).parent
            words = Path(f"/proc/{pid}/cmdline").read_bytes()[:_TITLE_BYTES].split(b"\0")[:2]
        except (OSError, MalformedError):
            return False
        if any(program_of(word.decode("utf-8", "replace")) in _MANAGERS for word in words):
            return True
    return False


def program_of(word: str) -> str:
    """Return the name of a program by its first argument, which npm makes one line of all (`npm exec @a/b`)."""
    return posixpath.basename(word.partition(" ")[0])
