"""Runtime evidence for MCP servers: what runs now is what was built, and every call was governed.

The public names stand here, loaded only when they are asked for (PEP 562); everything else is in the rooms below,
each of which tells its rules in its own docstring.
"""

from __future__ import annotations

import importlib

_PUBLIC = {
    "AttestError": "attest.errors",
    "MalformedError": "attest.errors",
    "RefusedError": "attest.errors",
    "UnavailableError": "attest.errors",
    "UntrustedError": "attest.errors",
}

__all__ = ["AttestError", "MalformedError", "RefusedError", "UnavailableError", "UntrustedError"]


def __getattr__(name: str) -> object:
    if name == "__version__":
        from attest.version import VERSION

        return VERSION
    if name in _PUBLIC:
        return getattr(importlib.import_module(_PUBLIC[name]), name)
    msg = f"module 'attest' has no attribute {name!r}"
    raise AttributeError(msg)
