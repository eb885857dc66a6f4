"""What the reader of any page has before him: a server, one installed from an index, its build's evidence, a client."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests import build_files, sigstore_world
from tests.index_server import pypi_pages, serve
from tests.tools_documents import SERVER
from tests.wheels import make_environment
from tests.world import make_component, make_sbom, make_wheel, subject_of

UNSEEN: Final = ("PYTHON", "PIP_", "UV_", "XDG_", "npm_")
"""How the machine that runs the tests is set up is nothing that a page may rest on."""


@dataclass(frozen=True, kw_only=True)
class World:
    """A folder to run commands in, and the environment to run them with."""

    folder: Path
    environment: dict[str, str]


def write_server(folder: Path) -> None:
    """Write a server in a shell, and the configuration of a client that starts it under the name `time`."""
    program = folder / "server/run.sh"
    program.parent.mkdir()
    program.write_text(SERVER)
    program.chmod(0o755)
    (folder / ".cursor").mkdir()
    configuration = {"mcpServers": {"time": {"command": str(program)}}}
    (folder / ".cursor/mcp.json").write_text(json.dumps(configuration, indent=2))


def write_build(folder: Path) -> Path:
    """Write a wheel and what its build left behind, by the workflow and at the tag of `tests.build_files`."""
    (folder / "dist").mkdir()
    wheel = make_wheel(folder / "dist", "my-server", "1.2.3", entry_points={"my-server": "my_server:main"})
    about = [subject_of(wheel)]
    attested = build_files.attested(build_files.statement(build_files.provenance(), subjects=about))
    (folder / "attestation.sigstore.json").write_bytes(attested)
    (folder / "sbom.cdx.json").write_bytes(make_sbom([make_component("my-server", "1.2.3", wheel.read_bytes())]))
    (folder / "root.json").write_text(json.dumps(sigstore_world.root_document()))
    return wheel


def publish(wheel: Path) -> bytes:
    """Return what PyPI keeps of a publication by the workflow that built the wheel."""
    said = build_files.statement(None, build_files.PYPI, [subject_of(wheel)])
    return build_files.pypi_file(sigstore_world.pypi_attestation(leaf=build_files.github_leaf(), payload=said))


def install(wheel: Path, environment: Path) -> None:
    """Install a wheel as its users do."""
    pip = (sys.executable, "-m", "pip", "--python", make_environment(environment) / "bin/python", "install", "-q")
    subprocess.run([*pip, "--no-index", "--no-deps", wheel], check=True, env={**os.environ, "PYTHONPATH": ""})


def write_stubs(folder: Path) -> Path:
    """Write commands that would change the machine, and do nothing here."""
    for name in ("systemctl",):
        stub = folder / "stubs" / name
        stub.parent.mkdir(exist_ok=True)
        stub.write_text("#!/bin/sh\n")
        stub.chmod(0o755)
    return folder / "stubs"


@contextmanager
def page_world(folder: Path, *, installed: bool) -> Iterator[World]:
    """Make the world of one page; with `installed`, what stands on a server from an index too."""
    write_server(folder)
    own = {name: text for name, text in os.environ.items() if not name.startswith(UNSEEN)}
    path = os.pathsep.join((str(write_stubs(folder)), str(Path(sys.executable).parent), own["PATH"]))
    environment = {**own, "PATH": path, "HOME": str(folder), "NO_COLOR": "1", "EDITOR": "true", "PWD": str(folder)}
    if not installed:
        yield World(folder=folder, environment=environment)
        return
    wheel = write_build(folder)
    install(wheel, folder / ".venv")
    pages: dict[str, tuple[str, bytes]] = {}
    with serve(pages) as address:
        pages.update(pypi_pages({wheel.name: ("my-server", wheel.read_bytes())}, {wheel.name: publish(wheel)}, address))
        pip = {"PIP_INDEX_URL": f"{address}/simple", "PIP_CONFIG_FILE": os.devnull, "PIP_NO_CACHE_DIR": "1"}
        yield World(folder=folder, environment=environment | pip)
