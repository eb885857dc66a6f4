"""Processes of MCP servers: those that configurations name, and others that plainly are some."""

from __future__ import annotations

import os
import posixpath
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from attest.codec import strict
from attest.errors import AttestError
from attest.measure.commands.invocation import Started, parents
from attest.measure.commands.resolving import resolve
from attest.scan.installing import is_install_script, program_of
from attest.scan.model import Concern, ConcernKind, Running
from attest.statement.profile import FORBIDDEN_NAMES

_MAX_BYTES: Final = 4 * 1024 * 1024
_DELETED: Final = " (deleted)"
_NAMED: Final = re.compile(r"(?:^|[-_.])mcp(?:[-_.]|$)", re.IGNORECASE)
_NODE: Final = re.compile(r"@modelcontextprotocol/|^fastmcp$|^mcp-")
_PYTHON: Final = re.compile(r"^Requires-Dist:\s*(?:mcp|fastmcp)\b", re.MULTILINE | re.IGNORECASE)
_LOADING: Final = FORBIDDEN_NAMES - {"PYTHONPYCACHEPREFIX"}
"""That one is set by `attest run`, too, and what lies there is measured."""
_EXEC_WAITS_SECONDS: Final = (0, 0.002, 0.01, 0.05)
"""In the middle of its exec a process shows no arguments for a moment."""
_LAUNCHERS: Final = frozenset({"npx", "npm", "uvx", "uv", "pipx", "sh", "bash", "dash", "zsh", "env"})
"""They start a server and are none; npm shows itself as `npm exec ...`."""


@dataclass(frozen=True, kw_only=True)
class SeenProcess:
    """A process, what it executes, and what to worry about."""

    running: Running
    started: Started
    concerns: tuple[Concern, ...]


def find_running() -> tuple[SeenProcess, ...]:
    """Return every process that executes something that can be told; those of others as far as we may look."""
    ours = {os.getpid(), os.getppid()}
    pids = sorted(int(name) for name in os.listdir("/proc") if name.isdecimal())
    return tuple(seen for pid in pids if pid not in ours and (seen := _look(pid)) is not None)


def is_server(started: Started) -> bool:
    """Whether what is executed is plainly an MCP server: by its name, or because its package needs an MCP library."""
    for file in started.code:
        if _NAMED.search(posixpath.basename(file).rpartition(".")[0] or posixpath.basename(file)):
            return True
        if _package_needs_mcp(file):
            return True
    return False


def _look(pid: int) -> SeenProcess | None:
    folder = f"/proc/{pid}"
    try:
        program = os.readlink(f"{folder}/exe")  # a thread of the kernel has none
        words = _words(f"{folder}/cmdline")
        cwd = os.readlink(f"{folder}/cwd")
        uid = os.stat(folder).st_uid
    except OSError:
        return None
    if not words or program_of(words[0]) in _LAUNCHERS:
        return None
    environment = _environment(folder)
    if is_install_script(pid, environment):
        return None
    deleted = program.endswith(_DELETED)
    first = words[0] if words[0].startswith("/") else program.removesuffix(_DELETED)
    try:
        started = resolve((first, *words[1:]), cwd=cwd, environment=environment)
    except (AttestError, ValueError):
        return None
    running = Running(pid=pid, uid=uid, started_seconds_ago=_age(folder))
    return SeenProcess(running=running, started=started, concerns=tuple(_concerns(deleted, environment)))


def _concerns(deleted: bool, environment: Mapping[str, str]) -> Iterator[Concern]:  # noqa: FBT001  (what was seen)
    if deleted:
        yield Concern(
            kind=ConcernKind.REPLACED,
            text="its program was replaced or removed on disk, and the old one still runs",
            hint="start the server again",
        )
    forbidden = sorted(name for name in _LOADING if environment.get(name))
    if forbidden:
        yield Concern(
            kind=ConcernKind.ENVIRONMENT, text=f"started with {', '.join(forbidden)}, which make it load other code"
        )


def _words(path: str) -> list[str]:
    for wait in _EXEC_WAITS_SECONDS:
        time.sleep(wait)
        if words := _texts(path):
            return words
    return []


def _texts(path: str) -> list[str]:
    with Path(path).open("rb") as file:
        octets = file.read(_MAX_BYTES)
    return [text.decode("utf-8", "surrogateescape") for text in octets.removesuffix(b"\0").split(b"\0") if octets]


def _environment(folder: str) -> dict[str, str]:
    """Return the environment that it was started with; empty if we may not look. Values are never shown."""
    try:
        return dict(text.partition("=")[::2] for text in _texts(f"{folder}/environ"))
    except OSError:
        return {}


def _age(folder: str) -> int | None:
    try:
        octets = Path(f"{folder}/stat").read_bytes()
        uptime = float(Path("/proc/uptime").read_text("ascii").split()[0])
        ticks = int(octets[octets.rindex(b")") + 2 :].split()[19])
    except (OSError, ValueError, IndexError):
        return None
    return max(0, int(uptime - ticks / os.sysconf("SC_CLK_TCK")))


def _package_needs_mcp(file: str) -> bool:
    for folder in parents(os.path.dirname(file)):
        if os.path.isfile(os.path.join(folder, "package.json")):
            return _node_needs_mcp(os.path.join(folder, "package.json"))
        if os.path.isfile(os.path.join(folder, "pyvenv.cfg")):
            return _python_needs_mcp(file, folder)
    return False


def _node_needs_mcp(path: str) -> bool:
    try:
        told = strict.parse(Path(path).read_bytes()[:_MAX_BYTES], where=path)
    except (OSError, AttestError):
        return False
    if not isinstance(told, dict):
        return False
    needs = told.get("dependencies")
    names = [*(needs if isinstance(needs, dict) else ()), told.get("name")]
    return any(isinstance(name, str) and _NODE.search(name) for name in names)


def _python_needs_mcp(file: str, environment: str) -> bool:
    """Look for the distribution that a command of an environment, or a module in it, belongs to."""
    for record in Path(environment).glob("lib/python3*/site-packages/*.dist-info/RECORD"):
        site = record.parent.parent
        relative = os.path.relpath(file, site)
        try:
            names = record.read_text("utf-8").splitlines()
            needs = _PYTHON.search((record.parent / "METADATA").read_text("utf-8")) is not None
        except (OSError, UnicodeDecodeError):
            continue
        if needs and any(line.startswith((f"{relative},", f'"{relative}"')) for line in names):
            return True
    return False
