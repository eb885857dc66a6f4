"""What has to be sealed of a server, told by the process that its command becomes; or why that cannot be told."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from attest.errors import RefusedError
from attest.measure.commands.invocation import Started
from attest.measure.ourselves import refuse_ourselves
from attest.scan.closures import closure_places
from attest.scan.executing import CONTAINERS

SHELLS: Final = frozenset({"sh", "bash", "dash", "zsh", "fish", "ksh", "pwsh"})
RUNNERS: Final = frozenset(
    ("Rscript", "bun", "bunx", "cargo", "conda", "deno", "direnv", "doas", "dotnet", "go", "java", "julia", "lua",
     "make", "mise", "nice", "nix", "nohup", "perl", "php", "pnpm", "poetry", "ruby", "ssh", "sudo", "timeout",
     "ts-node", "tsx", "xargs", "yarn")
)  # fmt: skip
"""Programs that run what one of their arguments names, in ways that are not known here."""

_SOURCES: Final = (".py", ".js", ".mjs", ".cjs", ".ts")
_BY_HAND: Final = "seal it by hand: attest seal TREE... --name NAME -- COMMAND, then attest wrap takes that"


def trees_of(started: Started, *, home: str) -> tuple[Path, ...]:
    """Return the directories and single files to seal; raise `RefusedError` with what to do where that is not enough.

    A script without a package is sealed with its folder if more code lies in it: it can load that.
    """
    refuse_others_code(started)
    trees = tuple(dict.fromkeys(_with_neighbours(place) for place in closure_places(started)))
    for tree in trees:
        if tree == Path(home) or tree in Path(home).parents:
            raise RefusedError(
                str(tree), "a folder of its own for what the server loads", "your home folder, or one above it"
            )
        refuse_ourselves(str(tree))
    return tuple(tree for tree in trees if not any(other in tree.parents for other in trees))


def refuse_others_code(started: Started) -> None:
    """Refuse a command whose code is somewhere else than in files that can be named."""
    name = Path(started.interpreter or started.argv[0]).name
    if name in CONTAINERS:
        raise RefusedError(
            "its command", "a server that runs here", f"a container, which {name} starts",
            hint="let attest run inside, beside the server: seal in the image what it starts",
        )  # fmt: skip
    if name in SHELLS and started.interpreter is None:
        raise RefusedError(
            "its command", "a server", f"{name}, which decides by itself what to start",
            hint="give the command itself, without a shell",
        )  # fmt: skip
    if name in RUNNERS:
        raise RefusedError("its command", "a server", f"{name}, which starts what its arguments name", hint=_BY_HAND)
    if not started.code:
        raise RefusedError("its command", "code in files", "code in an argument", hint="put it into a file")


def mutable_in(trees: Sequence[Path]) -> tuple[Path, ...]:
    """Return what changes in a working copy though no code is loaded from there."""
    return tuple(folder for tree in trees if (folder := tree / ".git").is_dir())


def _with_neighbours(place: Path) -> Path:
    if place.suffix not in _SOURCES or not place.is_file():
        return place
    others = [path for path in place.parent.iterdir() if path != place and _is_code(path)]
    return place.parent if others else place


def _is_code(path: Path) -> bool:
    return path.suffix in _SOURCES or (path / "__init__.py").is_file() or path.name in {"package.json", "node_modules"}
