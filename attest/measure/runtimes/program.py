"""Any other program: the executable and the libraries it is linked to, such as a shell that runs a script."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from attest.measure.runtimes.layout import Layout, RuntimeKind


def lay_out(program: Path) -> Layout:
    """Name it after its file; what else it reads is not known."""
    return Layout(
        name=program.name,
        prefix=str(program.parent),
        outside=(f"what {program.name} loads beside the libraries that it is linked to",),
    )


RUNTIME: Final = RuntimeKind(name="program", recognises=lambda _program: True, lay_out=lay_out)
