"""The two real servers that everything is tried on: installed and sealed once a session, put back after each test.

The Python one runs on a copy of the interpreter inside its environment, the other on a node that is a sealed runtime.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from attest.demo import builder, python_environment
from attest.demo.servers import SERVERS
from attest.demo.servers.server import Server
from attest.demo.servers.server_filesystem import LOCK, PROJECT
from attest.demo.workshop import Workshop
from attest.errors import UnavailableError
from attest.fetch.client import run_client
from tests.attacks.talking import Talk, talking
from tests.commands import attest, passed
from tests.wheelhouse import demo_wheels

TRUST = ("--trust", "trust.json")
WITH_BYTE_CODE = {"PYTHONDONTWRITEBYTECODE": ""}
"""As servers are started by everybody else."""


@dataclass(frozen=True, kw_only=True)
class Victim:
    """A server that is installed and sealed in `folder`, and what an attacker has to know of it."""

    name: str
    folder: Path
    command: tuple[str, ...]
    """What the kernel is given: for the Python one a script, for the other an interpreter and a script."""
    executable: Path
    """The program that runs, a file of the victim's own."""
    entry: Path
    """The script that the command names."""
    module: Path
    """A source that the server has loaded once it has answered."""
    references: tuple[str, ...]
    tool: str
    arguments: dict[str, str] = field(default_factory=dict)

    @property
    def tree(self) -> Path:
        """What is sealed."""
        return self.folder / "server"

    @property
    def is_python(self) -> bool:
        """The other one runs on node."""
        return self.name == "time"

    @contextmanager
    def running(
        self,
        *,
        command: tuple[str, ...] = (),
        environment: dict[str, str] | None = None,
        executable: str | None = None,
        descriptors: tuple[int, ...] = (),
    ) -> Iterator[Talk]:
        """Start the server and call its tool: what it loads for that is loaded. End it at the end."""
        words = command or self.command
        with talking(words, self.folder, environment or {}, executable=executable, descriptors=descriptors) as talk:
            talk.initialise()
            talk.call(self.tool, self.arguments)
            yield talk


@contextmanager
def kept(*paths: Path) -> Iterator[None]:
    """Put files back at the end, with times and modes; what is not there now is removed."""
    with tempfile.TemporaryDirectory() as store:
        for number, path in enumerate(paths):
            if path.exists():
                shutil.copy2(path, Path(store, str(number)), follow_symlinks=False)
        try:
            yield
        finally:
            for number, path in enumerate(paths):
                path.unlink(missing_ok=True)
                if Path(store, str(number)).exists():
                    shutil.copy2(Path(store, str(number)), path)


def install(name: str, folders: pytest.TempPathFactory) -> Victim:
    """Install a server in an empty folder, and seal it with the evidence of a played builder."""
    workshop = Workshop(folder=folders.mktemp(name).resolve())
    if name == "time":
        return _install_time(workshop, SERVERS[name], demo_wheels(folders))
    return _install_filesystem(workshop, SERVERS[name])


def _install_time(workshop: Workshop, server: Server, wheels: Sequence[Path]) -> Victim:
    workshop.archives.mkdir()
    for wheel in wheels:
        shutil.copy(wheel, workshop.archives)
    _must(workshop, sys.executable, "-m", "venv", "--without-pip", "--copies", workshop.server)
    python = python_environment.python_of(workshop.server)
    options = ("install", "--quiet", "--no-deps", "--no-index", "--no-compile")
    _must(workshop, sys.executable, "-m", "pip", "--python", python, *options, *wheels)
    (command,) = server.command(workshop)
    victim = Victim(
        name=server.name,
        folder=workshop.folder,
        command=(command,),
        executable=python,
        entry=Path(command),
        module=next(workshop.server.glob("lib/python*/site-packages/mcp_server_time/server.py")),
        references=("server.ref",),
        tool=server.tool,
        arguments=dict(server.arguments),
    )
    with victim.running(environment=WITH_BYTE_CODE):
        # What byte code is there when it is sealed need not be compiled again in every run.
        pass
    # Attacks on a module are then the same on both servers; that on byte code brings its own.
    shutil.rmtree(victim.module.parent / "__pycache__")
    _seal(workshop, server, "--", command)
    return victim


def _install_filesystem(workshop: Workshop, server: Server) -> Victim:
    """Install with npm; of its hundred packages only the server's own is tied to evidence, which is much quicker."""
    from attest.fetch.fetch import pack_locked, wanted_in

    folder = workshop.folder
    workshop.archives.mkdir()
    workshop.server.mkdir()
    locked = wanted_in(LOCK.read_bytes(), LOCK.name)
    pack_locked([each for each in locked if each.name == server.package], workshop.archives)
    for file in (PROJECT, LOCK):
        shutil.copyfile(file, workshop.server / file.name)
    words = ["npm", "ci", "--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund"]
    run_client(words, workshop.server, hint="")
    (folder / "files").mkdir()
    node = folder / "runtime/bin/node"
    node.parent.mkdir(parents=True)
    shutil.copy2(str(shutil.which("node")), node)
    command = (str(node), *server.command(workshop)[1:])
    _seal(workshop, server, "--runtime", "node.ref", "--allow-site", "*", "--", *command, runtime_of=node)
    return Victim(
        name=server.name,
        folder=folder,
        command=command,
        executable=node,
        entry=Path(command[1]),
        module=Path(command[1]).with_name("path-validation.js"),
        references=("server.ref", "node.ref"),
        tool=server.tool,
    )


def _seal(workshop: Workshop, server: Server, *words: str, runtime_of: Path | None = None) -> None:
    """Make keys, evidence and references; the action on drift is `alert`, so that a test can look on."""
    folder = workshop.folder
    for role in ("builder", "sealer", "writer"):
        passed(attest(folder, "key", "new", f"{role}.key"))
    (own,) = workshop.archives.glob(server.own)
    archives = sorted(path for path in workshop.archives.iterdir() if path != own)
    (folder / "provenance.json").write_bytes(builder.sign_provenance(folder / "builder.key", own))
    (folder / "sbom.json").write_bytes(builder.sign_sbom(folder / "builder.key", [own, *archives]))
    roles = ("--sealer", "sealer.key.pub", "--writer", "writer.key.pub")
    played = ("--builder", f"{builder.BUILDER_ID}=builder.key.pub@1", "--source", builder.SOURCE)
    passed(attest(folder, "trust", "new", "trust.json", *roles, *played))
    key = (*TRUST, "--key", "sealer.key")
    if runtime_of is not None:
        passed(attest(folder, "seal", "--runtime-of", str(runtime_of), *key, "--allow-site", "*", "-o", "node.ref"))
    evidence = ("--evidence", "archives", "--provenance", "provenance.json", "--sbom", "sbom.json")
    passed(attest(folder, "seal", "server", *key, *evidence, "--cycle", "1", "-o", "server.ref", *words))


def _must(workshop: Workshop, *words: str | Path) -> None:
    answer = workshop.run([str(word) for word in words])
    if answer.code != 0:
        raise UnavailableError(str(words[0]), "exit code 0", answer.stderr[-500:])
