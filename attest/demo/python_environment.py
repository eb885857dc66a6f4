"""The demo's Python environments: wheels, pinned and hashed, and a virtual environment that they are installed into.

One holds `mcp-server-time` and the `mcp` package, which has the client of every server of the demo.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Final

from attest.demo.workshop import Workshop, last_line
from attest.errors import UnavailableError

REQUIREMENTS: Final = Path(__file__).with_name("requirements.txt")


def download(workshop: Workshop, to: Path) -> None:
    """Get the wheels; raise `UnavailableError` without a package index."""
    words = ["download", "--quiet", "--require-hashes", "--no-deps", "--only-binary", ":all:"]
    answer = workshop.run([*_pip(workshop), *words, "--requirement", str(REQUIREMENTS), "--dest", str(to)])
    if answer.code != 0:
        raise UnavailableError(
            "demo", "a package index that has mcp-server-time", last_line(answer.stderr), hint="check the network"
        )


def install(workshop: Workshop, wheels: Path, environment: Path) -> None:
    """Make a private environment and install the wheels of a directory into it."""
    workshop.must([sys.executable, "-m", "venv", "--without-pip", str(environment)])
    options = ["install", "--quiet", "--no-deps", "--no-index", "--no-compile"]
    archives = sorted(str(path) for path in wheels.glob("*.whl"))
    workshop.must([*_pip(workshop), "--python", str(python_of(environment)), *options, *archives])


def python_of(environment: Path) -> Path:
    """Return the environment's interpreter."""
    return environment / "bin" / "python"


def _pip(workshop: Workshop) -> list[str]:
    """Return pip of this interpreter; where it has none (`uvx`), one of an environment made for it."""
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-m", "pip"]
    tools = workshop.folder / "tools"
    if not tools.exists():
        workshop.must([sys.executable, "-m", "venv", str(tools)])
    return [str(python_of(tools)), "-m", "pip"]
