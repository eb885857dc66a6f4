"""Where the folders that ship with the package lie: `predicates`, `schemas`, `ci`; in a wheel and in a checkout."""

from __future__ import annotations

from pathlib import Path

from attest.errors import UnavailableError

_PACKAGE = Path(__file__).parent.parent


def folder(name: str) -> Path:
    """Return the shipped folder `name`, from the installed wheel if it is there, else from the checkout."""
    for candidate in (_PACKAGE / "_shipped" / name, _PACKAGE.parent / name):
        if candidate.is_dir():
            return candidate
    raise UnavailableError(f"folder {name}", "beside the installed package", "nothing", hint="reinstall mcp-attest")
