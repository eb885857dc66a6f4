"""Modules that an extra of the distribution brings: imported when first needed, or missing with what to install."""

from __future__ import annotations

import importlib
from typing import Any

from attest.errors import UnavailableError


def load_extra(module: str, extra: str, *, where: str) -> Any:  # noqa: ANN401  (a module that may be missing)
    """Return a module; raise `UnavailableError` with what to install where it is missing."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        hint = f"pip install 'mcp-attest[{extra}]'"
        raise UnavailableError(where, f"the extra '{extra}'", f"no module {module}", hint=hint) from error
