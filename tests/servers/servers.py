"""The reference servers: installed as their users do, fetched, sealed, and measured in a second installation elsewhere.

What is proven of them is what their indexes offer: today a digest each, so they are `locked`. Needs pip, npm and their
indexes.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

COMMAND_SECONDS: Final = 600


@dataclass(frozen=True, kw_only=True)
class Server:
    """A package of an index, pinned, and the program that starts it."""

    package: str
    version: str
    program: str
    install: Callable[[Server, Path, str], Path]
    """Install it as `name` in a folder; returns the tree."""
    lock: Callable[[Path], Path]
    """What `attest fetch` takes to get the archives of an installation."""
    command: Callable[[Server, Path], list[str]]


@dataclass(frozen=True, kw_only=True)
class Row:
    """What sealing one server came to."""

    server: Server
    files: int
    octets: int
    shares: dict[str, float]
    """Of the files, by origin."""
    fetch_seconds: float
    seal_seconds: float
    elsewhere: str
    """The state that a measurement of the second installation found."""


def run(folder: Path, *words: str | Path) -> str:
    """Run a command to its end, and return what it printed."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(
        words, cwd=folder, env=environment, capture_output=True, text=True, timeout=COMMAND_SECONDS, check=False
    )
    assert done.returncode == 0, f"{words[:4]}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
    return done.stdout


def attest(folder: Path, *words: str | Path) -> str:
    """Run `attest` as a user would."""
    return run(folder, sys.executable, "-m", "attest", *words)


def install_python(server: Server, folder: Path, name: str) -> Path:
    """Make a virtual environment and install the server into it, as pip does."""
    run(folder, sys.executable, "-m", "venv", "--without-pip", name)
    python = folder / name / "bin/python"
    wish = f"{server.package}=={server.version}"
    run(folder, sys.executable, "-m", "pip", "--python", python, "install", "-q", "--only-binary", ":all:", wish)
    return folder / name


def install_node(server: Server, folder: Path, name: str) -> Path:
    """Install the server into a project folder of its own, as npm does."""
    (folder / name).mkdir()
    options = ["--ignore-scripts", "--no-audit", "--no-fund", "--omit=dev"]
    run(folder / name, "npm", "install", *options, f"{server.package}@{server.version}")
    return folder / name


def _python(package: str, version: str) -> Server:
    return Server(
        package=package,
        version=version,
        program=package,
        install=install_python,
        lock=lambda tree: tree,
        command=lambda server, tree: [str(tree / "bin" / server.program)],
    )


def _node(name: str, version: str) -> Server:
    return Server(
        package=f"@modelcontextprotocol/server-{name}",
        version=version,
        program=f"mcp-server-{name}",
        install=install_node,
        lock=lambda tree: tree / "package-lock.json",
        command=lambda server, tree: ["node", str(tree / "node_modules" / server.package / "dist/index.js")],
    )


SERVERS: Final = (
    _python("mcp-server-time", "2026.10.19"),
    _python("mcp-server-git", "2026.10.19"),
    _python("mcp-server-fetch", "2026.10.24"),
    _node("filesystem", "2026.8.31"),
    _node("everything", "2026.8.31"),
)


def seal_and_measure(server: Server, folder: Path) -> Row:
    """Install, fetch, seal; install again in another place, and measure that; everything in `folder`."""
    for role in ("sealer", "writer"):
        attest(folder, "key", "new", f"{role}.key")
    attest(folder, "trust", "new", "trust.json", "--sealer", "sealer.key.pub", "--writer", "writer.key.pub")
    tree = server.install(server, folder, "sealed")
    began = time.monotonic()
    attest(folder, "fetch", server.lock(tree), "-o", "evidence")
    fetched = time.monotonic()
    seal: list[str | Path] = [
        "seal",
        tree,
        "--evidence",
        "evidence",
        "--trust",
        "trust.json",
        "--key",
        "sealer.key",
        "-o",
        "server.ref",
    ]
    attest(folder, *seal, "--", *server.command(server, tree))
    sealed = time.monotonic()
    shutil.rmtree(tree)
    other = server.install(server, folder, "elsewhere")
    agent = ["agent", "server.ref", "--trust", "trust.json", "--key", "writer.key", "--log", "log", "--once"]
    printed = attest(folder, *agent, "--root", f"tree={other}")
    return _row(server, folder, fetched - began, sealed - fetched, printed)


def _row(server: Server, folder: Path, fetch: float, seal: float, printed: str) -> Row:
    shown = attest(folder, "show", "server.ref")
    predicate = json.loads(shown[shown.index("{") :])["predicate"]
    counted = {origin: share for origin, share in predicate["assurance"].items() if origin != "least"}
    files = sum(share["files"] for share in counted.values())
    return Row(
        server=server,
        files=files,
        octets=sum(share["bytes"] for share in counted.values()),
        shares={origin: share["files"] / files for origin, share in counted.items()},
        fetch_seconds=fetch,
        seal_seconds=seal,
        elsewhere="MATCH" if " MATCH " in printed else printed.strip()[-200:],
    )
