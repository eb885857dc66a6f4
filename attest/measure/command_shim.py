"""The shell scripts by which pnpm starts commands: what they start, and with which NODE_PATH.

Parts of the text name places of this installation. Cut out, what is left is the same everywhere, and known by digest.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

MAX_SHIM_BYTES: Final = 64 * 1024

_TARGET: Final = re.compile(
    r"\"\$basedir(?:_abs|_win)?(?:/(?P<plain>[^\"$`\\\n]+)\"|\"/'(?P<quoted>[^'\\\n]+)') \"\$@\"|"
    r"^# cmd-shim-target=(?P<said>[^\n]+)$",
    re.MULTILINE,
)
_NODE_PATH: Final = re.compile(r"^  export NODE_PATH=(?P<value>.*)$", re.MULTILINE)
_INHERITED: Final = (':"$NODE_PATH"', ':$NODE_PATH"')
_RELATIVE: Final = re.compile(r"\"\$basedir_abs\"/'([^'\\\n]+)'")
_ABSOLUTE: Final = re.compile(r"\"(/[^\"$`\\\n]*)\"")


@dataclass(frozen=True, kw_only=True, slots=True)
class Shim:
    """What a script starts; places as they stand in it, relative ones from the script's own folder."""

    target: str
    node_path: tuple[str, ...]
    normal: str
    """The script without these places."""


def read_shim(octets: bytes) -> Shim | None:
    """Return what a script starts; None if it is no script of this kind.

    The target in all of its branches has to be the same one. Whether the rest of the text is known is not asked.
    """
    try:
        text = octets.decode("utf-8")
    except UnicodeDecodeError:
        return None
    targets = {found["plain"] or found["quoted"] or found["said"] for found in _TARGET.finditer(text)}
    values = {_without_inherited(found["value"]) for found in _NODE_PATH.finditer(text)}
    if not text.startswith("#!/bin/sh\n") or len(targets) != 1 or len(values) > 1 or "{" in "".join(targets | values):
        return None
    node_path = _places(next(iter(values))) if values else ()
    if node_path is None:
        return None
    target = next(iter(targets))
    normal = _NODE_PATH.sub(lambda found: f"  export NODE_PATH={{NODE_PATH}}{_inherited(found['value'])}", text)
    normal = _TARGET.sub(lambda found: found[0].replace(target, "{TARGET}"), normal)
    return Shim(target=target, node_path=node_path, normal=normal)


def _inherited(value: str) -> str:
    return next((ending for ending in _INHERITED if value.endswith(ending)), "")


def _without_inherited(value: str) -> str:
    ending = _inherited(value)
    quote = '"' if ending == _INHERITED[1] else ""
    return value.removesuffix(ending) + quote


def _places(value: str) -> tuple[str, ...] | None:
    relative = _RELATIVE.findall(value)
    if relative and ":".join(f"\"$basedir_abs\"/'{place}'" for place in relative) == value:
        return tuple(relative)
    absolute = _ABSOLUTE.fullmatch(value)
    return tuple(absolute[1].split(":")) if absolute else None
