"""Node.js: one executable that holds its own library; nothing else on disk belongs to it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from attest.measure.runtimes.layout import Layout, RuntimeKind, find_in

_OUTSIDE: Final = "packages of the user: $HOME/.node_modules, $HOME/.node_libraries"


def recognises(program: Path) -> bool:
    """Return whether the executable is called like it; Debian's has a second name."""
    return program.name in {"node", "nodejs"}


def lay_out(program: Path) -> Layout:
    """Name it by its major version, which decides what modules of native code it loads."""
    version = find_in((program,), rb"node-v([0-9]+\.[0-9]+\.[0-9]+)-headers\.tar")
    prefix = program.parent.parent
    return Layout(
        name=f"node-{version.partition('.')[0]}" if version is not None else "node",
        version=version,
        purl=f"pkg:generic/node@{version}" if version is not None else None,
        prefix=str(prefix),
        # A global folder of modules, searched last (Node.js documentation, "Loading from the global folders").
        absent=(str(prefix / "lib" / "node"),) if not (prefix / "lib" / "node").exists() else (),
        outside=(_OUTSIDE,),
    )


RUNTIME: Final = RuntimeKind(name="node", recognises=recognises, lay_out=lay_out)
