"""Byte code that `PYTHONPYCACHEPREFIX` sends to a directory of its own, and the source that each file is made from.

CPython (`importlib.util.cache_from_source`) keeps there, for `/usr/lib/x/NAME.py`, `PREFIX/usr/lib/x/NAME.TAG.pyc`: the
path of the source as it was imported, without `__pycache__`. It reads no byte code from anywhere else then.
"""

from __future__ import annotations

import os
import re
from typing import Final

from attest.measure.derivations.rule import CompileJob
from attest.statement.observation import Key

_COMPILED: Final = re.compile(
    r"(?P<folder>(?:.*/)?)(?P<name>[^/]+)\.cpython-[0-9]+t?(?:\.opt-(?P<level>[12]))?\.pyc", re.DOTALL
)
_IN_THE_MAKING: Final = re.compile(r"[^/]+\.pyc\.[0-9]+")


def source_path(path: str) -> str | None:
    """Return the absolute path of the source of a .pyc, `path` being relative to the directory; None if it has none."""
    match = _COMPILED.fullmatch(path)
    return f"/{match['folder']}{match['name']}.py" if match else None


def is_in_the_making(path: str) -> bool:
    """Return whether a file has the name under which CPython writes a .pyc before it renames it.

    Nothing is ever loaded under such a name, so that what such a file holds is nobody's business.
    """
    return _IN_THE_MAKING.fullmatch(os.path.basename(path)) is not None


def compile_job(compiled: Key, source: Key) -> CompileJob:
    """Return the question whether the .pyc `compiled` is what its source, which lies at the key `source`, makes."""
    match = _COMPILED.fullmatch(compiled[1])
    level = "" if match is None else match["level"]
    return CompileJob(source=source, compiled=compiled, optimize=int(level or 0))
