"""`@modelcontextprotocol/server-filesystem`, of npm: tarballs, installed by `npm ci`, run by node; its client is apart.

The lock names no address, only digests: npm takes the packages from wherever its owner has set it up to.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

from attest.demo import python_environment
from attest.demo.servers.server import Server
from attest.demo.workshop import Workshop
from attest.errors import UnavailableError

PACKAGE: Final = "@modelcontextprotocol/server-filesystem"
PROJECT: Final = Path(__file__).parent.with_name("package.json")
LOCK: Final = PROJECT.with_name("package-lock.json")
_HINT: Final = "install Node.js 20 or newer with npm, check the network; or: attest demo --server time"


def _fetch(workshop: Workshop) -> None:
    """Get the tarballs with npm, and the wheels of the client with pip."""
    from attest.fetch.fetch import pack_locked, wanted_in

    for program in ("node", "npm"):
        if shutil.which(program) is None:
            raise UnavailableError("demo", "node and npm on the PATH", f"no {program}", hint=_HINT)
    _ask_index(workshop)
    workshop.archives.mkdir()
    pack_locked(wanted_in(LOCK.read_bytes(), LOCK.name), workshop.archives)
    python_environment.download(workshop, _wheels(workshop))


def _ask_index(workshop: Workshop) -> None:
    """Raise `UnavailableError` if the index does not answer.

    Without a network npm tries each of a hundred packages again and again, for minutes, and then takes what it
    remembers of them: this is one question, tried twice, and with nothing to remember.
    """
    words = ["npm", "view", PACKAGE, "version", "--fetch-retries=1", "--fetch-retry-mintimeout=1000"]
    answer = workshop.run([*words, f"--cache={workshop.folder / 'npm-cache'}"])
    if answer.code != 0:
        found = answer.stderr.partition("\n")[0][:200] or "none"
        raise UnavailableError("demo", f"a package index that has {PACKAGE}", found, hint=_HINT)


def _install(workshop: Workshop) -> None:
    """Install the server as the lock says, and the client beside it; no package's scripts are run."""
    from attest.fetch.client import run_client

    workshop.server.mkdir()
    for file in (PROJECT, LOCK):
        shutil.copyfile(file, workshop.server / file.name)
    words = ["npm", "ci", "--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund"]
    run_client(words, workshop.server, hint=_HINT)
    python_environment.install(workshop, _wheels(workshop), _environment(workshop))
    _allowed(workshop).mkdir()


def _client(workshop: Workshop) -> Path:
    return python_environment.python_of(_environment(workshop))


def _command(workshop: Workshop) -> tuple[str, ...]:
    return ("node", str(_dist(workshop) / "index.js"), str(_allowed(workshop)))


def _target(workshop: Workshop, _byte_code: Path) -> Path:
    """The module that decides which paths the server may touch."""
    return _dist(workshop) / "path-validation.js"


def _told(answer: str) -> str:
    """Return the directories, of `Allowed directories:` and one a line."""
    title, _, directories = answer.partition("\n")
    if not title.startswith("Allowed directories") or not directories.strip():
        raise ValueError(answer[:200])
    return " ".join(directories.split())


def _dist(workshop: Workshop) -> Path:
    return workshop.server / "node_modules" / PACKAGE / "dist"


def _allowed(workshop: Workshop) -> Path:
    """The one directory that the server may read and write: outside what is measured."""
    return workshop.folder / "files"


def _wheels(workshop: Workshop) -> Path:
    return workshop.folder / "client-wheels"


def _environment(workshop: Workshop) -> Path:
    return workshop.folder / "client"


FILESYSTEM: Final = Server(
    name="filesystem",
    package=PACKAGE,
    kind="tarballs",
    own="modelcontextprotocol-server-filesystem-*.tgz",
    tool="list_allowed_directories",
    arguments={},
    told=_told,
    fetch=_fetch,
    install=_install,
    client=_client,
    command=_command,
    target=_target,
)
