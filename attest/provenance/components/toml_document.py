"""A TOML document of somebody else, read strictly: bounded in size and depth; the language refuses duplicate keys."""

from __future__ import annotations

from typing import Any, Final

from attest.errors import MalformedError

MAX_TOML_BYTES: Final = 16 * 1024 * 1024
"""Real lock files stay below 5 MB; the reader takes a second for each."""

MAX_DEPTH: Final = 32


def read_toml(octets: bytes, *, where: str) -> dict[str, Any]:
    """Return the document as it is; raise `MalformedError` for anything else than TOML 1.0 in UTF-8."""
    import tomllib

    if len(octets) > MAX_TOML_BYTES:
        raise MalformedError(where, f"at most {MAX_TOML_BYTES} bytes", f"{len(octets)}")
    try:
        document = tomllib.loads(octets.decode("utf-8"))
    except RecursionError as error:
        raise MalformedError(where, f"nesting up to {MAX_DEPTH}", "deeper nesting") from error
    except (UnicodeDecodeError, ValueError) as error:
        raise MalformedError(where, "TOML in UTF-8", str(error)[:120]) from error
    _check_depth(document, where)
    return document


def _check_depth(document: dict[str, Any], where: str) -> None:
    level: list[Any] = [document]
    for _ in range(MAX_DEPTH):
        level = [
            below
            for item in level
            for below in (item.values() if isinstance(item, dict) else item)
            if isinstance(below, dict | list)
        ]
        if not level:
            return
    raise MalformedError(where, f"nesting up to {MAX_DEPTH}", "deeper nesting")
