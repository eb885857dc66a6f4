"""Real installers, each as its user calls it, asking no index: pip, uv, `uv tool`, `uvx` and pipx.

Whatever one writes lies in the folder that it is given.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

UV = str(Path(sys.executable).with_name("uv"))
PIPX = str(Path(sys.executable).with_name("pipx"))
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check")


@dataclass(frozen=True, kw_only=True)
class Installation:
    """An environment, what it brings in from elsewhere, and what its user calls."""

    folder: Path
    """What its installer writes to lies in it."""
    prefix: Path
    command: tuple[str, ...]
    shared: Path | None = None

    @property
    def program(self) -> Path:
        """The script of the server in its environment."""
        return self.prefix / "bin/tiny-server"

    @property
    def trees(self) -> list[str]:
        """What to seal."""
        return [str(tree) for tree in (self.prefix, self.shared) if tree is not None]

    @property
    def roots(self) -> list[str]:
        """Where to measure what was sealed elsewhere."""
        return [word for name, tree in zip(("tree", "tree2"), self.trees, strict=False)
                for word in ("--root", f"{name}={tree}")]  # fmt: skip


def surroundings(folder: Path) -> dict[str, str]:
    """Keep what the installers write inside of a folder, and every index out of it."""
    places = {
        "PIPX_HOME": "pipx",
        "PIPX_BIN_DIR": "pipx-bin",
        "PIPX_MAN_DIR": "pipx-man",
        "UV_CACHE_DIR": "uv-cache",
        "UV_TOOL_BIN_DIR": "uv-bin",
        "UV_TOOL_DIR": "uv-tools",
    }
    offline = {
        "PIPX_DISABLE_SHARED_LIBS_AUTO_UPGRADE": "1",
        "PIP_NO_INDEX": "1",
        "UV_NO_CONFIG": "1",
        "UV_OFFLINE": "1",
        "UV_PYTHON_DOWNLOADS": "never",
    }
    return {**os.environ, **offline, **{name: str(folder / place) for name, place in places.items()}}


def run(folder: Path, *command: str | Path) -> subprocess.CompletedProcess[str]:
    words = [str(word) for word in command]
    return subprocess.run(
        words, cwd=folder, env=surroundings(folder), capture_output=True, text=True, timeout=600, check=False
    )


def done(folder: Path, *command: str | Path) -> str:
    ended = run(folder, *command)
    assert ended.returncode == 0, f"{command}\n{ended.stdout}{ended.stderr}"
    return ended.stdout


def in_environment(folder: Path, prefix: Path) -> Installation:
    return Installation(folder=folder, prefix=prefix, command=(str(prefix / "bin/tiny-server"),))


def by_pip(folder: Path, wheel: Path, *options: str) -> Installation:
    prefix = folder / "environment"
    done(folder, sys.executable, "-m", "venv", "--without-pip", *options, prefix)
    done(folder, *PIP, "--python", prefix / "bin/python", "install", "-q", wheel)
    return in_environment(folder, prefix)


def by_copies(folder: Path, wheel: Path) -> Installation:
    return by_pip(folder, wheel, "--copies")


def by_pip_inside(folder: Path, wheel: Path) -> Installation:
    prefix = folder / "environment"
    done(folder, sys.executable, "-m", "venv", prefix)
    done(folder, prefix / "bin/pip", "--disable-pip-version-check", "install", "-q", wheel)
    return in_environment(folder, prefix)


def by_uv_pip(folder: Path, wheel: Path, *options: str) -> Installation:
    prefix = folder / "environment"
    done(folder, UV, "venv", "-q", *options, "-p", sys.executable, prefix)
    done(folder, UV, "pip", "install", "-q", "-p", prefix / "bin/python", wheel)
    return in_environment(folder, prefix)


def by_uv_pip_to_be_moved(folder: Path, wheel: Path) -> Installation:
    before = by_uv_pip(folder, wheel, "--relocatable").prefix
    return in_environment(folder, before.rename(folder / "moved"))


def by_uv_tool(folder: Path, wheel: Path) -> Installation:
    done(folder, UV, "tool", "install", "-q", "-p", sys.executable, wheel)
    return Installation(
        folder=folder, prefix=folder / "uv-tools/tiny-server", command=(str(folder / "uv-bin/tiny-server"),)
    )


def by_uvx(folder: Path, wheel: Path, *options: str) -> Installation:
    called = (UV, "tool", "run", "-q", *options, "-p", sys.executable, "--from", str(wheel))
    prefix = done(folder, *called, "python", "-c", "import sys; print(sys.prefix)").strip()
    return Installation(folder=folder, prefix=Path(prefix), command=(*called, "tiny-server"))


def by_uvx_with_bytecode(folder: Path, wheel: Path) -> Installation:
    return by_uvx(folder, wheel, "--compile-bytecode")


def by_pipx(folder: Path, wheel: Path, backend: str = "uv") -> Installation:
    done(folder, PIPX, "install", "--backend", backend, "--python", sys.executable, wheel)
    shared = folder / "pipx/shared"
    return Installation(
        folder=folder,
        prefix=folder / "pipx/venvs/tiny-server",
        command=(str(folder / "pipx-bin/tiny-server"),),
        shared=shared if shared.exists() else None,
    )


def by_pipx_with_pip(folder: Path, wheel: Path) -> Installation:
    return by_pipx(folder, wheel, "pip")


Install = Callable[[Path, Path], Installation]
ALIKE: list[Install] = [
    by_pip,
    by_copies,
    by_uv_pip,
    by_uv_pip_to_be_moved,
    by_uv_tool,
    by_uvx,
    by_uvx_with_bytecode,
    by_pipx,
]
WITH_PIP: list[Install] = [by_pip_inside, by_pipx_with_pip]
